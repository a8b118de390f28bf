// The addresses and other strings in the lists of a policy, and which of them to try for a fact.
import { canonicalAddress } from '../../../../src/chain/address/canonical.js';
import type { Policy } from '../../../../src/policy/evaluate/rules.js';
import { Address } from '../../../../src/policy/facts/address.js';
import type { ListEntry } from '../../../../src/policy/language/named-list.js';
import { nodesIn } from '../../../../src/policy/language/nodes.js';
import type { Mentions } from './mentions.js';

/** Longer lists are not looked into: whether something is in them counts as unknown. */
const MAX_ENTRIES = 20_000;
/** With more texts, only those are compared by every chain's rules that look alike. */
const MAX_COMPARED = 2000;

/** The text of an address, among the values of a fact. */
export interface AddressText {
  readonly address: string;
}

export function isAddressText(value: unknown): value is AddressText {
  return typeof value === 'object' && value !== null && 'address' in value;
}

export class AddressBook {
  /** Whether an entry counts for one asset only, or two texts are one address on some chains: the asset then matters. */
  readonly dependsOnAsset: boolean;
  readonly #policy: Policy;
  readonly #chains: readonly (string | undefined)[];
  /** Texts that are the same address as another text, on some chain. */
  readonly #ambiguous = new Set<string>();
  readonly #addresses = new Map<string, Address>();

  constructor(policy: Policy) {
    this.#policy = policy;
    const families = new Map(
      [...policy.catalog.assets.values()].map(({ chain }) => [familyOf(chain), chain]),
    );
    this.#chains = [undefined, ...families.values()];
    const entries = [...policy.lists].flatMap(([name, list]) => (this.isKnown(name) ? list : []));
    const literals = policy.rules.flatMap(({ ast }) =>
      [...nodesIn(ast)].flatMap(({ op, args }) => (op === 'value' && typeof args === 'string' ? [args] : [])),
    );
    this.#findAmbiguous(new Set([...literals, ...entries.map(textOf)]));
    this.dependsOnAsset =
      this.#ambiguous.size > 0 ||
      entries.some((entry) => typeof entry !== 'string' && entry.asset !== undefined);
  }

  /** Whether a list's entries can be looked at. */
  isKnown(list: string): boolean {
    return (this.#policy.lists.get(list)?.length ?? Infinity) <= MAX_ENTRIES;
  }

  /** One asset of each family of chains, because addresses compare by their family's rules. */
  get assets(): readonly string[] {
    const all = [...this.#policy.catalog.assets.values()];
    return this.#chains.flatMap((chain) => all.find((asset) => asset.chain === chain)?.id ?? []);
  }

  addressFor(text: string, asset: string | undefined): Address {
    const key = JSON.stringify([text, asset]);
    const known = this.#addresses.get(key);
    if (known !== undefined) return known;
    const chain = asset === undefined ? undefined : this.#policy.catalog.assets.get(asset)?.chain;
    const address = new Address(text, chain, asset);
    this.#addresses.set(key, address);
    return address;
  }

  /** Addresses to try for a fact that is looked up in lists, and compared with addresses. */
  valuesFor({ strings, lists }: Mentions): readonly AddressText[] {
    const texts = new Set([...strings, ...this.entriesOf(lists)].filter((text) => text.trim() !== ''));
    return [...texts, ...OTHERS.filter((text) => !texts.has(text))].map((address) => ({ address }));
  }

  /** Tags that entries of a list have. */
  tagsIn(list: string): readonly string[] {
    const entries = this.isKnown(list) ? (this.#policy.lists.get(list) ?? []) : [];
    return [...new Set(entries.flatMap((entry) => (typeof entry === 'string' ? [] : (entry.tag ?? []))))];
  }

  /** Ids of the assets that entries of a list name. */
  assetsIn(list: string): readonly string[] {
    const entries = this.isKnown(list) ? (this.#policy.lists.get(list) ?? []) : [];
    return [...new Set(entries.flatMap((entry) => (typeof entry === 'string' ? [] : (entry.asset ?? []))))];
  }

  /** Entries of lists: two for each way in which rules can distinguish them. */
  entriesOf(lists: ReadonlySet<string>): readonly string[] {
    const places = new Map<string, string[]>();
    for (const name of lists) {
      for (const entry of this.isKnown(name) ? (this.#policy.lists.get(name) ?? []) : []) {
        const place = typeof entry === 'string' ? [name] : [name, entry.tag, entry.asset];
        const text = textOf(entry);
        const known = places.get(text);
        if (known === undefined) places.set(text, [JSON.stringify(place)]);
        else known.push(JSON.stringify(place));
      }
    }
    const counts = new Map<string, number>();
    return [...places].flatMap(([text, where]) => {
      const key = [...new Set(where)].sort().join();
      const count = counts.get(key) ?? 0;
      counts.set(key, count + 1);
      return count < 2 || this.#ambiguous.has(text) ? [text] : [];
    });
  }

  #findAmbiguous(texts: ReadonlySet<string>): void {
    const chains = texts.size > MAX_COMPARED ? [undefined] : this.#chains;
    for (const chain of chains) {
      const seen = new Map<string, string>();
      for (const text of texts) {
        const canonical = canonicalAddress(text, chain);
        const other = seen.get(canonical);
        if (other === undefined) seen.set(canonical, text);
        else [text, other].forEach((each) => this.#ambiguous.add(each));
      }
    }
  }
}

/** Addresses that belong to no one, for rules about addresses that are in no list. */
export const NOBODY = `0x${'b0b5e'.repeat(8)}`;
const OTHERS = [`0x${'a11ce'.repeat(8)}`, NOBODY];

function textOf(entry: ListEntry): string {
  return typeof entry === 'string' ? entry : entry.address;
}

function familyOf(chain: string): string {
  return chain.split('/')[0] ?? chain;
}
