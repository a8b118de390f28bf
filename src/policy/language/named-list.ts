// The policy's lists, as rules see them under `lists`.
import { canonicalAddress } from '../../chain/address/canonical.js';
import { familyOf } from '../../chain/chain.js';
import type { Address } from '../facts/address.js';
import { AddressList } from './address-list.js';

/** An address with what belongs to it. */
export interface AddressEntry {
  readonly address: string;
  /** Such as the destination tag of an exchange's customer. */
  readonly tag?: string;
  /** Fireblocks asset id: the entry counts only for this asset. */
  readonly asset?: string;
  /** Shown for the address in explanations and in the log. */
  readonly name?: string;
}

/** An address, an id or any other string, or an address with more. */
export type ListEntry = string | AddressEntry;

/** The entries in the canonical form of one chain. */
interface ChainIndex {
  /** Entries that are strings. */
  readonly plain: ReadonlySet<string>;
  readonly detailed: ReadonlyMap<string, readonly AddressEntry[]>;
}

/** What a list contains: entries that are written in the policy, or a file of addresses from elsewhere. */
export type ListContent = readonly ListEntry[] | AddressList;

/** One list. A lookup takes the same time however long the list is. */
export class NamedList {
  readonly hasNames: boolean;
  /** Whether its entries are addresses in a file from elsewhere. */
  readonly isFile: boolean;
  readonly #file: AddressList | undefined;
  /** All entries as written. */
  readonly #written: ReadonlySet<string>;
  readonly #plain: readonly string[];
  readonly #detailed: readonly AddressEntry[];
  /** Built for a chain when one of its addresses is looked up. */
  readonly #byChain = new Map<string, ChainIndex>();

  constructor(content: ListContent) {
    this.#file = content instanceof AddressList ? content : undefined;
    this.isFile = this.#file !== undefined;
    const entries = content instanceof AddressList ? [] : content;
    this.#written = new Set(entries.map((entry) => (typeof entry === 'string' ? entry : entry.address)));
    this.#plain = entries.filter((entry) => typeof entry === 'string');
    this.#detailed = entries.filter((entry) => typeof entry !== 'string');
    this.hasNames = this.#detailed.some(({ name }) => name !== undefined);
  }

  /** Whether an entry is exactly this string. */
  has(text: string): boolean {
    return this.#file === undefined ? this.#written.has(text) : this.#file.has(text);
  }

  /** The first entry of the policy, as written, that fulfils a condition. */
  find(condition: (text: string) => boolean): string | undefined {
    for (const text of this.#written) if (condition(text)) return text;
    return undefined;
  }

  /** Whether an entry has this address, whatever its tag. */
  hasAddress(address: Address): boolean {
    if (this.#file !== undefined) return this.#file.hasAddress(address);
    const { plain, detailed } = this.#indexFor(address.chain);
    const { normalized } = address;
    return plain.has(normalized) || entriesFor(address, detailed).length > 0;
  }

  /** Whether an entry has this address and this tag, or both have no tag. */
  hasDestination(address: Address, tag: string | undefined): boolean {
    if (this.#file !== undefined) return tag === undefined && this.#file.hasAddress(address);
    const { plain, detailed } = this.#indexFor(address.chain);
    if (tag === undefined && plain.has(address.normalized)) return true;
    return entriesFor(address, detailed).some((entry) => entry.tag === tag);
  }

  /** The entries that have this address and more. */
  entriesFor(address: Address): readonly AddressEntry[] {
    return entriesFor(address, this.#indexFor(address.chain).detailed);
  }

  #indexFor(chain: string | undefined): ChainIndex {
    // The addresses of all EVM chains have one form.
    const key = chain !== undefined && familyOf(chain) === 'evm' ? 'evm' : (chain ?? '');
    const known = this.#byChain.get(key);
    if (known !== undefined) return known;
    const detailed = new Map<string, AddressEntry[]>();
    for (const entry of this.#detailed) {
      const address = canonicalAddress(entry.address, chain);
      const others = detailed.get(address);
      if (others === undefined) detailed.set(address, [entry]);
      else others.push(entry);
    }
    const plain = new Set(this.#plain.map((text) => canonicalAddress(text, chain)));
    const index = { plain, detailed };
    this.#byChain.set(key, index);
    return index;
  }
}

function entriesFor(
  { normalized, asset }: Address,
  detailed: ChainIndex['detailed'],
): readonly AddressEntry[] {
  const entries = detailed.get(normalized) ?? [];
  return entries.filter((entry) => entry.asset === undefined || entry.asset === asset);
}

/** All lists in a policy, keyed by name. */
export class Lists {
  readonly [name: string]: NamedList;

  constructor(lists: ReadonlyMap<string, ListContent>) {
    for (const [name, content] of lists) Object.assign(this, { [name]: new NamedList(content) });
  }
}

/**
 * The name that a list gives to an address.
 * @param tag if given, only names of entries with this tag, or without one, count
 */
export function nameIn(
  lists: Lists,
  address: Address,
  tag?: { readonly value: string | undefined },
): string | undefined {
  for (const list of Object.values(lists)) {
    if (!list.hasNames) continue;
    const entry = list
      .entriesFor(address)
      .find(({ name, tag: own }) => name !== undefined && (tag === undefined || own === tag.value));
    if (entry !== undefined) return entry.name;
  }
  return undefined;
}
