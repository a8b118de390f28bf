// Formats a report for people: tables, with bars on a terminal.
import type { Decimal } from '../../../src/protocol/decimal.js';
import { ACTIONS } from '../../../src/protocol/decision.js';
import { count, type Paint, shortHash } from '../../terminal.js';
import { printable, shortened, tableLines } from '../table.js';
import { type Bar, barLine, MIN_BAR } from './bars.js';
import type { Column, Group } from './groups.js';
import type { Report, Table } from './report.js';

/** Where a report is shown. */
export interface Screen {
  readonly paint: Paint;
  /** Width of the terminal; `undefined` if the output is no terminal, which gets no bars. */
  readonly width: number | undefined;
}

export function reportLines(screen: Screen, report: Report): readonly string[] {
  const { source, zone, totals, tables, neverMatched } = report;
  const { decisions, first, last } = totals;
  const period = decisions === 0 ? '' : ` from ${first} to ${last}`;
  const zoned = zone === 'UTC' ? '' : `; days in ${zone}`;
  const lines = [`${count(decisions, 'decision')}${period}, ${printable(source)}${zoned}`];
  if (decisions > 0) {
    for (const table of tables) lines.push('', ...groupLines(screen, table));
    lines.push('', ...policyLines(screen, report));
  }
  if (neverMatched !== undefined) {
    const { policy, rules } = neverMatched;
    const names = rules.length === 0 ? 'none' : rules.join(', ');
    lines.push(
      '',
      `${screen.paint('bold', 'Rules that never matched')}, of policy ${shortHash(policy)}: ${names}`,
    );
  }
  return [...lines, ...attentionLines(screen, report), ...candidateLines(screen, report)];
}

/** CSV and JSON have all. */
const MAX_ROWS = 50;

function groupLines(screen: Screen, { by, groups }: Table): readonly string[] {
  const shown = groups.slice(0, MAX_ROWS);
  const used = ACTIONS.filter((action) => groups.some(({ actions }) => actions[action] !== undefined));
  const split = by.includes('action') ? [] : used;
  const hasAmounts = by.includes('asset');
  const full = cellsOf(by, shown, split, hasAmounts);
  const room = roomBeside(screen, full);
  // On a narrow terminal, the colours of the bar say what the columns would.
  const cells =
    room < MIN_BAR && split.length > 0 && screen.width !== undefined
      ? cellsOf(by, shown, [], hasAmounts)
      : full;
  return [
    ...withBars(screen, cells, shown, by),
    ...(groups.length > shown.length
      ? [`… and ${groups.length - shown.length} more: --csv and --json have all`]
      : []),
  ];
}

/** The first row has the headers. */
function cellsOf(
  by: readonly Column[],
  groups: readonly Group[],
  split: readonly string[],
  hasAmounts: boolean,
): readonly (readonly string[])[] {
  const amounts = alignedAmounts(groups.map(({ amount }) => amount));
  return [
    [
      ...by,
      'decisions',
      'share',
      ...split.map((action) => action.toLowerCase()),
      ...(hasAmounts ? ['amount'] : []),
    ],
    ...groups.map(({ values, decisions, share, actions }, index) => [
      ...values.map(printable),
      ...[String(decisions), `${(100 * share).toFixed(1)} %`],
      ...split.map((action) => String(actions[action] ?? 0)),
      ...(hasAmounts ? [amounts[index] ?? ''] : []),
    ]),
  ];
}

const MIN_NAME = 12;
const GAP = 2;

/** The number of characters that remain for a bar. */
function roomBeside({ width }: Screen, cells: readonly (readonly string[])[]): number {
  return width === undefined
    ? 0
    : width - GAP - Math.max(...tableLines(cells, []).map(({ length }) => length));
}

function withBars(
  screen: Screen,
  cells: readonly (readonly string[])[],
  groups: readonly Group[],
  by: readonly Column[],
): readonly string[] {
  const { paint, width } = screen;
  const numeric = (cells[0] ?? []).map((_cell, index) => index).filter((index) => index >= by.length);
  const aligned = cells[0]?.at(-1) === 'amount' ? numeric.slice(0, -1) : numeric;
  const [header = '', ...lines] = tableLines(fitted(screen, cells, by.length), aligned);
  const longest = Math.max(header.length, ...lines.map(({ length }) => length));
  const room = width === undefined ? 0 : width - GAP - longest;
  const largest = Math.max(...groups.map(({ decisions }) => decisions));
  return [
    paint('bold', header),
    ...lines.map((line, index) => {
      const group = groups[index];
      if (group === undefined || room < MIN_BAR) return line;
      const bar: Bar = { share: group.decisions / largest, parts: group.actions };
      return `${line.padEnd(longest)}${' '.repeat(GAP)}${barLine(paint, bar, Math.min(room, MAX_BAR))}`;
    }),
  ];
}

const MAX_BAR = 40;

/** Shortens names where a terminal has no room for them. */
function fitted(
  { width }: Screen,
  cells: readonly (readonly string[])[],
  names: number,
): readonly (readonly string[])[] {
  if (width === undefined) return cells;
  const excess = Math.max(...tableLines(cells, []).map(({ length }) => length)) + GAP + MIN_BAR - width;
  if (excess <= 0) return cells;
  const widest = Math.max(
    ...cells.map((row) => Math.max(...row.slice(0, names).map(({ length }) => length))),
  );
  const limit = Math.max(MIN_NAME, widest - Math.ceil(excess / names));
  return cells.map((row) => row.map((cell, index) => (index < names ? shortened(cell, limit) : cell)));
}

/** Longer amounts, which no asset has, are rounded on the screen. */
const MAX_AMOUNT = 40;

/** The decimal points stand below each other. */
function alignedAmounts(amounts: readonly (Decimal | undefined)[]): readonly string[] {
  const parts = amounts.map((amount) => {
    const exact = amount?.toFixed() ?? '';
    const text = exact.length > MAX_AMOUNT ? `about ${amount?.toExponential(3) ?? ''}` : exact;
    const [whole = '', fraction] = text.split('.');
    return { whole, rest: fraction === undefined ? '' : `.${fraction}` };
  });
  const widest = Math.max(0, ...parts.map(({ whole }) => whole.length));
  return parts.map(({ whole, rest }) => `${whole.padStart(widest)}${rest}`);
}

function policyLines({ paint }: Screen, { totals: { policies } }: Report): readonly string[] {
  const [header = '', ...lines] = tableLines(
    [
      ['policy', 'decisions'],
      ...policies.entries.map(([policy, times]) => [printable(policy), String(times)]),
    ],
    [1],
  );
  return [paint('bold', header), ...lines];
}

function attentionLines({ paint }: Screen, { totals }: Report): readonly string[] {
  const { unverified, integrity, withoutRule, emergencyStop, stale, unreadable, errors } = totals;
  const rows = [
    [unverified, 'signing requests that are not verified to sign what they display'],
    [integrity, 'rejected by integrity'],
    [withoutRule, 'not made by a rule: an error or a timeout'],
    [emergencyStop, 'made by an emergency stop'],
    [stale, 'made because keys or policy could not be refreshed'],
    [unreadable, 'not counted: the line has no time or no action'],
    ...errors.entries.map(
      ([error, times]) => [times, printable(`could not be evaluated: ${error}`)] as const,
    ),
  ] as const;
  const noted = rows.filter(([times]) => times > 0);
  if (noted.length === 0) return [];
  const table = tableLines(
    noted.map(([times, what]) => [String(times), what]),
    [0],
  );
  return ['', paint('yellow', 'Worth a look'), ...table.map((line) => `  ${line}`)];
}

function candidateLines({ paint }: Screen, { totals: { candidate } }: Report): readonly string[] {
  if (candidate.differs === 0) return [];
  const policies = candidate.policies.entries.map(([policy]) => shortHash(printable(policy))).join(', ');
  const changes = candidate.changes.map(({ from, to, decisions }) => [
    ...[String(decisions), `${from.action} -> ${to.action}`],
    printable(`${from.rule} -> ${to.rule}`),
  ]);
  const listed = candidate.listed.map(({ time, requestId, action, rule, candidate: other }) =>
    [
      time,
      requestId,
      action,
      rule,
      other.action,
      other.ruleError === undefined ? other.rule : `${other.rule}: ${other.ruleError}`,
    ].map(printable),
  );
  const more = candidate.differs - listed.length;
  const table = tableLines([['time', 'requestId', 'was', 'by', 'candidate', 'by'], ...listed], []);
  return [
    '',
    `${paint('bold', 'The candidate')} ${policies} would decide differently: ${count(candidate.differs, 'decision')}`,
    ...tableLines(changes, [0]).map((line) => `  ${line}`),
    '',
    ...table,
    ...(more > 0 ? [`… and ${more} more`] : []),
  ];
}
