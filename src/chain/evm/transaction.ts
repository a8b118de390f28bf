// Decodes unsigned EVM transactions, strictly: every byte of a decoded transaction is accounted for.
import { fromRlp, toRlp } from 'viem/utils';
import { MalformedError } from '../finding.js';
import { toHex } from '../hex.js';

/** What an unsigned transaction says. Amounts are in wei; addresses are `0x` and 40 lower-case hex digits. */
export interface EvmTransaction {
  readonly form: Form;
  /** Absent before EIP-155: such a transaction is valid on every chain. */
  readonly chainId?: bigint;
  readonly nonce: bigint;
  readonly gasLimit: bigint;
  /** The most that it pays for a unit of gas: `gasPrice`, or `maxFeePerGas`. */
  readonly gasPrice: bigint;
  /** Absent if it creates a contract. */
  readonly to?: string;
  readonly value: bigint;
  readonly data: Buffer;
  /** The contracts that accounts delegate to (EIP-7702); empty for the other forms. */
  readonly delegates: readonly string[];
}

type Form = 'legacy' | 'eip155' | 'eip2930' | 'eip1559' | 'eip7702';

/** An item of RLP: bytes, or a list of items. */
type Item = Uint8Array | readonly Item[];

/**
 * The fields of each form, in order, as they are signed: Yellow Paper, appendix L (`legacy`), EIP-155, EIP-2930,
 * EIP-1559, EIP-7702. In EIP-155, the chain id and two zeros stand where the signature comes.
 */
const FIELDS = {
  legacy: ['nonce', 'gasPrice', 'gasLimit', 'to', 'value', 'data'],
  eip155: ['nonce', 'gasPrice', 'gasLimit', 'to', 'value', 'data', 'chainId', 'r', 's'],
  eip2930: ['chainId', 'nonce', 'gasPrice', 'gasLimit', 'to', 'value', 'data', 'accessList'],
  eip1559: [
    ...(['chainId', 'nonce', 'maxPriorityFeePerGas', 'maxFeePerGas', 'gasLimit'] as const),
    ...(['to', 'value', 'data', 'accessList'] as const),
  ],
  eip7702: [
    ...(['chainId', 'nonce', 'maxPriorityFeePerGas', 'maxFeePerGas', 'gasLimit'] as const),
    ...(['to', 'value', 'data', 'accessList', 'authorizationList'] as const),
  ],
} as const satisfies Record<Form, readonly string[]>;

type Field = (typeof FIELDS)[Form][number];

/** By the first byte (EIP-2718). 0x03, blob transactions (EIP-4844), is not among the forms that are documented. */
const TYPES: Readonly<Record<number, Form>> = { 0x01: 'eip2930', 0x02: 'eip1559', 0x04: 'eip7702' };
/** RLP lists start here: a legacy transaction is a list without a type. */
const FIRST_LIST = 0xc0;

/** No network accepts larger transactions: 128 KiB in go-ethereum and its kin, without the signature. */
const MAX_BYTES = 128 * 1024;

/** Whether the first byte is one of the forms that this decoder knows. */
export function isKnownForm(rawTx: Buffer): boolean {
  const first = rawTx[0] ?? 0;
  return first >= FIRST_LIST || TYPES[first] !== undefined;
}

/**
 * @returns `undefined` for an unknown form: another type, a list with another number of fields (Celo and Kaia have
 *   such), or more bytes than any network accepts
 * @throws {MalformedError} if it begins like a known form, but is not exactly one
 */
export function decodeTransaction(rawTx: Buffer): EvmTransaction | undefined {
  if (!isKnownForm(rawTx) || rawTx.length > MAX_BYTES) return undefined;
  const type = TYPES[rawTx[0] ?? 0];
  const bytes = type === undefined ? rawTx : rawTx.subarray(1);
  const items = decodeRlp(bytes);
  const form = type ?? legacyForm(items.length);
  if (form === undefined) return undefined;
  if (items.length !== FIELDS[form].length) {
    throw new MalformedError(`it has ${items.length} fields, but its type has ${FIELDS[form].length}`);
  }
  const transaction = read(form, items);
  // Confirms that nothing was skipped or read leniently.
  if (Buffer.compare(toRlp([...items] as Parameters<typeof toRlp>[0], 'bytes'), bytes) !== 0) {
    throw new MalformedError('its bytes are not those of its fields');
  }
  return transaction;
}

function legacyForm(fields: number): Form | undefined {
  if (fields === FIELDS.legacy.length) return 'legacy';
  return fields === FIELDS.eip155.length ? 'eip155' : undefined;
}

function decodeRlp(bytes: Buffer): readonly Item[] {
  let item: Item;
  try {
    item = fromRlp(bytes, 'bytes');
  } catch (error) {
    // The first line says what is wrong; the others describe viem.
    const [what = ''] = error instanceof Error ? error.message.split('\n') : [];
    throw new MalformedError(`it is not canonical RLP: ${what}`);
  }
  return listOf(item, 'the transaction');
}

function read(form: Form, items: readonly Item[]): EvmTransaction {
  const fields: readonly Field[] = FIELDS[form];
  const has = (field: Field): boolean => fields.includes(field);
  const at = (field: Field): Item | undefined => items[fields.indexOf(field)];
  const integer = (field: Field, maxBytes = 32): bigint => integerOf(at(field), field, maxBytes);
  for (const field of ['r', 's'] as const) {
    if (has(field) && integer(field) !== 0n)
      throw new MalformedError(`its field ${field} is not 0 (EIP-155)`);
  }
  if (has('maxPriorityFeePerGas')) integer('maxPriorityFeePerGas');
  if (has('accessList')) checkAccessList(at('accessList'));
  const isCreation = bytesOf(at('to'), 'to').length === 0 && !has('authorizationList');
  return {
    form,
    ...(has('chainId') && { chainId: integer('chainId') }),
    // EIP-2681 limits nonces to 64 bits; go-ethereum does so with gas.
    nonce: integer('nonce', 8),
    gasLimit: integer('gasLimit', 8),
    gasPrice: integer(has('gasPrice') ? 'gasPrice' : 'maxFeePerGas'),
    ...(!isCreation && { to: addressOf(at('to'), 'to') }),
    value: integer('value'),
    data: toBuffer(bytesOf(at('data'), 'data')),
    delegates: has('authorizationList') ? delegatesOf(at('authorizationList')) : [],
  };
}

/** EIP-2930: `[[address, [storageKey, …]], …]` */
function checkAccessList(item: Item | undefined): void {
  for (const entry of listOf(item, 'accessList')) {
    const [address, keys] = tupleOf(entry, 2, 'accessList');
    addressOf(address, 'accessList');
    for (const key of listOf(keys, 'accessList')) {
      const { length } = bytesOf(key, 'a storage key of accessList');
      if (length !== 32) throw new MalformedError(`a storage key of accessList has ${length} bytes, not 32`);
    }
  }
}

/** EIP-7702: `[[chainId, address, nonce, yParity, r, s], …]` */
function delegatesOf(item: Item | undefined): readonly string[] {
  return listOf(item, 'authorizationList').map((entry) => {
    const [chainId, address, nonce, yParity, r, s] = tupleOf(entry, 6, 'authorizationList');
    for (const [value, maxBytes] of [
      [chainId, 32],
      [nonce, 8],
      [yParity, 1],
      [r, 32],
      [s, 32],
    ] as const) {
      integerOf(value, 'authorizationList', maxBytes);
    }
    return addressOf(address, 'authorizationList');
  });
}

function listOf(item: Item | undefined, name: string): readonly Item[] {
  if (item === undefined || isBytes(item)) throw new MalformedError(`${name} is not a list`);
  return item;
}

function tupleOf(item: Item, length: number, name: string): readonly Item[] {
  const tuple = listOf(item, `an entry of ${name}`);
  if (tuple.length === length) return tuple;
  throw new MalformedError(`an entry of ${name} has ${tuple.length} fields, not ${length}`);
}

function bytesOf(item: Item | undefined, name: string): Uint8Array {
  if (item === undefined || !isBytes(item)) throw new MalformedError(`${name} is a list`);
  return item;
}

function isBytes(item: Item): item is Uint8Array {
  return item instanceof Uint8Array;
}

function addressOf(item: Item | undefined, name: string): string {
  const bytes = bytesOf(item, name);
  if (bytes.length === 20) return toHex(toBuffer(bytes));
  throw new MalformedError(`the address in ${name} has ${bytes.length} bytes, not 20`);
}

function integerOf(item: Item | undefined, name: string, maxBytes: number): bigint {
  const bytes = bytesOf(item, name);
  if (bytes[0] === 0) throw new MalformedError(`the integer in ${name} has a leading zero`);
  if (bytes.length > maxBytes)
    throw new MalformedError(`the integer in ${name} is longer than ${maxBytes} bytes`);
  return bytes.length === 0 ? 0n : BigInt(toHex(toBuffer(bytes)));
}

/** The same memory as a Buffer. */
function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
