// The effects of transactions of a Safe, and of the batches that a Safe makes with the MultiSend contracts.
import type { Effects } from '../facts.js';
import {
  addressAt,
  type Arguments,
  bytesAt,
  combine,
  incomplete,
  integerAt,
  type Scope,
  UNREADABLE,
} from './effects.js';

const CALL = 0;
const DELEGATECALL = 1;

/**
 * Official deployments of MultiSend and MultiSendCallOnly (github.com/safe-global/safe-deployments), the only contracts
 * of which it is known what they do as a library of a Safe.
 */
const MULTI_SEND: ReadonlySet<string> = new Set([
  // 1.3.0
  '0xa238cbeb142c10ef7ad8442c6d1f9e89e07e7761',
  '0x40a2accbd92bca938b02010e17a5b8929b49130d',
  // 1.3.0, on chains that demand EIP-155
  '0x998739bfdaadde7c933b942a68053933098f9eda',
  '0xa1dabef33b3b82c7814b6d82a79e50f4ac44102b',
  // 1.4.1
  '0x38869bf66a61cf6bdb996a6ae40d5853fd43b526',
  '0x9641d764fc13c8b624c04430c7356c1c7c8102e2',
]);
/** Selector of `multiSend(bytes)`. */
const MULTI_SEND_SELECTOR = 0x8d80ff0a;

export interface SafeTransaction {
  /** The Safe. */
  readonly safe: string;
  readonly to: string;
  readonly value: bigint;
  readonly data: Buffer;
  readonly operation: bigint;
  /** If it is not zero, the Safe pays the relayer an amount that is not known in advance. */
  readonly gasPrice: bigint;
}

/** `execTransaction(to, value, data, operation, safeTxGas, baseGas, gasPrice, …)` */
export function execTransaction(values: Arguments, scope: Scope): Effects {
  const transaction = { ...moduleTransaction(values, scope), gasPrice: integerAt(values, 6) };
  return safeEffects(transaction, scope);
}

/** `execTransactionFromModule(to, value, data, operation)` */
export function execFromModule(values: Arguments, scope: Scope): Effects {
  return safeEffects(moduleTransaction(values, scope), scope);
}

function moduleTransaction(values: Arguments, { contract }: Scope): SafeTransaction {
  return {
    safe: contract,
    to: addressAt(values, 0),
    value: integerAt(values, 1),
    data: bytesAt(values, 2),
    operation: integerAt(values, 3),
    gasPrice: 0n,
  };
}

export function safeEffects(transaction: SafeTransaction, scope: Scope): Effects {
  const { safe, to, value, data, operation, gasPrice } = transaction;
  const effects =
    operation === BigInt(CALL)
      ? scope.callInside({ to, value, data, sender: safe })
      : operation === BigInt(DELEGATECALL) && MULTI_SEND.has(to)
        ? delegatedBatch(data, safe, scope)
        : UNREADABLE;
  return gasPrice === 0n ? effects : incomplete(effects);
}

/** MultiSend runs in the place of the Safe, so that the Safe makes the calls. */
function delegatedBatch(data: Buffer, safe: string, scope: Scope): Effects {
  if (data.length < 4 || data.readUInt32BE(0) !== MULTI_SEND_SELECTOR) return UNREADABLE;
  // A batch is read like a call to it by the Safe whose calls are the Safe's own.
  return scope.callInside({ to: safe, value: 0n, data, sender: safe });
}

/** `multiSend(transactions)`: the calls are those of the contract that runs it. */
export function multiSend(values: Arguments, scope: Scope): Effects {
  const entries = unpack(bytesAt(values, 0));
  if (entries === undefined) return UNREADABLE;
  const sender = scope.contract;
  return combine(
    entries.map(({ operation, to, value, data }) => {
      if (operation === CALL) return scope.callInside({ to, value, data, sender });
      // A batch inside a batch is rare; MultiSendCallOnly refuses it.
      return UNREADABLE;
    }),
  );
}

/** Operation (1 byte), recipient (20), value (32) and length of the data (32), which precede the data. */
const HEADER = 85;

/** @returns `undefined` unless the entries fill the bytes exactly */
function unpack(packed: Buffer) {
  const entries = [];
  let at = 0;
  while (at < packed.length) {
    if (packed.length - at < HEADER) return undefined;
    const length = BigInt(`0x${packed.toString('hex', at + 53, at + HEADER)}`);
    if (length > BigInt(packed.length - at - HEADER)) return undefined;
    const end = at + HEADER + Number(length);
    entries.push({
      operation: packed.readUInt8(at),
      to: `0x${packed.toString('hex', at + 1, at + 21)}`,
      value: BigInt(`0x${packed.toString('hex', at + 21, at + 53)}`),
      data: packed.subarray(at + HEADER, end),
    });
    at = end;
  }
  return entries;
}
