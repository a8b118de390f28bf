// The second place of a table without an archive: this process's memory. A loss is noticed while the process runs, and
// forgotten when it ends; nobody can accept it.
import type { Head } from './chain.js';
import { type HeadStore, newestOfEach } from './heads.js';

export function memoryHeadStore(): HeadStore {
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
    accept: () =>
      Promise.reject(new Error('without an archive, a loss can’t be accepted: restart the service')),
    acceptances: () => Promise.resolve([]),
  };
}
