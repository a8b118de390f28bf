// What a condition says of everything that a transaction pays.
import type { TruePath } from '../paths.js';
import { type EveryEntry, everyEntryOn, isSingle } from '../terms.js';

/** Lists with everything that a transfer pays: as displayed, or as signed. */
const PAID = ['tx.destinations', 'tx.btc.outputs', 'tx.call.transfers', 'tx.solana.transfers'];

/** Everything that a path says of each entry of a list of what is paid. */
export function entriesOn(path: TruePath): readonly EveryEntry[] {
  const every = everyEntryOn(path).filter(({ collection }) => PAID.includes(collection));
  const single = PAID.filter((collection) => isSingle(path, collection)).map((collection) => ({
    ...{ collection, entry: `${collection}[0]` },
    paths: [path],
  }));
  return [...every, ...single];
}
