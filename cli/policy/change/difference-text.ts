// Shows the difference between two policies to a person.
import { count, type Paint } from '../../terminal.js';
import {
  type ChangedRule,
  type Difference,
  isWithoutEffect,
  type RuleText,
  type SectionDifference,
} from './difference.js';

/** Entries of a section that are shown; `--json` has all of them. */
const MAX_ENTRIES = 20;

/** Sections that are summed up one by one: what differs stands below anyway. */
const MAX_SUMMED_UP = 2;

/** @returns one line, such as `1 rule added, 2 changed; list payees: 1 entry added` */
export function summaryOf(difference: Difference): string {
  if (isWithoutEffect(difference)) return 'nothing that decides: only comments or the layout';
  const { added, removed, changed, moved } = difference.rules;
  const rules = [
    [added.length, 'added'],
    [removed.length, 'removed'],
    [changed.length, 'changed'],
    [moved.length, 'moved'],
  ] as const;
  const parts = rules
    .filter(([number]) => number > 0)
    .map(([number, verb]) => `${count(number, 'rule')} ${verb}`);
  const { sections } = difference;
  return [
    ...(parts.length === 0 ? [] : [parts.join(', ')]),
    ...(sections.length > MAX_SUMMED_UP
      ? [`${sections.length} other sections differ`]
      : sections.map((section) => `${section.section}: ${sectionSummary(section)}`)),
  ].join('; ');
}

function sectionSummary({ change, added, removed, changed }: SectionDifference): string {
  const parts = [
    ...(added.length > 0 ? [`${count(added.length, 'entry', 'entries')} added`] : []),
    ...(removed.length > 0 ? [`${count(removed.length, 'entry', 'entries')} removed`] : []),
    ...(changed.length > 0 ? [`${count(changed.length, 'entry', 'entries')} changed`] : []),
  ];
  if (change === 'changed') return parts.join(', ');
  const number = change === 'added' ? added.length : removed.length;
  return `${change === 'added' ? 'new' : 'gone'}, with ${count(number, 'entry', 'entries')}`;
}

/** @returns a line for each change: `+` added, `-` removed, `~` changed or moved */
export function differenceLines(paint: Paint, { rules, sections }: Difference): readonly string[] {
  const added = (line: string): string => paint('green', `+ ${line}`);
  const removed = (line: string): string => paint('red', `- ${line}`);
  const changed = (line: string): string => paint('yellow', `~ ${line}`);
  return [
    ...rules.added.flatMap((rule) => [added(`rule ${titleOf(rule)}`), ...bodyOf(rule)]),
    ...rules.removed.flatMap((rule) => [removed(`rule ${titleOf(rule)}`), ...bodyOf(rule)]),
    ...rules.changed.flatMap((rule) => [changed(`rule ${rule.id}`), ...changesOf(paint, rule)]),
    ...rules.moved.map(({ id, before, after }) =>
      changed(`rule ${id} moved from position ${before} to ${after}`),
    ),
    ...sections.flatMap((section) => [
      `${section.section}: ${sectionSummary(section)}`,
      ...entryLines(section, { added, removed, changed }).map((line) => `  ${line}`),
    ]),
  ];
}

function titleOf({ id, position, for: kind, action }: RuleText): string {
  return `${id}  ${action}, for ${kind}, at position ${position}`;
}

function bodyOf({ when, reason }: RuleText): readonly string[] {
  return [`    when: ${oneLine(when)}`, ...(reason === undefined ? [] : [`    reason: ${oneLine(reason)}`])];
}

function changesOf(paint: Paint, { changes }: ChangedRule): readonly string[] {
  return changes.flatMap(({ field, before, after }) => [
    paint('red', `    - ${field}: ${oneLine(before ?? 'none')}`),
    paint('green', `    + ${field}: ${oneLine(after ?? 'none')}`),
  ]);
}

type Marks = Readonly<Record<'added' | 'removed' | 'changed', (line: string) => string>>;

function entryLines({ added, removed, changed }: SectionDifference, marks: Marks): readonly string[] {
  const lines = [
    ...added.map(({ key, value }) => marks.added(entryText(key, value))),
    ...removed.map(({ key, value }) => marks.removed(entryText(key, value))),
    ...changed.map(({ key, before, after }) =>
      marks.changed(`${key}: ${before || 'none'} -> ${after || 'none'}`),
    ),
  ];
  if (lines.length <= MAX_ENTRIES) return lines;
  return [...lines.slice(0, MAX_ENTRIES), `… and ${lines.length - MAX_ENTRIES} more; --json shows all`];
}

function entryText(key: string, value: string): string {
  return value === '' ? key : `${key}: ${value}`;
}

/** Expressions may be written on several lines. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
