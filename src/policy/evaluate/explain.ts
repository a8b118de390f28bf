// Explains a decision: for each rule, the part of its expression that decided it, and the facts read there.
import type { ASTNode } from '@marcbachmann/cel-js';
import { addressWarnings } from '../../chain/address/canonical.js';
import type { Catalog } from '../../chain/catalog.js';
import type { Signed } from '../../chain/read.js';
import { type CallbackRequest, isObject, present } from '../../protocol/request.js';
import { Address } from '../facts/address.js';
import { Decimal } from '../../protocol/decimal.js';
import { FACT_CLASSES, type Facts } from '../facts/facts.js';
import { CALENDAR, CalendarValue } from '../language/calendar.js';
import { explainError } from '../language/explain-error.js';
import { type Lists, nameIn } from '../language/named-list.js';
import { nodesIn } from '../language/nodes.js';
import { TableValue } from '../language/table.js';
import { write } from '../language/write.js';
import type { Limit } from '../limits/limit.js';
import { fits, type LimitReport, reportOf, type Standings } from '../limits/standing.js';
import { localTime, zonesIn } from './local-time.js';
import { type Memory, NO_MEMORY } from './memory.js';
import type { Hold, HoldReport } from './people.js';
import { basisOf, decideBy, type Policy, type Rule, type RuleDecision, signedBy, tryRule } from './rules.js';

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

/** Where the request stands with one limit. */
export type LimitExplanation = { readonly name: string } & (
  | { readonly outcome: 'fits' | 'over'; readonly report: LimitReport }
  | { readonly outcome: 'error'; readonly error: string }
  | { readonly outcome: 'not concerned' }
);

/** Where the request stands with people. */
export interface HoldExplanation extends HoldReport {
  /** Whether it was held before; otherwise, `since` and `expires` are what they would be now. */
  readonly heldBefore: boolean;
  readonly expiresMs: number;
  readonly onExpiry: Hold['onExpiry'];
  readonly of: readonly {
    /** As in the policy. */
    readonly key: string;
    readonly name: string;
    readonly decided: 'approved' | 'rejected' | 'no';
    /** Why this person's approval does not count, if it does not. */
    readonly cannot?: 'may have initiated the request' | 'has no passkey in the policy';
  }[];
}

/** The outcome of each integrity check, with the reason unless it holds. */
export type ExplainedChecks = Readonly<
  Record<string, { readonly outcome: 'holds' | 'contradicts' | 'unknown'; readonly reason?: string }>
>;

export interface Explanation {
  readonly decision: RuleDecision;
  /** For a transaction: whether it signs what it displays. */
  readonly integrity?: ExplainedChecks;
  /** What looks odd about the request's addresses. */
  readonly warnings: readonly string[];
  /** The rules for this kind of request, in order. */
  readonly rules: readonly RuleExplanation[];
  /** The limits of transactions, in order. */
  readonly limits: readonly LimitExplanation[];
  /** If a rule holds the request. */
  readonly hold?: HoldExplanation;
}

/**
 * @param signed what a transaction signs, if it was read before
 * @param memory what was counted before. @default nothing
 */
export function explain(
  policy: Policy,
  request: CallbackRequest,
  now: Date,
  signed: Signed | undefined = signedBy(policy, request),
  memory: Memory = NO_MEMORY,
): Explanation {
  const decision = decideBy(policy, request, now, signed, undefined, memory);
  const { facts, standings } = basisOf(policy, request, now, signed, memory);
  const rules = policy.rulesFor[request.kind].map((rule, index): RuleExplanation => {
    if (index >= decision.tried.length) return { id: rule.id, outcome: 'not asked' };
    const outcome = tryRule(rule, request, facts);
    const part = decisivePart(rule, facts, rule.ast);
    const context = { rule, facts, lists: policy.named };
    const explained = { id: rule.id, part: write(part), values: valuesIn(context, part) };
    return typeof outcome === 'object'
      ? { ...explained, outcome: 'error', error: outcome.error }
      : { ...explained, outcome: outcome ? 'matched' : 'no' };
  });
  const hold = explainHold(policy, decision, memory);
  return {
    decision,
    ...(hold !== undefined && { hold }),
    ...(signed !== undefined && { integrity: signed.findings }),
    warnings: warningsAbout(request, policy.catalog),
    rules,
    limits: standings === undefined ? [] : policy.limits.map((limit) => explainLimit(standings, limit)),
  };
}

function explainHold(
  { holds, approvers }: Policy,
  { hold: report }: RuleDecision,
  { people }: Memory,
): HoldExplanation | undefined {
  const hold = holds.get(report?.name ?? '');
  if (report === undefined || hold === undefined) return undefined;
  const of = hold.of.map((key): HoldExplanation['of'][number] => {
    const { name, passkeys = [] } = approvers.get(key) ?? { name: key };
    const cannot =
      report.excluded?.includes(key) === true
        ? 'may have initiated the request'
        : passkeys.length === 0
          ? 'has no passkey in the policy'
          : undefined;
    const decided =
      report.rejectedBy === key ? 'rejected' : report.approvals.includes(key) ? 'approved' : 'no';
    return { key, name, decided, ...(cannot !== undefined && { cannot }) };
  });
  const { expiresMs, onExpiry } = hold;
  return { ...report, heldBefore: people.since !== undefined, expiresMs, onExpiry, of };
}

function explainLimit(standings: Standings, limit: Limit): LimitExplanation {
  const { name } = limit;
  const standing = standings.of(limit);
  if (standing === undefined) return { name, outcome: 'not concerned' };
  if ('error' in standing) return { name, outcome: 'error', error: standing.error };
  return { name, outcome: fits(standing) ? 'fits' : 'over', report: reportOf(standing) };
}

/** The fields with addresses: of a transaction, and of each of its destinations. */
const ADDRESS_FIELDS = ['displayDstAddress', 'dstAddress'];

function warningsAbout({ kind, payload }: CallbackRequest, { assets }: Catalog): readonly string[] {
  if (kind !== 'transaction') return [];
  const { asset, destAddress, destinations } = payload;
  const chain = typeof asset === 'string' ? assets.get(asset)?.chain : undefined;
  const listed = (Array.isArray(destinations) ? destinations : []).flatMap((destination: unknown, index) =>
    isObject(destination)
      ? ADDRESS_FIELDS.map((field) => [`destinations[${index}].${field}`, destination[field]] as const)
      : [],
  );
  return [['destAddress', destAddress] as const, ...listed].flatMap(([field, address]) =>
    typeof address === 'string' && present(address) !== undefined
      ? addressWarnings(address, chain).map((warning) => `${field}: ${warning}`)
      : [],
  );
}

/** The smallest part that makes the whole expression true, false or an error. */
function decisivePart(rule: Rule, facts: Facts, node: ASTNode): ASTNode {
  if (node.op !== '&&' && node.op !== '||') return node;
  const [left, right] = node.args;
  const decisive = node.op === '||';
  const leftResult = resultOf(rule, facts, write(left));
  if (leftResult === undefined || leftResult === decisive) return decisivePart(rule, facts, left);
  const rightResult = resultOf(rule, facts, write(right));
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

const VARIABLES = ['tx', 'config', 'now', 'tables', 'limits'];

/** What values are read from. */
interface Context {
  readonly rule: Rule;
  readonly facts: Facts;
  /** Give addresses their names. */
  readonly lists: Lists;
}

function valuesIn(context: Context, part: ASTNode): Record<string, string> {
  const values: Record<string, string> = {};
  const addValue = (source: string): void => {
    values[source] ??= valueOf(context, source);
  };
  for (const node of nodesIn(part)) {
    if (node.op === 'id' && node.args === 'now') values['now'] ??= timeIn(context, part);
    if (node.op === 'call' && Object.hasOwn(CALENDAR, node.args[0])) addValue(write(node));
    if (isFact(node, part)) addValue(write(node));
    if (node.op === 'rcall' && DECISIVE_RESULTS.has(node.args[0])) {
      elementFacts(context, node.args).forEach(addValue);
    }
  }
  return values;
}

/** In UTC, and as in the time zones that the part reads it in. */
function timeIn({ facts }: Context, part: ASTNode): string {
  const { now } = facts;
  if (!(now instanceof Date)) return '';
  return [now.toISOString(), ...zonesIn(part).map((zone) => localTime(now, zone))].join('; ');
}

/** `tx.asset`, and `tx.call.args.amount` as a whole; an object of facts alone says nothing. */
function isFact(node: ASTNode, part: ASTNode): boolean {
  if ((node.op !== '.' && node.op !== '[]') || !startsWithVariable(node)) return false;
  return ![...nodesIn(part)].some(
    (outer) => (outer.op === '.' || outer.op === '[]') && outer.args[0] === node,
  );
}

function startsWithVariable(node: ASTNode): boolean {
  if (node.op === '.' || node.op === '[]') return startsWithVariable(node.args[0]);
  return node.op === 'id' && VARIABLES.includes(node.args);
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
  { rule, facts }: Context,
  [name, list, [variable, predicate]]: readonly [string, ASTNode, readonly ASTNode[]],
): readonly string[] {
  if (variable?.op !== 'id' || predicate === undefined) return [];
  const receiver = write(list);
  const size = Number(resultOf(rule, facts, `size(${receiver})`) ?? 0);
  const elements = Array.from({ length: size }, (_, index) => `${receiver}[${index}]`);
  const decisive = elements.find((element) => {
    const result = resultOf(rule, facts, `[${element}].exists(${variable.args}, ${write(predicate)})`);
    return result === undefined || result === DECISIVE_RESULTS.get(name);
  });
  const isVariable = (node: ASTNode): boolean => node.op === 'id' && node.args === variable.args;
  const read = [...nodesIn(predicate)].flatMap((node) => {
    if (node.op === '.' && isVariable(node.args[0])) return [node.args[1]];
    // What `d in lists.payees` compares.
    return node.op === 'in' && isVariable(node.args[0]) ? ['address', 'tag'] : [];
  });
  const shown = decisive === undefined ? elements.slice(0, MAX_ELEMENTS) : [decisive];
  return shown.flatMap((element) => read.map((fact) => `${element}.${fact}`));
}

function valueOf({ rule, facts, lists }: Context, source: string): string {
  try {
    return show(rule.evaluatePart(source, facts), lists);
  } catch (error) {
    return explainError(error).replace(`${source} is `, '');
  }
}

/** Maximum length of a displayed value, in characters. */
const MAX_SHOWN = 120;

function show(value: unknown, lists: Lists): string {
  if (value instanceof Decimal) return value.toFixed();
  if (value instanceof Address) {
    const name = nameIn(lists, value);
    return name === undefined ? value.normalized : `${value.normalized} (${name})`;
  }
  if (value instanceof TableValue || value instanceof CalendarValue) return value.text;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return entries(value.length);
  if (value instanceof Map) return entries(value.size);
  if (isFactObject(value)) return 'present';
  const json = JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'bigint' ? String(inner) : inner,
  );
  return json.length > MAX_SHOWN ? `${json.slice(0, MAX_SHOWN)}…` : json;
}

function entries(count: number): string {
  return count === 1 ? '1 entry' : `${count} entries`;
}

function isFactObject(value: unknown): boolean {
  return Object.values(FACT_CLASSES).some(({ ctor }) => value instanceof ctor);
}
