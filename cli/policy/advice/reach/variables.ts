// The facts that the rules of one kind read, as variables of the solver.
import type { Policy } from '../../../../src/policy/evaluate/rules.js';
import { AddressBook } from './addresses.js';
import type { Value } from './condition.js';
import { Mentions, type Sort, valuesFor } from './mentions.js';
import { timesFor } from './time.js';

export interface Variable {
  readonly id: number;
  /** Such as `tx.destinations[0].address`. */
  readonly name: string;
  /** Such as `tx.destinations[].address`. */
  readonly pattern: string;
  readonly sort: Sort;
}

export class Variables {
  readonly policy: Policy;
  readonly addresses: AddressBook;
  readonly all: Variable[] = [];
  readonly #byName = new Map<string, Variable>();
  readonly #mentions = new Map<string, Mentions>();
  readonly #values = new Map<string, readonly Value[]>();

  constructor(policy: Policy) {
    this.policy = policy;
    this.addresses = new AddressBook(policy);
  }

  /** The variable of a fact, which is created when it is first read. */
  of(name: string, sort: Sort): Variable {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const variable = { id: this.all.length, name, pattern: patternOf(name), sort };
    this.all.push(variable);
    this.#byName.set(name, variable);
    return variable;
  }

  /** To be called before the rules are read a second time. */
  forgetComparisons(): void {
    this.mentionsOf('now').time.comparisons.length = 0;
  }

  find(name: string): Variable | undefined {
    return this.#byName.get(name);
  }

  /** What rules compare a fact with. @param pattern of the fact */
  mentionsOf(pattern: string): Mentions {
    const known = this.#mentions.get(pattern);
    if (known !== undefined) return known;
    const mentions = new Mentions();
    this.#mentions.set(pattern, mentions);
    return mentions;
  }

  /** Two facts are compared with each other, so that the same values must be tried for both. */
  link(one: string, other: string): void {
    const mentions = this.mentionsOf(one);
    const absorbed = this.mentionsOf(other);
    mentions.isCompared = true;
    if (mentions === absorbed) return;
    mentions.addAll(absorbed);
    for (const [pattern, each] of this.#mentions) {
      if (each === absorbed) this.#mentions.set(pattern, mentions);
    }
  }

  /** Only after all rules have been read. */
  valuesOf({ pattern, sort }: Variable): readonly Value[] {
    const known = this.#values.get(pattern);
    if (known !== undefined) return known;
    const mentions = this.mentionsOf(pattern);
    const values =
      sort === 'time'
        ? timesFor(mentions.time)
        : sort === 'address'
          ? [...this.addresses.valuesFor(mentions), undefined]
          : valuesFor(pattern, sort, this.#withListEntries(mentions));
    this.#values.set(pattern, values);
    return values;
  }

  #withListEntries(mentions: Mentions): Mentions {
    if (mentions.lists.size === 0) return mentions;
    const copy = new Mentions();
    copy.addAll(mentions);
    copy.isCompared = mentions.isCompared;
    copy.hasParts = mentions.hasParts;
    for (const text of this.addresses.entriesOf(mentions.lists)) copy.strings.add(text);
    return copy;
  }
}

export function patternOf(name: string): string {
  return name.replace(/\[\d+\]/g, '[]');
}
