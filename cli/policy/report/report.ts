// What a log says about the decisions in it, and about the rules that never matched.
import type { Policy } from '../../../src/policy/evaluate/rules.js';
import { type Column, type Group, groupBy } from './groups.js';
import type { Totals } from './totals.js';

/** The tables that are shown if no columns are chosen. */
const TABLES: readonly (readonly Column[])[] = [['rule'], ['action'], ['asset', 'action'], ['day']];
/** The columns of CSV if none are chosen: a spreadsheet can add up the rest. */
export const ALL_COLUMNS: readonly Column[] = ['day', 'rule', 'action', 'asset'];

export interface Table {
  readonly by: readonly Column[];
  readonly groups: readonly Group[];
}

export interface Report {
  /** File or log group. */
  readonly source: string;
  readonly zone: string;
  readonly totals: Totals;
  readonly tables: readonly Table[];
  /** Of the given policy, or the one in force; `undefined` if there is none to compare with. */
  readonly neverMatched: { readonly policy: string; readonly rules: readonly string[] } | undefined;
}

export function reportOf(
  totals: Totals,
  policy: Policy | undefined,
  {
    source,
    zone,
    by,
  }: { readonly source: string; readonly zone: string; readonly by?: readonly Column[] | undefined },
): Report {
  const { cells } = totals;
  const tables = (by === undefined ? TABLES : [by]).map((columns) => ({
    by: columns,
    groups: groupBy(cells, columns),
  }));
  const neverMatched = policy && {
    policy: policy.hash,
    rules: policy.rules.map(({ id }) => id).filter((id) => !totals.matched.has(id)),
  };
  return { source, zone, totals, tables, neverMatched };
}
