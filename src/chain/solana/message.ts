// Decodes a Solana message strictly. Each value has one encoding and every byte is read, so that no other bytes decode to
// the same message.
// https://solana.com/docs/core/transactions (structure), https://solana.com/docs/references/terminology (compact-u16)
import { base58 } from '@scure/base';
import { MalformedError } from '../finding.js';

/** A transaction, with its signatures, fits into one packet. */
const MAX_LENGTH = 1232;
const VERSIONED = 0x80;
const KEY_LENGTH = 32;

export interface Account {
  /** Base58; for an account in a lookup table, which the message does not show, the table and the index: `Ab…[3]`. */
  readonly address: string;
  readonly isLookedUp: boolean;
  readonly isSigner: boolean;
  readonly isWritable: boolean;
}

export interface Instruction {
  readonly program: Account;
  readonly accounts: readonly Account[];
  readonly data: Buffer;
}

export interface Message {
  readonly signatures: number;
  readonly payer: string;
  readonly instructions: readonly Instruction[];
  /** An account beside the payer that no instruction uses; compilers of messages leave it out. */
  readonly unusedAccount?: string;
}

/**
 * @returns `undefined` for a version that is not known
 * @throws {MalformedError}
 */
export function decodeMessage(bytes: Buffer): Message | undefined {
  if (bytes.length > MAX_LENGTH) {
    throw new MalformedError(`it has ${bytes.length} bytes, but a transaction has at most ${MAX_LENGTH}`);
  }
  const reader = new Reader(bytes);
  const isVersioned = (bytes[0] ?? 0) >= VERSIONED;
  if (isVersioned && reader.byte() !== VERSIONED) return undefined;
  const [signatures, readonlySigners, readonlyOthers] = [reader.byte(), reader.byte(), reader.byte()];
  const keys = reader.list(() => base58.encode(reader.take(KEY_LENGTH)));
  if (readonlySigners >= signatures || signatures + readonlyOthers > keys.length) {
    throw new MalformedError(`its header does not fit ${keys.length} accounts`);
  }
  if (new Set(keys).size !== keys.length) throw new MalformedError('it lists an account twice');
  reader.take(KEY_LENGTH); // The recent blockhash, or the value of a durable nonce.
  const compiled = reader.list(() => readInstruction(reader));
  const lookedUp = isVersioned ? readLookups(reader) : [];
  reader.end();

  const accounts = [
    ...keys.map((address, index): Account => {
      const isSigner = index < signatures;
      const isWritable = isSigner
        ? index < signatures - readonlySigners
        : index < keys.length - readonlyOthers;
      return { address, isLookedUp: false, isSigner, isWritable };
    }),
    ...lookedUp,
  ];
  const instructions = compiled.map((instruction) => link(instruction, accounts));
  const used = new Set([0, ...compiled.flatMap(({ program, accounts: indexes }) => [program, ...indexes])]);
  const unusedAccount = keys.find((_, index) => !used.has(index));
  return {
    ...{ signatures, payer: keys[0] ?? '', instructions },
    ...(unusedAccount !== undefined && { unusedAccount }),
  };
}

interface CompiledInstruction {
  readonly program: number;
  readonly accounts: Buffer;
  readonly data: Buffer;
}

function readInstruction(reader: Reader): CompiledInstruction {
  return { program: reader.byte(), accounts: reader.bytes(), data: reader.bytes() };
}

/** All writable accounts come before the read-only ones. */
function readLookups(reader: Reader): readonly Account[] {
  const tables = reader.list(() => {
    const table = base58.encode(reader.take(KEY_LENGTH));
    const [writable, readOnly] = [reader.bytes(), reader.bytes()];
    if (writable.length + readOnly.length === 0) throw new MalformedError('it has an empty table lookup');
    return { table, writable, readOnly };
  });
  const account = (table: string, index: number, isWritable: boolean): Account => ({
    address: `${table}[${index}]`,
    isLookedUp: true,
    isSigner: false,
    isWritable,
  });
  return [
    ...tables.flatMap(({ table, writable }) => Array.from(writable, (index) => account(table, index, true))),
    ...tables.flatMap(({ table, readOnly }) => Array.from(readOnly, (index) => account(table, index, false))),
  ];
}

/** Programs are never the payer, and never in a lookup table. */
function link({ program, accounts, data }: CompiledInstruction, all: readonly Account[]): Instruction {
  const at = (index: number): Account => {
    const account = all[index];
    if (account === undefined) {
      throw new MalformedError(`an instruction uses account ${index} of ${all.length}`);
    }
    return account;
  };
  if (program === 0 || at(program).isLookedUp) {
    throw new MalformedError(`account ${program} can’t be a program`);
  }
  return { program: at(program), accounts: Array.from(accounts, at), data };
}

class Reader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  take(length: number): Buffer {
    const taken = this.#bytes.subarray(this.#position, this.#position + length);
    if (taken.length < length) throw new MalformedError(`it ends after ${this.#bytes.length} bytes`);
    this.#position += length;
    return taken;
  }

  byte(): number {
    return this.take(1).readUInt8();
  }

  /** Compact-u16: seven bits a byte, the lowest first, in as few bytes as possible. */
  #length(): number {
    let value = 0;
    for (let shift = 0; shift <= 14; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      if (value > 0xffff || (byte === 0 && shift > 0)) break;
      return value;
    }
    throw new MalformedError(`a length before byte ${this.#position} is no compact-u16`);
  }

  bytes(): Buffer {
    return this.take(this.#length());
  }

  list<T>(read: () => T): readonly T[] {
    return Array.from({ length: this.#length() }, read);
  }

  end(): void {
    const rest = this.#bytes.length - this.#position;
    if (rest > 0) throw new MalformedError(`${rest} bytes follow the message`);
  }
}
