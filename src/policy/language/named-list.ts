// The policy's lists, as rules see them under `lists`.
import { canonicalAddress } from '../../chain/address/canonical.js';
import type { Address } from '../facts/address.js';

/** One list. A lookup takes the same time however long the list is. */
export class NamedList {
  readonly #entries: ReadonlySet<string>;

  constructor(entries: readonly string[]) {
    this.#entries = new Set(entries.map((entry) => canonicalAddress(entry)));
  }

  has(text: string): boolean {
    return this.#entries.has(canonicalAddress(text));
  }

  hasAddress({ normalized }: Address): boolean {
    return this.#entries.has(normalized);
  }
}

/** All lists in a policy, keyed by name. */
export class Lists {
  readonly [name: string]: NamedList;

  constructor(lists: ReadonlyMap<string, readonly string[]>) {
    for (const [name, entries] of lists) Object.assign(this, { [name]: new NamedList(entries) });
  }
}
