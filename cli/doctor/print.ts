// Prints the doctor's report: one line for each finding, and at the end what to fix next.
import {
  adviceLines,
  columns,
  count,
  labelled,
  type Output,
  type Paint,
  painter,
  widthOf,
  wrap,
} from '../terminal.js';
import type { Finding, State } from './check.js';
import type { CheckResult, Report } from './report.js';

const STYLES: Readonly<Record<State, Parameters<Paint>[0]>> = {
  ok: 'green',
  note: 'dim',
  warning: 'yellow',
  unknown: 'magenta',
  wrong: 'red',
};

/** Of what follows the labels at the end. */
const INDENT = 'Fix next  '.length;

/** On a terminal, long lines are broken, and continue below their beginning. In a pipe, they are not. */
export function printReport(stream: Output, report: Report): void {
  const paint = painter(stream);
  const width = widthOf(stream);
  const { environment, account, region, endpoint, checks } = report;
  const emulator = endpoint === undefined ? '' : `, at ${endpoint} (an emulator)`;
  const lines = [
    `${environment}, account ${account}, ${region}${emulator}`,
    '',
    ...checkLines(checks, paint, width),
    '',
    ...conclusion(report, paint, width),
  ];
  stream.write(`${lines.join('\n')}\n`);
}

function checkLines(checks: readonly CheckResult[], paint: Paint, width: number): readonly string[] {
  const rows = checks.flatMap(({ check, findings }) =>
    findings.map((finding, index) => ({ name: index === 0 ? check : '', finding })),
  );
  const heads = columns([...rows.map(({ name, finding }) => [finding.state, name, '']), ['unknown', '', '']]);
  return rows.flatMap(({ finding }, index) => {
    const head = heads[index] ?? '';
    const [first = '', ...more] = textLines(finding, width - head.length);
    const painted = head.replace(finding.state, paint(STYLES[finding.state], finding.state));
    const indent = ' '.repeat(head.length);
    return [`${painted}${first}`, ...more.map((line) => `${indent}${paint('dim', line)}`)];
  });
}

/** What to do about a warning stands below it; about what is wrong, only the first matters, and stands at the end. */
function textLines({ state, text, next }: Finding, width: number): readonly string[] {
  const advice =
    (state === 'warning' || state === 'note') && next !== undefined ? adviceLines(next, width) : [];
  return [...wrap(text, width), ...advice];
}

function conclusion({ checks, well, next }: Report, paint: Paint, width: number): readonly string[] {
  if (next !== undefined) {
    const { check, problem, next: advice } = next;
    const rest = width - INDENT;
    return [
      ...labelled(paint('red', 'Fix next'), wrap(`${check}: ${problem}`, rest), INDENT),
      ...(advice === '' ? [] : labelled(paint('bold', 'Next'), adviceLines(advice, rest), INDENT)),
    ];
  }
  const warnings = checks.filter(({ state, hint }) => state === 'warning' && !hint).length;
  const more = warnings === 0 ? '' : `, with ${count(warnings, 'warning')}`;
  return [paint('green', `${well ? 'All is well' : 'Nothing is wrong'}${more}.`)];
}
