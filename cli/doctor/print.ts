// Prints the doctor's report: one line for each finding, and at the end what to fix next.
import { stripVTControlCharacters } from 'node:util';
import { columns, count, type Output, type Paint, painter } from '../terminal.js';
import type { Finding, State } from './check.js';
import type { CheckResult, Report } from './report.js';

const STYLES: Readonly<Record<State, Parameters<Paint>[0]>> = {
  ok: 'green',
  note: 'dim',
  warning: 'yellow',
  unknown: 'magenta',
  wrong: 'red',
};

/** On a terminal, long lines are broken, and continue below their beginning. In a pipe, each finding is one line. */
export function printReport(stream: Output, report: Report): void {
  const paint = painter(stream);
  const width = stream.isTTY === true ? (stream.columns ?? 80) : Infinity;
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
  const advice = (state === 'warning' || state === 'note') && next !== undefined ? wrap(next, width) : [];
  return [...wrap(text, width), ...advice];
}

function conclusion({ checks, well, next }: Report, paint: Paint, width: number): readonly string[] {
  if (next !== undefined) {
    const { check, problem, next: advice } = next;
    return [
      ...labelled(paint('red', 'Fix next'), `${check}: ${problem}`, width),
      ...(advice === '' ? [] : labelled(paint('bold', 'Next'), advice, width)),
    ];
  }
  const warnings = checks.filter(({ state, hint }) => state === 'warning' && !hint).length;
  const more = warnings === 0 ? '' : `, with ${count(warnings, 'warning')}`;
  return [paint('green', `${well ? 'All is well' : 'Nothing is wrong'}${more}.`)];
}

/** Two labels of the same width. */
function labelled(label: string, text: string, width: number): readonly string[] {
  const indent = 'Fix next  '.length;
  const padding = ' '.repeat(indent - stripVTControlCharacters(label).length);
  return wrap(text, width - indent).map((line, index) =>
    index === 0 ? `${label}${padding}${line}` : `${' '.repeat(indent)}${line}`,
  );
}

/** Breaks a line at spaces; a word that is longer than the width, such as an ARN, stays whole. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.trim().split(' ')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}
