// Real decisions with real signatures, recorded: what an audit verifies.
import { createHash } from 'node:crypto';
import pino from 'pino';
import { type Payload, signToken } from '../../cli/cosigner/request.js';
import { DecisionMemory, type Exchange } from '../../src/memory/decide.js';
import { Keeper } from '../../src/memory/keeper.js';
import { decideBy, type Policy } from '../../src/policy/evaluate/rules.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import { importCallbackKey, importCosignerKeys } from '../../src/protocol/key.js';
import { parseRequest } from '../../src/protocol/request.js';
import { signAnswer } from '../../src/protocol/sign-answer.js';
import type { Blobs } from '../../src/store/blobs.js';
import { createJournal, type OwnJournal } from '../../src/store/create-journal.js';
import type { Table } from '../../src/store/table.js';
import { type Pair, p256Pair, rsaPair } from '../../test/helpers/keys.js';

/** Approves small amounts within a limit, rejects large ones, and has no answer to others yet. */
const POLICY = `version: 1
limits:
  daily: { amount: tx.amount, per: [tx.sourceId], window: 24h, max: "1000000000" }
rules:
  - { id: small, for: transaction, when: 'tx.amount < decimal("100")', action: approve }
  - { id: large, for: transaction, when: 'tx.amount > decimal("1000")', action: reject, reason: Too large. }
otherwise: retry
`;

export interface RecordedOptions {
  readonly table: Table;
  readonly blobs: Blobs;
  /** Unix time in ms. @default the real time */
  readonly now?: () => number;
  readonly policy?: Policy;
  readonly keys?: { readonly cosigner: Pair; readonly callback: Pair };
}

/** A process that decides, and records its decisions. */
export interface Recorded {
  readonly journal: OwnJournal;
  readonly keys: { readonly cosigner: Pair; readonly callback: Pair };
  decide(payload: Payload): Promise<void>;
}

export function recorded({ table, blobs, now = Date.now, ...options }: RecordedOptions): Recorded {
  const { keys = { cosigner: rsaPair(), callback: p256Pair() }, policy = parsePolicy(POLICY, 'test') } =
    options;
  const [cosignerKey] = importCosignerKeys(keys.cosigner.publicPem);
  const callbackKey = importCallbackKey(keys.callback.privatePem);
  const start = { type: 'start', at: '', version: '1.2.3', task: 'test' } as const;
  const journal = createJournal({ table, blobs, start, retentionSeconds: 400 * 86_400, now });
  const memory = new DecisionMemory({
    ...{ table, journal, keeper: new Keeper(blobs, 400), retentionDays: 400, origin: undefined },
    log: pino({ level: 'silent' }),
    loss: { isLost: false, report: () => undefined },
    policy: { current: policy },
    emergency: () => undefined,
    decideBy: (used, request, at, known, signed) => decideBy(used, request, at, signed, Infinity, known),
    now: () => new Date(now()),
  });
  return {
    journal,
    keys,
    async decide(payload) {
      const exchange: Exchange = {
        ...{ auth: 'jwt', body: signToken(payload, keys.cosigner.privateKey), cosignerKey, callbackKey },
        encode: (answer) => signAnswer(answer, callbackKey),
        deadline: Infinity,
      };
      await memory.decide(parseRequest(payload), exchange);
    },
  };
}

/** The request that has a number: of each ten, eight are approved, one is rejected, and one is answered RETRY. */
export function numberedPayload(number: number): Payload {
  const id = createHash('sha256').update(`request ${number}`).digest('hex').slice(0, 32);
  const amount = number % 10 === 8 ? '5000' : number % 10 === 9 ? '500' : String(1 + (number % 7));
  return {
    ...{ requestId: id, txId: id, operation: 'TRANSFER', asset: 'COIN', amountStr: amount },
    ...{ sourceType: 'VAULT', sourceId: String(number % 1000), signerId: 'signer', note: 'an invoice' },
    destinations: [
      { amountNativeStr: amount, dstAddress: `somewhere ${number % 50}`, dstAddressType: 'WHITELISTED' },
    ],
  };
}
