// Explains a decision: for each rule, the part of its expression that decided it, and the facts read there.
import { type ASTNode, serialize } from '@marcbachmann/cel-js';
import type { CallbackRequest } from '../../protocol/request.js';
import { Address } from '../facts/address.js';
import { Decimal } from '../../protocol/decimal.js';
import { type Facts, factsOf } from '../facts/facts.js';
import { explainError } from '../language/explain-error.js';
import { nodesIn } from '../language/nodes.js';
import { decideBy, type Policy, type Rule, type RuleDecision, tryRule } from './rules.js';

export interface RuleExplanation {
  readonly id: string;
  /** `not asked`: not evaluated, because an earlier rule decided. */
  readonly outcome: 'matched' | 'no' | 'error' | 'not asked';
  /** The part of the expression that decided the outcome. */
  readonly part?: string;
  /** The facts that this part reads, with their values. */
  readonly values?: Readonly<Record<string, string>>;
  readonly error?: string;
}

export interface Explanation {
  readonly decision: RuleDecision;
  /** The rules for this kind of request, in order. */
  readonly rules: readonly RuleExplanation[];
}

export function explain(policy: Policy, request: CallbackRequest, now: Date): Explanation {
  const decision = decideBy(policy, request, now);
  const facts = factsOf(request, now);
  const rules = policy.rulesFor[request.kind].map((rule, index): RuleExplanation => {
    if (index >= decision.tried.length) return { id: rule.id, outcome: 'not asked' };
    const outcome = tryRule(rule, request, facts);
    const part = decisivePart(rule, facts, rule.ast);
    const explained = { id: rule.id, part: serialize(part), values: valuesIn(rule, facts, part) };
    return typeof outcome === 'object'
      ? { ...explained, outcome: 'error', error: outcome.error }
      : { ...explained, outcome: outcome ? 'matched' : 'no' };
  });
  return { decision, rules };
}

/** The smallest part that makes the whole expression true, false or an error. */
function decisivePart(rule: Rule, facts: Facts, node: ASTNode): ASTNode {
  if (node.op !== '&&' && node.op !== '||') return node;
  const [left, right] = node.args;
  const decisive = node.op === '||';
  const leftResult = resultOf(rule, facts, serialize(left));
  if (leftResult === undefined || leftResult === decisive) return decisivePart(rule, facts, left);
  const rightResult = resultOf(rule, facts, serialize(right));
  return rightResult === undefined || rightResult === decisive ? decisivePart(rule, facts, right) : node;
}

/** @returns `undefined` if the expression can't be evaluated */
function resultOf(rule: Rule, facts: Facts, source: string): unknown {
  try {
    return rule.evaluatePart(source, facts);
  } catch {
    return undefined;
  }
}

const VARIABLES = ['tx', 'config', 'now'];

function valuesIn(rule: Rule, facts: Facts, part: ASTNode): Record<string, string> {
  const values: Record<string, string> = {};
  const addValue = (source: string): void => {
    values[source] ??= valueOf(rule, facts, source);
  };
  for (const node of nodesIn(part)) {
    if (node.op === 'id' && node.args === 'now') addValue('now');
    if (node.op === '.' && node.args[0].op === 'id' && VARIABLES.includes(node.args[0].args)) {
      addValue(serialize(node));
    }
    if (node.op === 'rcall' && DECISIVE_RESULTS.has(node.args[0])) {
      elementFacts(rule, facts, node.args).forEach(addValue);
    }
  }
  return values;
}

/** List macros, with the element result that decides the result for the whole list. */
const DECISIVE_RESULTS = new Map([
  ['exists', true],
  ['all', false],
]);

/** Number of elements shown if no single element decides the result. */
const MAX_ELEMENTS = 3;

/**
 * The facts that `list.exists(d, …)` or `list.all(d, …)` read in the element that decides the result, or in the first
 * few.
 */
function elementFacts(
  rule: Rule,
  facts: Facts,
  [name, list, [variable, predicate]]: readonly [string, ASTNode, readonly ASTNode[]],
): readonly string[] {
  if (variable?.op !== 'id' || predicate === undefined) return [];
  const receiver = serialize(list);
  const size = Number(resultOf(rule, facts, `size(${receiver})`) ?? 0);
  const elements = Array.from({ length: size }, (_, index) => `${receiver}[${index}]`);
  const decisive = elements.find((element) => {
    const result = resultOf(rule, facts, `[${element}].exists(${variable.args}, ${serialize(predicate)})`);
    return result === undefined || result === DECISIVE_RESULTS.get(name);
  });
  const read = [...nodesIn(predicate)].flatMap((node) =>
    node.op === '.' && node.args[0].op === 'id' && node.args[0].args === variable.args ? [node.args[1]] : [],
  );
  const shown = decisive === undefined ? elements.slice(0, MAX_ELEMENTS) : [decisive];
  return shown.flatMap((element) => read.map((fact) => `${element}.${fact}`));
}

function valueOf(rule: Rule, facts: Facts, source: string): string {
  try {
    return show(rule.evaluatePart(source, facts));
  } catch (error) {
    return explainError(error).replace(`${source} is `, '');
  }
}

/** Maximum length of a displayed value, in characters. */
const MAX_SHOWN = 120;

function show(value: unknown): string {
  if (value instanceof Decimal) return value.toFixed();
  if (value instanceof Address) return value.normalized;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.length === 1 ? '1 entry' : `${value.length} entries`;
  const json = JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'bigint' ? String(inner) : inner,
  );
  return json.length > MAX_SHOWN ? `${json.slice(0, MAX_SHOWN)}…` : json;
}
