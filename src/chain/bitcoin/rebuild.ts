// Rebuilds the outputs of a SegWit transaction, of which only the hash is signed, from the displayed destinations.
import { contradicts, HOLDS, unknown, type Finding } from '../finding.js';
import { doubleSha256 } from '../hash.js';
import { showAmount } from '../units.js';
import type { Payee } from './display.js';
import { compareOutputs, permutations } from './order.js';
import type { Context, Outcome, SortedOutput } from './outcome.js';
import { encodeOutput } from './transaction.js';

/** Up to this number of outputs, all their orders are tried. */
const MAX_PERMUTED_OUTPUTS = 4;
/** Limits the search to 20 ms: bytes that are hashed, and for each hash what else takes as long as 2,000 bytes. */
const MAX_WORK = 8_000_000;
const WORK_OF_A_HASH = 2000;
const MAX_VALUE = 2n ** 63n;

/** Amounts of the destinations that may be those of the transaction. */
interface Guess {
  readonly amounts: readonly bigint[];
  /** What is left for the change. */
  readonly change: bigint;
}

interface Search {
  readonly hashOutputs: Buffer;
  readonly payees: readonly Payee[];
  readonly changeScripts: readonly Buffer[];
  work: number;
}

/**
 * Change is what the inputs leave after the destinations and the displayed fee, which may be taken from one of the
 * destinations (a gross transaction). It may be at any place.
 * @param inputs the sum of all inputs, in satoshis
 */
export function rebuildOutputs(
  hashOutputs: Buffer,
  inputs: bigint,
  payees: readonly Payee[],
  context: Context,
): Outcome {
  const displayed = displayedAmounts(payees);
  if (displayed.length === 0) return notKnown('a destination has no amount');
  const { fee, change } = context;
  const search: Search = { hashOutputs, payees, changeScripts: change.scripts, work: 0 };
  for (const guess of fee === undefined ? [] : guessesOf(displayed, inputs, fee)) {
    const outputs = tryGuess(search, guess);
    if (outputs !== undefined) return { recipient: HOLDS, amount: HOLDS, outputs };
  }
  for (const amounts of displayed) {
    const outputs = tryGuess(search, { amounts, change: 0n });
    if (outputs !== undefined) return withOtherFee(outputs, inputs - sum(amounts), context);
  }
  if (fee === undefined) return notKnown('the request displays no fee');
  if (search.work > MAX_WORK) return notKnown('there are too many possible orders of the outputs');
  return notRebuilt(inputs, displayed.map(sum), fee, context);
}

function notKnown(why: string): Outcome {
  const finding = unknown(`the outputs of rawTx can’t be rebuilt: ${why}`);
  return { recipient: finding, amount: finding };
}

/** Only a single destination may have more than one displayed amount. @returns empty if one has none */
function displayedAmounts(payees: readonly Payee[]): readonly (readonly bigint[])[] {
  const [first] = payees;
  if (payees.length === 1 && first !== undefined) return first.amounts.map((amount) => [amount]);
  const amounts = payees.flatMap((payee) => payee.amounts);
  return amounts.length === payees.length ? [amounts] : [];
}

function* guessesOf(
  displayed: readonly (readonly bigint[])[],
  inputs: bigint,
  fee: bigint,
): Generator<Guess> {
  for (const amounts of displayed) {
    const left = inputs - sum(amounts);
    if (left >= fee) yield { amounts, change: left - fee };
    if (left < 0n || fee === 0n) continue;
    for (const [index, amount] of amounts.entries()) {
      if (amount >= fee) yield { amounts: amounts.with(index, amount - fee), change: left };
    }
  }
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}

/** @returns the outputs in their order, if they are those that are signed */
function tryGuess(search: Search, { amounts, change }: Guess): readonly SortedOutput[] | undefined {
  if (change >= MAX_VALUE || amounts.some((amount) => amount >= MAX_VALUE)) return undefined;
  const payments = search.payees.map(({ script }, index): SortedOutput => ({
    script,
    value: amounts[index] ?? 0n,
    purpose: 'destination',
  }));
  const count = payments.length + (change > 0n ? 1 : 0);
  for (const order of ordersOf(payments, count)) {
    const outputs = change > 0n ? tryChange(search, order, change) : tryExactly(search, order);
    if (outputs !== undefined) return outputs;
    if (search.work > MAX_WORK) return undefined;
  }
  return undefined;
}

function* ordersOf(payments: readonly SortedOutput[], count: number): Generator<readonly SortedOutput[]> {
  yield payments;
  if (count <= MAX_PERMUTED_OUTPUTS) yield* permutations(payments);
  else yield payments.toSorted(compareOutputs);
}

function tryExactly(search: Search, outputs: readonly SortedOutput[]): readonly SortedOutput[] | undefined {
  return isSigned(search, Buffer.concat(outputs.map(encodeOutput))) ? outputs : undefined;
}

function tryChange(
  search: Search,
  payments: readonly SortedOutput[],
  value: bigint,
): readonly SortedOutput[] | undefined {
  const encoded = payments.map(encodeOutput);
  const all = Buffer.concat(encoded);
  for (const script of search.changeScripts) {
    const change: SortedOutput = { script, value, purpose: 'change' };
    const bytes = encodeOutput(change);
    let end = all.length;
    for (let place = payments.length; place >= 0; place -= 1) {
      if (search.work > MAX_WORK) return undefined;
      if (isSigned(search, Buffer.concat([all.subarray(0, end), bytes, all.subarray(end)]))) {
        return payments.toSpliced(place, 0, change);
      }
      end -= encoded[place - 1]?.length ?? 0;
    }
  }
  return undefined;
}

function isSigned(search: Search, outputs: Buffer): boolean {
  search.work += outputs.length + WORK_OF_A_HASH;
  return doubleSha256(outputs).equals(search.hashOutputs);
}

/** The outputs are exactly the destinations, and all the rest is the fee. */
function withOtherFee(outputs: readonly SortedOutput[], paid: bigint, { fee, asset }: Context): Outcome {
  const amount =
    fee === undefined
      ? unknown('the request displays no fee')
      : contradicts(
          `the inputs of rawTx are ${showAmount(paid, asset)} more than its outputs, but the displayed fee is ${showAmount(fee, asset)}`,
        );
  return { recipient: HOLDS, amount, outputs };
}

function notRebuilt(
  inputs: bigint,
  totals: readonly bigint[],
  fee: bigint,
  { asset, change }: Context,
): Outcome {
  const total = totals.reduce((least, amount) => (amount < least ? amount : least));
  const left = inputs - total - fee;
  const isShort = left < 0n;
  // The fee may have been taken from a destination, which leaves as much more for the change.
  const mayHaveChange = left > 0n || (isShort && inputs > total);
  const sums = `the destinations’ ${showAmount(total, asset)} and the fee of ${showAmount(fee, asset)}`;
  if (change.mayBeElsewhere && mayHaveChange) {
    return notKnown('change may go to the vault’s permanent address, which the policy can list under own');
  }
  const recipient = contradicts(
    `the outputs of rawTx, whose inputs are ${showAmount(inputs, asset)}, are not the displayed destinations plus change, after ${sums}`,
  );
  const amount: Finding = isShort
    ? contradicts(`the inputs of rawTx are ${showAmount(inputs, asset)}, less than ${sums}`)
    : unknown('the outputs of rawTx are not the displayed ones');
  return { recipient, amount };
}
