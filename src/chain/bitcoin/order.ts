// Orders of inputs and outputs that are tried where only their hash is known.
import type { TransactionOutput } from './transaction.js';

/** Lists of up to this length are tried in all orders. Hashing the 720 orders of six inputs takes 1 ms. */
export const MAX_PERMUTED = 6;

/** All orders of a list; for n items, n! of them. */
export function* permutations<T>(items: readonly T[]): Generator<readonly T[]> {
  if (items.length <= 1) {
    yield items;
    return;
  }
  for (const [index, item] of items.entries()) {
    for (const rest of permutations(items.toSpliced(index, 1))) yield [item, ...rest];
  }
}

/** BIP-69: by id of the transaction, as it is displayed, and by index. */
export function sortInputs<T extends { readonly outpoint: Buffer }>(inputs: readonly T[]): readonly T[] {
  return inputs
    .map((input) => ({ input, id: Buffer.from(input.outpoint.subarray(0, 32)).reverse() }))
    .sort((a, b) => a.id.compare(b.id) || indexOf(a.input.outpoint) - indexOf(b.input.outpoint))
    .map(({ input }) => input);
}

function indexOf(outpoint: Buffer): number {
  return outpoint.readUInt32LE(32);
}

/** BIP-69: by value, then by script. */
export function compareOutputs(a: TransactionOutput, b: TransactionOutput): number {
  return a.value === b.value ? a.script.compare(b.script) : a.value < b.value ? -1 : 1;
}
