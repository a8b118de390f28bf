// Which rules of a policy need asking about a request: a policy with a limit for each of a thousand assets costs what the
// rules for the asset at hand do.
import type { Condition, Facts } from '../language/language.js';

interface Indexed {
  readonly id: string;
  readonly conditions: readonly Condition[];
}

/** Rules that begin by comparing the same facts with texts. */
interface Group {
  readonly conditions: readonly Condition[];
  /** Of all its rules. */
  readonly places: number[];
  /** Of its rules by the texts. */
  readonly byTexts: Map<string, number[]>;
}

export class RuleIndex {
  /** Of the rules, in order. */
  readonly ids: readonly string[];
  /** Of the rules that begin with something else. */
  readonly #others: readonly number[];
  readonly #groups: readonly Group[];

  constructor(rules: readonly Indexed[]) {
    this.ids = rules.map(({ id }) => id);
    const others: number[] = [];
    const groups = new Map<string, Group>();
    for (const [place, { conditions }] of rules.entries()) {
      if (conditions.length === 0) {
        others.push(place);
        continue;
      }
      const facts = JSON.stringify(conditions.map(({ owner, fact }) => [owner, fact]));
      const group = groups.get(facts) ?? { conditions, places: [], byTexts: new Map<string, number[]>() };
      groups.set(facts, group);
      group.places.push(place);
      const texts = keyOf(conditions.map(({ text }) => text));
      group.byTexts.set(texts, [...(group.byTexts.get(texts) ?? []), place]);
    }
    this.#others = others;
    this.#groups = [...groups.values()];
  }

  /**
   * The places, in order, of the rules that may match. One that is left out is false with no doubt; what is absent or
   * unusable is left to CEL, which makes an error of it.
   */
  candidates(facts: Facts): readonly number[] {
    if (this.#groups.length === 0) return this.#others;
    const places = [...this.#others];
    for (const group of this.#groups) places.push(...candidatesOf(group, facts));
    return places.sort((a, b) => a - b);
  }
}

function candidatesOf({ conditions, places, byTexts }: Group, facts: Facts): readonly number[] {
  const texts: string[] = [];
  try {
    for (const { owner, fact } of conditions) {
      const text = (facts[owner] as Facts | undefined)?.[fact];
      if (typeof text !== 'string') return places;
      texts.push(text);
    }
  } catch {
    return places;
  }
  return byTexts.get(keyOf(texts)) ?? [];
}

/** Of one text the text itself, which is what most rules compare. */
function keyOf(texts: readonly string[]): string {
  return texts.length === 1 ? (texts[0] ?? '') : JSON.stringify(texts);
}
