// Shows counters as bars, and what was released.
import type { Share } from '../../../src/policy/limits/counter.js';
import { count, type Output, type Paint, painter } from '../../terminal.js';
import { printable, shortened, tableLines } from '../table.js';
import { type CounterRow, shareOf } from './counters.js';

const BAR = 20;
const MAX_KEY = 60;

export function counterLines(rows: readonly CounterRow[], stdout: Output): readonly string[] {
  if (rows.length === 0) return ['nothing has been counted yet'];
  const paint = painter(stdout);
  const [header = '', ...lines] = tableLines(
    [['limit', 'counter', 'spent', 'max', 'window', ''], ...rows.map(cells)],
    [2, 3],
  );
  const unknown = rows.filter(({ spent }) => spent === undefined).length;
  return [
    paint('bold', header),
    ...lines.map((line, index) => painted(paint, line, rows[index])),
    ...(unknown === 0 ? [] : ['', `${count(unknown, 'counter')} of limits that the policy does not have`]),
  ];
}

function cells(row: CounterRow): readonly string[] {
  const { limit, key, spent, max, window } = row;
  return [
    ...[limit, key === '' ? '-' : shortened(printable(key), MAX_KEY)],
    ...[spent?.toFixed() ?? '?', max?.toFixed() ?? '?', window ?? '?', bar(row)],
  ];
}

/** `████░░░░  40 %` */
function bar(row: CounterRow): string {
  if (row.spent === undefined || row.max === undefined) return '';
  const share = shareOf(row);
  // What is spent shows, and what is left shows.
  const least = share > 0 ? 1 : 0;
  const most = share >= 1 ? BAR : BAR - 1;
  const full = Math.min(most, Math.max(least, Math.round(share * BAR)));
  return `${'█'.repeat(full)}${'░'.repeat(BAR - full)} ${String(Math.floor(share * 100)).padStart(3)} %`;
}

function painted(paint: Paint, line: string, row: CounterRow | undefined): string {
  if (row?.spent === undefined) return paint('dim', line);
  const share = shareOf(row);
  return share >= 0.9 ? paint('red', line) : share >= 0.5 ? paint('yellow', line) : line;
}

export function releasedLines(txId: string, shares: readonly Share[]): readonly string[] {
  return [
    `gave back ${count(shares.length, 'share')} of ${printable(txId)}, and recorded it:`,
    ...shares.map(
      ({ limit, key, amount }) => `  ${limit}${key === '' ? '' : `, ${printable(key)}`}: ${amount}`,
    ),
  ];
}
