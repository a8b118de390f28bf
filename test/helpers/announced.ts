// Announced transactions, proofs and decisions that know them, for tests.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import canonicalize from 'canonicalize';
import { type Memory, NO_MEMORY } from '../../src/policy/evaluate/memory.js';
import { decideBy, type Policy, signedBy } from '../../src/policy/evaluate/rules.js';
import { type Payload, policyOf, type PolicyParts, request } from './policy.js';

export const NOW = new Date('2026-11-26T12:00:00Z');
export const ALICE = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
export const BOB = '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359';
/** The transaction that tests ask about. */
export const SUBJECT = 'transaction:t-1';

/** As a customer's system stores it. */
export const ANNOUNCED = {
  externalTxId: 'payout-1',
  asset: 'ETH',
  amount: '3',
  destinations: [
    { address: ALICE, amount: '1' },
    { address: BOB, amount: '2' },
  ],
};

/** An approval request for that transaction. */
export const ANNOUNCED_REQUEST: Payload = {
  txId: 't-1',
  externalTxId: 'payout-1',
  operation: 'TRANSFER',
  sourceType: 'VAULT',
  sourceId: '7',
  asset: 'ETH',
  amountStr: '3',
  requestedAmountStr: '3.000',
  destinations: [
    { amountNativeStr: '2.0', dstAddress: BOB.toLowerCase() },
    { amountNativeStr: '1', dstAddress: ALICE },
  ],
};

export function memoryOf(parts: Partial<Memory> = {}): Memory {
  return { ...NO_MEMORY, subject: SUBJECT, ...parts };
}

/** The memory that holds announcements. @param usedBy the transaction that used them */
export function remembering(items: readonly object[], usedBy?: string): Memory {
  const expected = items.map((item) => {
    const { externalTxId, txId } = item as Readonly<Record<string, unknown>>;
    return { id: String(externalTxId ?? txId), data: JSON.stringify(item), usedBy };
  });
  return memoryOf({ expected });
}

/** Compiled once, because that takes most of the time. */
const policies = new Map<string, Policy>();
function policyFor(when: string, parts: PolicyParts): Policy {
  const key = JSON.stringify([when, parts]);
  const policy = policies.get(key) ?? policyOf(when, parts);
  policies.set(key, policy);
  return policy;
}

/** @returns whether the rule matches, or why it can't be evaluated */
export function evaluateWith(
  when: string,
  payload: Payload,
  memory: Memory | undefined,
  { now = NOW, ...parts }: PolicyParts & { readonly now?: Date } = {},
): boolean | string {
  const policy = policyFor(when, parts);
  const asked = request(payload);
  const { ruleError, rule } = decideBy(policy, asked, now, signedBy(policy, asked), Infinity, memory);
  return ruleError ?? rule === 'rule';
}

/** What an initiator signs for ANNOUNCED_REQUEST. */
export const MESSAGE = {
  initiator: 'payouts',
  externalTxId: 'payout-1',
  expires: '2026-11-27T12:00:00Z',
  operation: 'TRANSFER',
  source: { type: 'VAULT', id: '7' },
  asset: 'ETH',
  amount: '3',
  destinations: ANNOUNCED.destinations,
};

export interface TestInitiator {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** As a policy names it. */
  readonly pem: string;
}

export function initiator(type: 'ed25519' | 'ec' | 'rsa' = 'ed25519'): TestInitiator {
  const { privateKey, publicKey } =
    type === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : type === 'ec'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { privateKey, publicKey, pem: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}

/** The fields of `extraParameters` that prove a message. */
export function proof({ privateKey }: TestInitiator, message: unknown): Payload {
  const text = typeof message === 'string' ? message : (canonicalize(message) ?? '');
  const algorithm = privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return {
    message: text,
    extraSignature: sign(algorithm, Buffer.from(text), privateKey).toString('base64'),
  };
}
