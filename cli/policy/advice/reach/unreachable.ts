// Finds rules that never decide, and says why.
import type { Policy } from '../../../../src/policy/evaluate/rules.js';
import { KINDS } from '../../../../src/policy/parse/schema.js';
import { Analysis, type ReadRule } from './analysis.js';
import { type Goal, possible } from './solve.js';
import { FALSE, TRUE } from './condition.js';
import { areShortListsEnough } from './loops.js';
import { contradiction, shadow, type Unreachable } from './explain.js';

export type { Unreachable } from './explain.js';

/** Maximum number of conditions that are looked at for one rule. */
const LIMIT = 50_000;
/** Maximum number of earlier rules that are named together. */
const MAX_NAMED = 8;

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
  const matches: Goal = { condition: analysis.matching(target), wanted: TRUE };
  const state = analysis.start([matches]);
  if (state === undefined || analysis.isImpossible([matches], LIMIT)) {
    return areShortListsEnough([{ ast: target.rule.ast, wanted: TRUE }])
      ? contradiction(analysis, target, LIMIT)
      : undefined;
  }
  const earlier = analysis.rules.slice(0, place).filter(({ condition }) => possible(condition, state) !== FALSE);
  if (earlier.length === 0) return undefined;
  const isCovered = (rules: readonly ReadRule[]): boolean =>
    analysis.isImpossible([matches, ...rules.map(isFalse)], LIMIT + 4 * place);
  if (!isCovered(earlier)) return undefined;
  const core = coreOf(earlier, isCovered);
  const parts = core.map(({ rule: { ast } }) => ({ ast, wanted: FALSE as typeof FALSE }));
  return areShortListsEnough([{ ast: target.rule.ast, wanted: TRUE }, ...parts])
    ? shadow(analysis, target, core, LIMIT)
    : undefined;
}

function isFalse({ condition }: ReadRule): Goal {
  return { condition, wanted: FALSE };
}

/** The one rule that covers it alone or, without one, as few as are found quickly. */
function coreOf(rules: readonly ReadRule[], isCovered: (rules: readonly ReadRule[]) => boolean): readonly ReadRule[] {
  const single = rules.find((rule) => isCovered([rule]));
  if (single !== undefined) return [single];
  let core = rules;
  for (let size = core.length >>> 1; size >= 1; size = size >>> 1) {
    for (let start = 0; start < core.length; ) {
      const rest = [...core.slice(0, start), ...core.slice(start + size)];
      if (rest.length > 0 && isCovered(rest)) core = rest;
      else start += size;
    }
    if (size === 1 && core.length <= MAX_NAMED) break;
  }
  return core;
}
