// A report for programs: as JSON, or as the rows of a CSV file.
import { type Column, type Group, groupBy } from './groups.js';
import { ALL_COLUMNS, type Report, type Table } from './report.js';

export function reportJson({ source, zone, totals, tables, neverMatched }: Report): object {
  const { decisions, first, last, unreadable, unverified, integrity, withoutRule, emergencyStop, stale } =
    totals;
  const { candidate } = totals;
  return {
    ...{ source, zone, first: first || null, last: last || null, decisions },
    tables: tables.map(({ by, groups }) => ({ by, rows: groups.map((group) => rowOf(by, group)) })),
    policies: totals.policies.entries.map(([policy, count]) => ({ policy, decisions: count })),
    neverMatched: neverMatched ?? null,
    ...{ unverified, integrity, withoutRule, emergencyStop, stale, unreadable },
    errors: totals.errors.entries.map(([error, count]) => ({ error, decisions: count })),
    candidate: {
      differs: candidate.differs,
      policies: candidate.policies.entries.map(([policy, count]) => ({ policy, decisions: count })),
      changes: candidate.changes,
      first: candidate.listed,
    },
  };
}

function rowOf(by: readonly Column[], group: Group): object {
  const { values, decisions, share, actions, amount, withoutAmount } = group;
  return {
    ...Object.fromEntries(by.map((column, index) => [column, values[index] ?? ''])),
    ...{ decisions, share, actions },
    ...(by.includes('asset') && { amount: amount?.toFixed() ?? null, withoutAmount }),
  };
}

/** One row for each combination of the columns. */
export function csvRows(
  { totals }: Report,
  by: readonly Column[] = ALL_COLUMNS,
): readonly (readonly string[])[] {
  const table: Table = { by, groups: groupBy(totals.cells, by) };
  const hasAmounts = by.includes('asset');
  return [
    [...by, 'decisions', 'share', ...(hasAmounts ? ['amount', 'decisions without amount'] : [])],
    ...table.groups.map(({ values, decisions, share, amount, withoutAmount }) => [
      ...[...values, String(decisions), share.toFixed(6)],
      ...(hasAmounts ? [amount?.toFixed() ?? '', String(withoutAmount)] : []),
    ]),
  ];
}
