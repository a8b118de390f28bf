// Joins the entries to one transaction: each input must have exactly one entry, and all must sign the same outputs.
import { doubleSha256 } from '../hash.js';
import { uint32 } from './bytes.js';
import type { Entries } from './entries.js';
import { MAX_PERMUTED, permutations, sortInputs } from './order.js';
import type { WitnessPreimage } from './preimage.js';
import { encodeOutput, type Transaction, type TransactionOutput } from './transaction.js';

export interface SpentOutput {
  readonly outpoint: Buffer;
  /** In satoshis; absent for legacy inputs. */
  readonly value?: bigint;
}

/** What is signed, as far as the entries show it. */
export interface Joined {
  /** Why the entries are not those of one transaction. */
  readonly contradiction?: string;
  /** Why it can't be known whether they are. */
  readonly unread?: string;
  /** Why an input's script does not say who signs it. */
  readonly unknownSigner?: string;
  /** Visible in legacy preimages only. */
  readonly outputs?: readonly TransactionOutput[];
  /** If the outputs are not visible. */
  readonly hashOutputs?: Buffer;
  /** All inputs in their order, where they are known. */
  readonly inputs?: readonly SpentOutput[];
  /** The script codes of the entries. */
  readonly codes: readonly Buffer[];
}

/** @returns the transaction, as far as the entries show it, or why they are not those of one transaction */
export function joinEntries(entries: Entries): Joined {
  const { transaction, legacy, witness, unread, unknownSigner, contradiction } = entries;
  const codes = [...legacy, ...witness].map(({ code }) => code);
  const joined = transaction === undefined ? joinWitness(entries) : joinLegacy(entries, transaction);
  return {
    ...joined,
    ...(unread !== undefined && { unread }),
    ...(unknownSigner !== undefined && { unknownSigner }),
    ...(contradiction !== undefined && { contradiction }),
    codes,
  };
}

type Part = Omit<Joined, 'codes'>;

/** The legacy entries show the whole transaction; those of SegWit must be of the same one. */
function joinLegacy({ legacy, witness, unread }: Entries, transaction: Transaction): Part {
  const { inputs, outputs } = transaction;
  const entriesOf = new Array<number>(inputs.length).fill(0);
  for (const { input } of legacy) entriesOf[input] = (entriesOf[input] ?? 0) + 1;
  const values = new Map<string, bigint>();
  let contradiction = witness.length === 0 ? undefined : differenceOf(witness, transaction);
  const indexes =
    witness.length === 0 ? undefined : new Map(inputs.map(({ outpoint }, i) => [key(outpoint), i]));
  for (const { outpoint, sequence, value } of witness) {
    const index = indexes?.get(key(outpoint));
    if (index === undefined || inputs[index]?.sequence !== sequence) {
      contradiction ??= `an entry of rawTx signs ${showOutpoint(outpoint)}, which the transaction of the others does not spend so`;
    } else {
      entriesOf[index] = (entriesOf[index] ?? 0) + 1;
      values.set(key(outpoint), value);
    }
  }
  contradiction ??= countProblem(entriesOf, transaction, unread === undefined);
  return {
    outputs,
    inputs: inputs.map(({ outpoint }) => {
      const value = values.size === 0 ? undefined : values.get(key(outpoint));
      return value === undefined ? { outpoint } : { outpoint, value };
    }),
    ...(contradiction !== undefined && { contradiction }),
  };
}

function countProblem(
  counts: readonly number[],
  { inputs }: Transaction,
  isComplete: boolean,
): string | undefined {
  const twice = counts.findIndex((count) => count > 1);
  if (twice >= 0) return `more than one entry of rawTx signs input ${twice}`;
  const missing = counts.indexOf(0);
  if (missing < 0 || !isComplete) return undefined;
  const outpoint = inputs[missing]?.outpoint ?? Buffer.alloc(0);
  return `rawTx has ${inputs.length} inputs, but no entry for input ${missing} (${showOutpoint(outpoint)})`;
}

/** Why the SegWit entries are not of this transaction. */
function differenceOf(entries: readonly WitnessPreimage[], transaction: Transaction): string | undefined {
  const { version, locktime, inputs, outputs } = transaction;
  const hashPrevouts = doubleSha256(Buffer.concat(inputs.map(({ outpoint }) => outpoint)));
  const hashSequence = doubleSha256(Buffer.concat(inputs.map(({ sequence }) => uint32(sequence))));
  const hashOutputs = doubleSha256(Buffer.concat(outputs.map(encodeOutput)));
  const isSame = haveInCommon(entries, { version, locktime, hashPrevouts, hashSequence, hashOutputs });
  return isSame ? undefined : 'the SegWit and the legacy entries of rawTx sign different transactions';
}

type Common = Pick<WitnessPreimage, 'version' | 'locktime' | 'hashPrevouts' | 'hashSequence' | 'hashOutputs'>;

function haveInCommon(entries: readonly WitnessPreimage[], common: Common): boolean {
  return entries.every(
    ({ version, locktime, hashPrevouts, hashSequence, hashOutputs }) =>
      version === common.version &&
      locktime === common.locktime &&
      hashPrevouts.equals(common.hashPrevouts) &&
      hashSequence.equals(common.hashSequence) &&
      hashOutputs.equals(common.hashOutputs),
  );
}

/** SegWit entries alone: the hashes of all inputs are rebuilt from the entries. */
function joinWitness({ witness, unread }: Entries): Part {
  const [first] = witness;
  if (first === undefined) return {};
  const { hashPrevouts, hashSequence, hashOutputs } = first;
  if (!haveInCommon(witness, first))
    return { contradiction: 'the entries of rawTx sign different transactions' };
  if (new Set(witness.map(({ outpoint }) => key(outpoint))).size < witness.length) {
    return { contradiction: 'more than one entry of rawTx signs the same input', hashOutputs };
  }
  if (unread !== undefined) return { hashOutputs };
  const inputs = findOrder(witness, hashPrevouts);
  if (inputs === undefined) return { ...missingInput(witness, hashSequence), hashOutputs };
  if (!sequencesOf(inputs).equals(hashSequence)) {
    return {
      contradiction: 'the sequence numbers of the entries of rawTx are not those that are signed',
      hashOutputs,
    };
  }
  return { inputs, hashOutputs };
}

function findOrder(
  entries: readonly WitnessPreimage[],
  hashPrevouts: Buffer,
): readonly WitnessPreimage[] | undefined {
  for (const order of ordersOf(entries)) {
    if (doubleSha256(Buffer.concat(order.map(({ outpoint }) => outpoint))).equals(hashPrevouts)) return order;
  }
  return undefined;
}

function* ordersOf(entries: readonly WitnessPreimage[]): Generator<readonly WitnessPreimage[]> {
  yield entries;
  if (entries.length <= MAX_PERMUTED) yield* permutations(entries);
  else yield sortInputs(entries);
}

function sequencesOf(entries: readonly WitnessPreimage[]): Buffer {
  return doubleSha256(Buffer.concat(entries.map(({ sequence }) => uint32(sequence))));
}

/**
 * The entries' outputs are not those that are spent, in any order that was tried. If the order may be another one, the
 * sequence numbers still show whether an input is missing, as long as they are all equal.
 */
function missingInput(entries: readonly WitnessPreimage[], hashSequence: Buffer): Part {
  const isEqual = entries.every(({ sequence }) => sequence === entries[0]?.sequence);
  const isOther = isEqual && !sequencesOf(entries).equals(hashSequence);
  const what = `rawTx spends other outputs than those of its ${entries.length} entries`;
  if (entries.length <= MAX_PERMUTED || isOther) return { contradiction: `${what}: an input has no entry` };
  return { unread: `${what}, or in another order` };
}

function key(outpoint: Buffer): string {
  return outpoint.toString('latin1');
}

/** @returns such as `c8…c8:0`, as explorers show it */
function showOutpoint(outpoint: Buffer): string {
  return `${transactionIdOf(outpoint)}:${outpoint.length < 36 ? 0 : outpoint.readUInt32LE(32)}`;
}

/** @returns in the order of bytes in which ids are displayed */
export function transactionIdOf(outpoint: Buffer): string {
  return Buffer.from(outpoint.subarray(0, 32)).reverse().toString('hex');
}

/** @returns the sum of the inputs, in satoshis; `undefined` unless all amounts are known */
export function sumOf(inputs?: readonly SpentOutput[]): bigint | undefined {
  let sum = 0n;
  for (const { value } of inputs ?? []) {
    if (value === undefined) return undefined;
    sum += value;
  }
  return inputs === undefined ? undefined : sum;
}
