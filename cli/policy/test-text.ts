// Formats the results of test cases as lines of text.
import { CHANGED, INTEGRITY, type Policy } from '../../src/policy/evaluate/rules.js';
import { columns, count, type Paint, shortHash } from '../terminal.js';
import type { CaseResult, RuleCoverage, TestRun } from './cases.js';
import { tableLines } from './table.js';
import { resultText, ruleText, valueTexts } from './text.js';

export function testRunLines(
  paint: Paint,
  policy: Policy,
  { results, unmatched, coverage }: TestRun,
): readonly string[] {
  const rows = columns(results.map(({ name, got }) => [name, got.action, got.rule]));
  const lines = results.flatMap((result, index) => {
    const mark = result.passed ? paint('green', 'ok    ') : paint('red', 'FAILED');
    return [`${mark}  ${rows[index]}`, ...(result.passed ? [] : failureLines(paint, result))];
  });
  lines.push('', ...coverageLines(paint, coverage));
  if (unmatched.length > 0) lines.push('', `${paint('yellow', 'Never matched')}  ${unmatched.join(', ')}`);
  const failed = results.filter(({ passed }) => !passed).length;
  const total = policy.rules.length;
  const outcome = `${results.length - failed} passed, ${failed} failed`;
  lines.push(
    '',
    `${count(results.length, 'case')}, policy ${shortHash(policy.hash)}: ${outcome}; ${total - unmatched.length} of ${count(total, 'rule')} matched`,
  );
  return lines;
}

/** In how many cases each rule matched, and in how many it was tried and did not. */
function coverageLines(paint: Paint, coverage: readonly RuleCoverage[]): readonly string[] {
  const hasFailures = coverage.some(({ failed }) => failed > 0);
  const rows = coverage.map(({ rule, matched, notMatched, failed }) => [
    ...[rule, String(matched), String(notMatched)],
    ...(hasFailures ? [String(failed)] : []),
  ]);
  const headers = ['rule', 'matched', 'did not match', ...(hasFailures ? ['could not be evaluated'] : [])];
  const [header = '', ...lines] = tableLines([headers, ...rows], [1, 2, 3]);
  return [
    paint('bold', header),
    ...lines.map((line, index) => (coverage[index]?.matched === 0 ? paint('yellow', line) : line)),
  ];
}

function failureLines(paint: Paint, { expected, got, explanation }: CaseResult): readonly string[] {
  const comparison = columns([
    [paint('green', '- expected'), expected.action, expected.rule ?? 'any rule'],
    [paint('red', '+ got     '), got.action, ruleText(got)],
  ]);
  // Why the expected rule did not match or, if an earlier rule decided, why that one did.
  const evaluated = explanation?.rules.filter(({ part }) => part !== undefined) ?? [];
  const reason =
    evaluated.find(({ id }) => id === expected.rule && id !== got.rule) ??
    evaluated.find(({ id }) => id === got.rule);
  const lines = comparison.map((row) => `          ${row}`);
  if (got.rule === INTEGRITY || got.rule === CHANGED) {
    lines.push(paint('dim', `          ${got.rule}: ${got.reason ?? ''}`));
  }
  if (reason?.part !== undefined && reason.outcome !== 'error') {
    const facts = [resultText(reason.part, reason.outcome), ...valueTexts(reason.values ?? {})];
    lines.push(paint('dim', `          ${reason.id}: ${facts.join('; ')}`));
  }
  return lines;
}
