// Why a policy decides as it does: each rule with the part of its expression that settled it, and the facts read there.
import { type ASTNode, serialize } from '@marcbachmann/cel-js';
import type { CallbackRequest } from '../../protocol/request.js';
import { Address } from '../facts/address.js';
import { Decimal } from '../facts/decimal.js';
import { factsOf } from '../facts/facts.js';
import { nodesIn } from '../language/expression-problems.js';
import { explainError, type Facts } from '../language/language.js';
import { decideBy, type Policy, type Rule, type RuleDecision, tryRule } from './rules.js';

export interface RuleExplanation {
  readonly id: string;
  /** `not asked`: an earlier rule had decided. */
  readonly outcome: 'matched' | 'no' | 'error' | 'not asked';
  /** The part that settled it. */
  readonly part?: string;
  /** What that part read: expressions with their values, as text. */
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

/** The smallest part that makes the whole true, false or an error. */
function decisivePart(rule: Rule, facts: Facts, node: ASTNode): ASTNode {
  if (node.op !== '&&' && node.op !== '||') return node;
  const [left, right] = node.args;
  const settling = node.op === '||';
  const leftResult = resultOf(rule, facts, serialize(left));
  if (leftResult === undefined || leftResult === settling) return decisivePart(rule, facts, left);
  const rightResult = resultOf(rule, facts, serialize(right));
  return rightResult === undefined || rightResult === settling ? decisivePart(rule, facts, right) : node;
}

/** `undefined` when it can't be evaluated. */
function resultOf(rule: Rule, facts: Facts, source: string): unknown {
  try {
    return rule.evaluatePart(source, facts);
  } catch {
    return undefined;
  }
}

const ROOTS = ['tx', 'config', 'now'];

function valuesIn(rule: Rule, facts: Facts, part: ASTNode): Record<string, string> {
  const values: Record<string, string> = {};
  const read = (source: string): void => {
    values[source] ??= valueOf(rule, facts, source);
  };
  for (const node of nodesIn(part)) {
    if (node.op === 'id' && node.args === 'now') read('now');
    if (node.op === '.' && node.args[0].op === 'id' && ROOTS.includes(node.args[0].args))
      read(serialize(node));
    if (node.op === 'rcall' && QUANTIFIERS.has(node.args[0])) {
      readInElements(rule, facts, node.args).forEach(read);
    }
  }
  return values;
}

/** Each with the result of one element that settles it. */
const QUANTIFIERS = new Map([
  ['exists', true],
  ['all', false],
]);

/** Elements shown where none settled it by itself. */
const MAX_ELEMENTS = 3;

/** What `list.exists(d, …)` or `list.all(d, …)` read of the element that settled it, or of the first ones. */
function readInElements(
  rule: Rule,
  facts: Facts,
  [name, list, [variable, predicate]]: readonly [string, ASTNode, readonly ASTNode[]],
): readonly string[] {
  if (variable?.op !== 'id' || predicate === undefined) return [];
  const receiver = serialize(list);
  const size = Number(resultOf(rule, facts, `size(${receiver})`) ?? 0);
  const elements = Array.from({ length: size }, (_, index) => `${receiver}[${index}]`);
  const settling = elements.find((element) => {
    const result = resultOf(rule, facts, `[${element}].exists(${variable.args}, ${serialize(predicate)})`);
    return result === undefined || result === QUANTIFIERS.get(name);
  });
  const read = [...nodesIn(predicate)].flatMap((node) =>
    node.op === '.' && node.args[0].op === 'id' && node.args[0].args === variable.args ? [node.args[1]] : [],
  );
  return (settling === undefined ? elements.slice(0, MAX_ELEMENTS) : [settling]).flatMap((element) =>
    read.map((fact) => `${element}.${fact}`),
  );
}

function valueOf(rule: Rule, facts: Facts, source: string): string {
  try {
    return show(rule.evaluatePart(source, facts));
  } catch (error) {
    return explainError(error).replace(`${source} is `, '');
  }
}

const MAX_SHOWN = 120;

function show(value: unknown): string {
  if (value instanceof Decimal) return value.toFixed();
  if (value instanceof Address) return value.normalized;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return `${value.length} of them`;
  const text = JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'bigint' ? String(inner) : inner,
  );
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
