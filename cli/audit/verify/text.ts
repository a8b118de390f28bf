// Formats a verification as lines of text.
import { printable } from '../../policy/table.js';
import { columns, count, type Paint } from '../../terminal.js';
import type { Verification } from './verify.js';

/** How many problems are shown. */
const MAX_SHOWN = 20;

export function verificationLines(
  paint: Paint,
  store: string,
  verification: Verification,
): readonly string[] {
  const { writers, records, decisions, problemCount, problems } = verification;
  const summary = `${store}: ${count(records, 'record')} of ${count(writers, 'writer')}, ${count(decisions, 'decision')}`;
  const lines = [summary, ...columns(checkRows(verification)).map((line) => `  ${line}`)];
  if (problemCount === 0) return [...lines, `${paint('green', 'ok')}  every record is as it was written`];
  const rows = problems
    .slice(0, MAX_SHOWN)
    .map(({ writer, sequence, what, message }) => [
      printable(writer),
      String(sequence),
      what,
      printable(message),
    ]);
  const more =
    problemCount > rows.length ? [`… and ${problemCount - rows.length} more: --json shows them`] : [];
  return [
    ...lines,
    '',
    `${paint('red', 'FAIL')}  ${count(problemCount, 'problem')}`,
    ...columns([['writer', 'record', 'what', ''], ...rows]).map((line) => `  ${line.trimEnd()}`),
    ...more,
  ];
}

function checkRows(verification: Verification): readonly (readonly string[])[] {
  const { signatures, assertions, repeated, notRepeated, answers, outlivedAnswers, sealedHeads, accepted } =
    verification;
  return [
    ['signatures', `${signatures} verified`],
    ...(assertions === 0 ? [] : [['people', `${count(assertions, 'assertion')} verified`]]),
    ['decisions', `${repeated} repeated with their policy`],
    ...Object.entries(notRepeated).map(([reason, number]) => ['', `${number} not repeated: ${reason}`]),
    ['answers', `${answers} stored`],
    ...(outlivedAnswers === 0 ? [] : [['', `${outlivedAnswers} of records that have expired: not proven`]]),
    ['heads', sealedHeads === undefined ? 'not compared: give --archive' : `${sealedHeads} sealed, compared`],
    ...(accepted.length === 0 ? [] : [['accepted', `lost records of ${accepted.join(', ')}`]]),
  ];
}
