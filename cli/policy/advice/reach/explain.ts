// Says why a rule is never reached, and what to do about it.
import { type ASTNode, serialize } from '@marcbachmann/cel-js';
import type { Analysis, ReadRule } from './analysis.js';
import { compile } from './compile.js';
import { TRUE } from './condition.js';
import type { Goal } from './solve.js';

/** A rule that decides about no request. */
export interface Unreachable {
  /** Id of the rule. */
  readonly rule: string;
  readonly why: string;
  /** What to do. */
  readonly advice: string;
}

/** A rule whose condition is never true. */
export function contradiction(analysis: Analysis, { rule }: ReadRule, limit: number): Unreachable {
  const isIgnored = rule.action === 'IGNORE' && rule.for === 'transaction';
  const parts = conjunctsOf(rule.ast).map((node) => {
    const goal: Goal = { condition: compile(node, analysis.scope), wanted: TRUE };
    return { text: show(node), goal };
  });
  const isImpossible = (some: typeof parts): boolean =>
    analysis.isImpossible(
      some.map(({ goal }) => goal),
      limit,
    );
  if (isIgnored && !isImpossible(parts)) {
    return {
      rule: rule.id,
      why: 'never decides: it matches only requests at the signing stage, and those can’t be ignored',
      advice: `use another action, or write tx.stage == "approval"`,
    };
  }
  let core = parts;
  for (const part of parts) {
    const rest = core.filter((other) => other !== part);
    if (rest.length > 0 && isImpossible(rest)) core = rest;
  }
  return { rule: rule.id, ...reasonFor(core.map(({ text }) => text)) };
}

function reasonFor(texts: readonly string[]): Pick<Unreachable, 'why' | 'advice'> {
  const [only = 'false'] = texts;
  const advice = 'correct the condition, or delete the rule';
  if (texts.length > 1) {
    const together = texts.length === 2 ? 'can’t both be true' : 'can’t all be true';
    return { why: `never matches: ${inWords(texts)} ${together}`, advice };
  }
  if (only === 'false' || only === '!true')
    return {
      why: 'never matches: the condition is always false',
      advice: 'delete the rule, or write its condition',
    };
  if (/^[\w.]+ == ""$|^"" == [\w.]+$/.test(only)) {
    const fact = only.replace(/ == ""$|^"" == /, '');
    return { why: `never matches: an empty ${fact} counts as absent`, advice: `write !has(${fact})` };
  }
  const list = / in (lists\.\w+)$/.exec(only)?.[1];
  return {
    why: `never matches: ${only} is never true${list === undefined ? '' : `; is ${list} empty?`}`,
    advice,
  };
}

/** A rule before which others decide. */
export function shadow(
  analysis: Analysis,
  target: ReadRule,
  earlier: readonly ReadRule[],
  limit: number,
): Unreachable {
  const ids = earlier.map(({ rule }) => rule.id);
  const [first] = earlier;
  const always = earlier.find(({ condition }) => condition.kind === 'constant' && condition.outcome === TRUE);
  const { rule } = target;
  if (always !== undefined || first === undefined) {
    const what = rule.for === 'transaction' ? 'transaction' : 'configuration change';
    const id = always?.rule.id ?? '';
    const why = `never reached: rule ${id} ("${always?.rule.when ?? ''}") before it matches every ${what}`;
    return { rule: rule.id, why, advice: adviceFor(target, [id], always === undefined ? [] : [always]) };
  }
  const matches: Goal = { condition: analysis.matching(target), wanted: TRUE };
  const canMatch = earlier.map(
    (each) => !analysis.isImpossible([matches, { condition: each.condition, wanted: TRUE }], limit),
  );
  const names = earlier.length === 1 ? `rule ${inWords(ids)}` : `the rules ${inWords(ids)}`;
  if (!canMatch.includes(true)) {
    const why = `never reached: ${names} before it can’t be evaluated for any request that it matches`;
    return {
      rule: rule.id,
      why,
      advice: `check in ${inWords(ids)} with has() first, or move this rule before ${ids[0] ?? ''}`,
    };
  }
  const verb = canMatch.includes(false) ? 'decided by, or fails in,' : 'decided by';
  const why = `never reached: every request that it matches is ${verb} ${names} before it`;
  return { rule: rule.id, why, advice: adviceFor(target, ids, earlier) };
}

function adviceFor({ rule }: ReadRule, ids: readonly string[], earlier: readonly ReadRule[]): string {
  const isSame = earlier.every((each) => each.rule.action === rule.action && each.rule.hold === rule.hold);
  const first = ids[0] ?? '';
  if (isSame) return `delete it: ${inWords(ids)} already ${ids.length === 1 ? 'does' : 'do'} the same`;
  const rest = ids.length === 1 ? first : 'them';
  return `move it before ${first}, or make ${rest} match less, or delete it`;
}

function conjunctsOf(node: ASTNode): readonly ASTNode[] {
  return node.op === '&&' ? node.args.flatMap(conjunctsOf) : [node];
}

/** As written, but `10` for `decimal("10")`. */
function show(node: ASTNode): string {
  return serialize(node).replace(/decimal\("([^"]*)"\)/g, '$1');
}

function inWords(texts: readonly string[]): string {
  if (texts.length < 2) return texts.join('');
  return `${texts.slice(0, -1).join(', ')} and ${texts.at(-1) ?? ''}`;
}
