// Formats the result of a mutation test as lines of text.
import type { Policy } from '../../../src/policy/evaluate/rules.js';
import { count, type Paint, shortHash } from '../../terminal.js';
import type { Mutation, Survivor } from './mutate.js';

export function mutationLines(
  paint: Paint,
  file: string,
  { hash }: Policy,
  { cases, changes, survivors }: Mutation,
): readonly string[] {
  const noticed = changes - survivors.length;
  const share = `${Math.floor((100 * noticed) / Math.max(1, changes))} %`;
  const summary = `${count(changes, 'change')} to ${file} ${shortHash(hash)}, ${count(cases, 'case')}: ${noticed} noticed (${share}), ${survivors.length} not`;
  const title = paint('yellow', 'No case notices these changes:');
  return [
    ...(survivors.length === 0 ? [] : [title, '']),
    ...survivors.flatMap((survivor) => [...survivorLines(paint, file, survivor), '']),
    summary,
  ];
}

function survivorLines(paint: Paint, file: string, survivor: Survivor): readonly string[] {
  const { rule, line, column, before, after, excerpt, caret } = survivor;
  const gutter = String(line).padStart(6);
  return [
    `${file}:${line}:${column}${rule === undefined ? '' : `  rule ${paint('bold', rule)}`}`,
    `  ${paint('red', before)} -> ${paint('green', after)}`,
    `${gutter} | ${excerpt}`,
    `${' '.repeat(gutter.length)} | ${' '.repeat(caret)}^`,
  ];
}
