// How the rules of a candidate differ from those in force.
import type { Policy, Rule } from '../../policy/evaluate/policy.js';

export interface RuleChange {
  readonly id: string;
  readonly change: 'added' | 'removed' | 'changed' | 'moved';
  /** The rule as it is in force, and as the candidate has it. */
  readonly before: Rule | undefined;
  readonly after: Rule | undefined;
}

type Rules = Pick<Policy, 'rules'>;

/** @returns in the candidate's order, and then what it removes */
export function ruleChanges({ rules: before }: Rules, { rules: after }: Rules): readonly RuleChange[] {
  const known = new Map(before.map((rule) => [rule.id, rule]));
  const kept = new Map(after.map((rule) => [rule.id, rule]));
  const ids = (rules: readonly Rule[], of: ReadonlyMap<string, Rule>): readonly string[] =>
    rules.filter(({ id }) => of.has(id)).map(({ id }) => id);
  const moved = movedIn(ids(before, kept), ids(after, known));
  const changes = after.flatMap((rule): RuleChange[] => {
    const old = known.get(rule.id);
    if (old === undefined) return [{ id: rule.id, change: 'added', before: undefined, after: rule }];
    if (!isSame(old, rule)) return [{ id: rule.id, change: 'changed', before: old, after: rule }];
    return moved.has(rule.id) ? [{ id: rule.id, change: 'moved', before: old, after: rule }] : [];
  });
  const removed = before.filter(({ id }) => !kept.has(id));
  return [
    ...changes,
    ...removed.map((rule): RuleChange => ({
      id: rule.id,
      change: 'removed',
      before: rule,
      after: undefined,
    })),
  ];
}

function isSame(a: Rule, b: Rule): boolean {
  return (
    a.for === b.for &&
    a.when === b.when &&
    a.action === b.action &&
    a.hold === b.hold &&
    a.reason === b.reason
  );
}

/** Those that are not where they were between the rules that both have: the first that matches decides. */
function movedIn(before: readonly string[], after: readonly string[]): ReadonlySet<string> {
  const places = new Map(before.map((id, place) => [id, place]));
  const longest = longestIncreasing(after.map((id) => places.get(id) ?? 0));
  return new Set(after.filter((id) => !longest.has(places.get(id) ?? 0)));
}

/** @returns the numbers of a longest part that increases */
function longestIncreasing(numbers: readonly number[]): ReadonlySet<number> {
  /** The last number of the best part of each length, and what comes before each number. */
  const tails: number[] = [];
  const previous = new Map<number, number | undefined>();
  for (const number of numbers) {
    const found = tails.findIndex((tail) => tail >= number);
    const length = found === -1 ? tails.length : found;
    previous.set(number, tails[length - 1]);
    tails[length] = number;
  }
  const part = new Set<number>();
  for (let number = tails.at(-1); number !== undefined; number = previous.get(number)) part.add(number);
  return part;
}
