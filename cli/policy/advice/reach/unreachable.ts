// Finds rules that never decide, and says why.
import type { Policy } from '../../../../src/policy/evaluate/rules.js';
import { KINDS } from '../../../../src/policy/parse/schema.js';
import { Analysis, isFalse, type ReadRule } from './analysis.js';
import type { Goal } from './solve.js';
import type { State } from './state.js';
import { compile } from './compile.js';
import { FALSE, TRUE } from './condition.js';
import { areShortListsEnough, entriesFor, wantedParts } from './loops.js';
import { contradiction, shadow, type Unreachable } from './explain.js';

export type { Unreachable } from './explain.js';

/** Maximum number of conditions that are looked at for one rule. */
const LIMIT = 50_000;
/** With more earlier rules, it is not tried which of them are needed. */
const MAX_REDUCED = 30;

/**
 * Rules that decide about no request: their condition is never true, or earlier rules decide, or fail, before them. A
 * rule is left out unless it is certain. The check is exact for the comparisons that `compile.ts` understands; all others
 * count as true or false.
 */
export function unreachableRules(policy: Policy): readonly Unreachable[] {
  const found = KINDS.flatMap((kind) => {
    const analysis = new Analysis(policy, kind);
    return analysis.rules.flatMap((_, place) => explainUnreachable(analysis, place) ?? []);
  });
  const places = new Map(policy.rules.map(({ id }, place) => [id, place]));
  return found.sort((a, b) => (places.get(a.rule) ?? 0) - (places.get(b.rule) ?? 0));
}

function explainUnreachable(analysis: Analysis, place: number): Unreachable | undefined {
  const target = analysis.rules[place];
  if (target === undefined) return undefined;
  const blocking = (state: State): ReadRule | undefined => analysis.blockerAt(state, place);
  const { result, blockers } = analysis.reach(place, { limit: LIMIT, blocking });
  if (result !== 'exhausted') return undefined;
  const matches: Goal = { condition: analysis.matching(target), wanted: TRUE };
  const needed = fewest(inOrder(analysis, blockers), (some) =>
    analysis.isImpossible([matches, ...some.map(isFalse)], LIMIT),
  );
  if (!isCertain(analysis, target, needed)) return undefined;
  return needed.length === 0
    ? contradiction(analysis, target, LIMIT)
    : shadow(analysis, target, needed, LIMIT);
}

/** Whether the rule is never reached however long lists are. */
function isCertain(analysis: Analysis, target: ReadRule, earlier: readonly ReadRule[]): boolean {
  let parts = [
    ...wantedParts(target.rule.ast, TRUE),
    ...earlier.flatMap(({ rule: { ast } }) => wantedParts(ast, FALSE)),
  ];
  if (areShortListsEnough(parts)) return true;
  // Parts that only add to what must be in lists may not be needed.
  for (const part of parts) {
    const rest = parts.filter((other) => other !== part);
    if (entriesFor(part.ast, part.wanted) === 0) continue;
    const goals = rest.map(({ ast, wanted }) => ({ condition: compile(ast, analysis.scope), wanted }));
    if (analysis.isImpossible(goals, LIMIT)) parts = rest;
  }
  return areShortListsEnough(parts);
}

/** The one rule that is enough or, without one, as few as are found by leaving out one after another. */
function fewest(
  rules: readonly ReadRule[],
  areEnough: (rules: readonly ReadRule[]) => boolean,
): readonly ReadRule[] {
  const single = rules.length > MAX_REDUCED ? undefined : rules.find((rule) => areEnough([rule]));
  if (single !== undefined) return [single];
  let needed = rules;
  for (const rule of rules.length > MAX_REDUCED ? [] : rules) {
    const rest = needed.filter((other) => other !== rule);
    if (areEnough(rest)) needed = rest;
  }
  return needed;
}

function inOrder(analysis: Analysis, rules: readonly ReadRule[]): readonly ReadRule[] {
  return [...rules].sort((a, b) => analysis.rules.indexOf(a) - analysis.rules.indexOf(b));
}
