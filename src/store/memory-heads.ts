// The second place of a table without an archive: this process's memory. A loss is noticed while the process runs.
import { type Acceptance, type HeadStore, newestOfEach, parseAcceptance } from './heads.js';
import type { Head } from './chain.js';
import { ACCEPTANCES } from './keys.js';
import type { Table } from './table.js';

/** Acceptances that are read: the newest ones. */
const MAX_ACCEPTANCES = 20;

/** @param table where acceptances are */
export function memoryHeadStore(table: Table): HeadStore {
  let heads: readonly Head[] = [];
  return {
    name: 'the memory of the process',
    seal: (sealing) => {
      heads = newestOfEach([...heads, ...sealing]);
      return Promise.resolve();
    },
    sealed: () => Promise.resolve(heads),
    // eslint-disable-next-line @typescript-eslint/require-await -- the interface is asynchronous
    async *everSealed() {
      yield* heads;
    },
    accept: () => Promise.resolve(),
    async acceptances() {
      const found: Acceptance[] = [];
      for await (const { data } of table.query(ACCEPTANCES, { reverse: true, limit: MAX_ACCEPTANCES })) {
        const acceptance = parseAcceptance(data);
        if (acceptance !== undefined) found.push(acceptance);
      }
      return found;
    },
  };
}
