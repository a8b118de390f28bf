// Groups what was counted by one or more columns.
import { add, type Decimal } from '../../../src/protocol/decimal.js';
import { UsageError } from '../../command.js';
import type { Cell } from './totals.js';

export const COLUMNS = ['rule', 'action', 'asset', 'day'] as const;
export type Column = (typeof COLUMNS)[number];

export interface Group {
  /** The value of each column, in the order of the columns. */
  readonly values: readonly string[];
  readonly decisions: number;
  /** Of all decisions, from 0 to 1. */
  readonly share: number;
  /** Number of decisions by action. */
  readonly actions: Readonly<Record<string, number>>;
  /** If grouped by asset. */
  readonly amount: Decimal | undefined;
  /** Number of decisions that are not in `amount`. */
  readonly withoutAmount: number;
}

/** @param given such as `rule,action` @throws {UsageError} */
export function parseColumns(given: string): readonly Column[] {
  const columns = given.split(',').map((name) => {
    const column = COLUMNS.find((known) => known === name.trim());
    if (column === undefined) throw new UsageError(`--by takes ${COLUMNS.join(', ')}, not "${name}"`);
    return column;
  });
  return [...new Set(columns)];
}

export function groupBy(cells: readonly Cell[], columns: readonly Column[]): readonly Group[] {
  const total = cells.reduce((sum, { decisions }) => sum + decisions, 0);
  const members = new Map<string, Cell[]>();
  for (const cell of cells) {
    const key = JSON.stringify(columns.map((column) => cell[column]));
    const others = members.get(key);
    if (others === undefined) members.set(key, [cell]);
    else others.push(cell);
  }
  const groups = [...members].map(([key, group]) =>
    toGroup(JSON.parse(key) as string[], group, { total, hasAmounts: columns.includes('asset') }),
  );
  return sorted(groups, columns);
}

function toGroup(
  values: readonly string[],
  cells: readonly Cell[],
  { total, hasAmounts }: { readonly total: number; readonly hasAmounts: boolean },
): Group {
  const actions: Record<string, number> = {};
  let decisions = 0;
  let amount: Decimal | undefined;
  let withoutAmount = 0;
  for (const cell of cells) {
    decisions += cell.decisions;
    actions[cell.action] = (actions[cell.action] ?? 0) + cell.decisions;
    withoutAmount += cell.withoutAmount;
    if (!hasAmounts || cell.amount === undefined) continue;
    amount = amount === undefined ? cell.amount : add(amount, cell.amount);
  }
  const share = total === 0 ? 0 : decisions / total;
  return { values, decisions, share, actions, amount, withoutAmount };
}

/** Days in order; otherwise, the most frequent first, with those of the same first value together. */
function sorted(groups: readonly Group[], columns: readonly Column[]): readonly Group[] {
  const totals = new Map<string, number>();
  for (const { values, decisions } of groups) {
    const [first = ''] = values;
    totals.set(first, (totals.get(first) ?? 0) + decisions);
  }
  const totalOf = ({ values: [first = ''] }: Group): number => totals.get(first) ?? 0;
  const day = columns.indexOf('day');
  return [...groups].sort((a, b) => {
    const byDay = day === -1 ? 0 : compare(a.values[day], b.values[day]);
    if (byDay !== 0) return byDay;
    return (
      totalOf(b) - totalOf(a) ||
      compare(a.values[0], b.values[0]) ||
      b.decisions - a.decisions ||
      compare(a.values.join(), b.values.join())
    );
  });
}

function compare(a = '', b = ''): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
