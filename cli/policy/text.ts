// Formats explanations and replays as lines of text.
import type {
  ExplainedChecks,
  Explanation,
  HoldExplanation,
  LimitExplanation,
  RuleExplanation,
} from '../../src/policy/evaluate/explain.js';
import { CHANGED, INTEGRITY, type Policy, type RuleDecision } from '../../src/policy/evaluate/rules.js';
import { LIMIT_PREFIX } from '../../src/policy/limits/limit.js';
import { columns, count, type Paint, paintAction, shortHash } from '../terminal.js';
import type { Explained, LoggedAnswer } from './explained.js';
import type { Change, Replay } from './replay.js';
import { printable } from './table.js';

type Outcome = RuleExplanation['outcome'];

const MARKS: Readonly<Record<Outcome, string>> = {
  matched: 'MATCH',
  no: 'no',
  error: 'ERROR',
  'not asked': '-',
};

export function explainedLines(
  paint: Paint,
  file: string,
  policy: Policy,
  { request: { kind, requestId }, explanation, logged }: Explained,
): readonly string[] {
  return [
    `${kind} ${printable(requestId)}, policy ${file} ${shortHash(policy.hash)}`,
    ...(logged === undefined ? [] : [loggedAt(logged)]),
    '',
    ...explanationLines(paint, policy, explanation),
    ...(logged === undefined ? [] : comparisonLines(paint, logged, explanation.decision)),
  ];
}

function loggedAt({ time, decisions }: LoggedAnswer): string {
  return decisions === 1
    ? `decided ${time}`
    : `decided ${time}, the newest of ${decisions} decisions about it`;
}

/** Whether the policy gives the answer that was logged. */
function comparisonLines(
  paint: Paint,
  { action, rule, policy, same, notLogged }: LoggedAnswer,
  decision: RuleDecision,
): readonly string[] {
  const by = `${rule === undefined ? 'without a rule' : `by ${rule}`}${policy === undefined ? '' : `, policy ${shortHash(policy)}`}`;
  const unknown =
    notLogged.length === 0
      ? []
      : [`${paint('yellow', 'Not certain')}: not all facts are logged: ${notLogged.join(', ')}`];
  const other = decision.rule === rule ? '' : `, now by ${decision.rule}`;
  const outcome = same
    ? `, the same answer${other}`
    : `; ${paint('yellow', 'now it would be')} ${paintAction(paint, decision.action)}`;
  return [`logged: ${paintAction(paint, action)} ${by}${outcome}`, ...unknown];
}

function explanationLines(
  paint: Paint,
  policy: Policy,
  { decision, integrity, warnings, rules, limits, hold }: Explanation,
): readonly string[] {
  const ruleError =
    decision.ruleError === undefined ? '' : `, which could not be evaluated: ${decision.ruleError}`;
  const change = decision.rule === CHANGED ? `: ${decision.reason ?? ''}` : '';
  return [
    ...warnings.map((warning) => `${paint('yellow', 'warning')}  ${warning}`),
    ...(integrity === undefined ? [] : integrityLines(paint, integrity, decision)),
    ...rules.flatMap((rule) => explainedRuleLines(paint, policy, rule)),
    ...limits.flatMap((limit) => explainedLimitLines(paint, limit)),
    ...(hold === undefined ? [] : explainedHoldLines(paint, hold)),
    `${paintAction(paint, decision.action)} by ${decision.rule}${ruleError}${change}`,
  ];
}

/** Checks with the same result share a line. */
function integrityLines(
  paint: Paint,
  checks: ExplainedChecks,
  { rule, verified }: RuleDecision,
): readonly string[] {
  const isRefused = rule === INTEGRITY;
  const style = isRefused ? 'red' : verified === true ? 'green' : 'dim';
  const mark = isRefused ? 'FAIL' : verified === true ? 'ok' : '-';
  const byResult = new Map<string, readonly string[]>();
  for (const [check, { outcome, reason }] of Object.entries(checks)) {
    const result = JSON.stringify([outcome === 'unknown' ? 'can’t be known' : outcome, reason ?? '']);
    byResult.set(result, [...(byResult.get(result) ?? []), check]);
  }
  const rows = columns(
    [...byResult].map(([result, names]) => [names.join(', '), ...(JSON.parse(result) as string[])]),
  );
  return [
    `${paint(style, mark.padEnd(5))}  ${paint('bold', INTEGRITY)}${isRefused ? '  REJECT' : ''}`,
    ...rows.map((row) => `         ${row.trimEnd()}`),
  ];
}

function explainedRuleLines(
  paint: Paint,
  policy: Policy,
  { id, outcome, part, values = {}, error }: RuleExplanation,
): readonly string[] {
  const style = outcome === 'matched' ? 'green' : outcome === 'error' ? 'red' : 'dim';
  const action =
    outcome === 'matched' ? `  ${policy.rules.find((rule) => rule.id === id)?.action ?? ''}` : '';
  const lines = [`${paint(style, MARKS[outcome].padEnd(5))}  ${paint('bold', id)}${action}`];
  if (part !== undefined) lines.push(`         ${outcome === 'error' ? part : resultText(part, outcome)}`);
  lines.push(...valueTexts(values).map((value) => paint('dim', `           ${value}`)));
  if (error !== undefined) lines.push(`         ${paint('red', error)}`);
  return lines;
}

const HOLD_STYLES = { waiting: 'yellow', approved: 'green', rejected: 'red', expired: 'red' } as const;
const HOLD_MARKS = { waiting: 'WAIT', approved: 'ok', rejected: 'NO', expired: 'OVER' } as const;

function explainedHoldLines(paint: Paint, hold: HoldExplanation): readonly string[] {
  const { name, state, quorum, approvals, of, carried, heldBefore, since, expires } = hold;
  const mark = paint(HOLD_STYLES[state], HOLD_MARKS[state].padEnd(5));
  const counted = `${approvals.length} of ${count(quorum, 'approval')}${carried === true ? ', given at the approval' : ''}`;
  const people = of.map((person) => [
    `${person.key} (${person.name})`,
    person.decided === 'no' ? '' : person.decided,
    person.cannot ?? '',
  ]);
  return [
    `${mark}  ${paint('bold', `hold ${name}`)}  ${state}: ${counted}`,
    ...columns(people).map((row) => `         ${row.trimEnd()}`),
    `         ${heldBefore ? `since ${since}; expires ${expires}` : `expires ${hold.expiresMs / 60_000} min after the first try`}, then ${hold.onExpiry}`,
  ];
}

const LIMIT_STYLES = { fits: 'green', over: 'red', error: 'red', 'not concerned': 'dim' } as const;
const LIMIT_MARKS = { fits: 'ok', over: 'OVER', error: 'ERROR', 'not concerned': '-' } as const;

function explainedLimitLines(paint: Paint, limit: LimitExplanation): readonly string[] {
  const { name, outcome } = limit;
  const mark = paint(LIMIT_STYLES[outcome], LIMIT_MARKS[outcome].padEnd(5));
  const title = `${mark}  ${paint('bold', `${LIMIT_PREFIX}${name}`)}`;
  if (outcome === 'not concerned') return [`${title}  does not concern this request`];
  if (outcome === 'error') return [title, `         ${paint('red', limit.error)}`];
  const { key, amount, spent, max } = limit.report;
  const counter = key === '' ? '' : ` in the counter ${printable(key)}`;
  return [title, `         ${spent} of ${max} spent${counter}; this request adds ${amount}`];
}

export function resultText(part: string, outcome: Outcome): string {
  return `${part} is ${outcome === 'matched'}`;
}

export function valueTexts(values: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(values).map(([name, value]) => `${name} = ${value}`);
}

export function replayLines(
  log: string,
  file: string,
  policy: Policy,
  { replayed, changes, notReplayable, skipped, overridden, changed }: Replay,
): readonly string[] {
  const decisions = (number: number): string => count(number, 'decision');
  const lines = [
    `${decisions(replayed)} from ${log} replayed with ${file} ${shortHash(policy.hash)}: ${changes.length} would change`,
  ];
  if (notReplayable.length > 0) {
    lines.push(
      `${decisions(notReplayable.length)} can't be replayed, because facts that the rules read are not logged: ${notReplayable.join(', ')}`,
    );
  }
  if (skipped > 0) lines.push(`${decisions(skipped)} skipped: not made by a rule, or logged without facts`);
  if (overridden > 0) {
    lines.push(
      `${decisions(overridden)} skipped: made by an emergency stop or stale data instead of the policy`,
    );
  }
  if (changed > 0) {
    lines.push(`${decisions(changed)} skipped: by the rule changed, because of what was approved before`);
  }
  if (changes.length > 0) lines.push('', ...changeLines(changes));
  return lines;
}

/** What would be different: how often, and each decision. */
export function changeLines(changes: readonly Change[]): readonly string[] {
  return [...changeCounts(changes), '', ...changeTable(changes)];
}

function changeCounts(changes: readonly Change[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { from, to } of changes) {
    const transition = `${from.action} -> ${to.action}`;
    counts.set(transition, (counts.get(transition) ?? 0) + 1);
  }
  return columns([...counts].map(([transition, times]) => [String(times), transition]));
}

function changeTable(changes: readonly Change[]): readonly string[] {
  return columns([
    ['time', 'requestId', 'was', 'by', 'would be', 'by'],
    ...changes.map(({ time, requestId, from, to }) => [
      ...[time, printable(requestId), from.action, printable(from.rule), to.action],
      ruleText(to),
    ]),
  ]);
}

export function ruleText({ rule, ruleError }: Pick<RuleDecision, 'rule' | 'ruleError'>): string {
  return ruleError === undefined ? rule : `${rule}: ${ruleError}`;
}
