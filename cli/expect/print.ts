// Prints announced transactions.
import { isAnnouncement, readAnnouncement } from '../../src/policy/facts/announcement.js';
import { describeProblem } from '../../src/policy/facts/form.js';
import { printable, shortened, tableLines } from '../policy/table.js';
import { count, type Output, painter } from '../terminal.js';
import type { Added, Stored } from './announced.js';

/** Width of an address in the table, in characters. */
const ADDRESS_WIDTH = 46;

export function addedLines(
  { added, replaced, unchanged }: Added,
  warnings: readonly string[],
  stdout: Output,
): readonly string[] {
  const paint = painter(stdout);
  return [
    ...warnings.map((warning) => `${paint('yellow', 'warning')}  ${printable(warning)}`),
    `${count(added.length, 'transaction')} announced`,
    ...replaced.map((id) => `replaced   ${printable(id)}`),
    ...(unchanged.length > 0 ? [`${unchanged.length} unchanged`] : []),
  ];
}

export function removedLines(removed: readonly Stored[], stdout: Output): readonly string[] {
  const paint = painter(stdout);
  return removed.map(({ id, usedBy }) => {
    const note = usedBy === undefined ? '' : `  used by ${usedBy}: its signing does not match any more`;
    return `removed  ${printable(id)}${paint('yellow', printable(note))}`;
  });
}

/** A table; the other destinations of a transaction are on the lines below. */
export function listLines(stored: readonly Stored[], now: Date, stdout: Output): readonly string[] {
  const paint = painter(stdout);
  if (stored.length === 0) return ['nothing is announced'];
  const rows = stored.flatMap((each) => rowsOf(each, now));
  const head = ['id', 'asset', 'amount', 'destination', 'expires', 'used by'];
  const [first = '', ...lines] = tableLines([head, ...rows.map((row) => row.map(printable))], [2]);
  return [paint('bold', first), ...lines, '', count(stored.length, 'transaction')];
}

function rowsOf({ id, item, usedBy = '' }: Stored, now: Date): readonly (readonly string[])[] {
  const read = readAnnouncement(item?.data ?? '');
  if (!isAnnouncement(read)) {
    const [problem = ''] = read.problems.map(describeProblem);
    return [[id, '', '', `malformed: ${problem}`, '', usedBy]];
  }
  const { asset, amount, destinations, expires } = read;
  const until = expires?.toISOString().replace('.000Z', 'Z') ?? '';
  const isExpired = expires !== undefined && expires <= now && usedBy === '';
  const several = destinations.length > 1;
  return destinations.map((destination, place) => {
    const tag = destination.tag === undefined ? '' : ` tag ${destination.tag}`;
    const share = several ? ` ${destination.amount.toFixed()}` : '';
    const to = `${shortened(destination.address, ADDRESS_WIDTH)}${tag}${share}`;
    return place === 0
      ? [id, asset, amount.toFixed(), to, isExpired ? `${until} expired` : until, usedBy]
      : ['', '', '', to, '', ''];
  });
}

/** For programs: the announcement as stored, or what is wrong with it. */
export function toJson({ id, item, usedBy }: Stored): object {
  const data = item?.data ?? '';
  const read = readAnnouncement(data);
  return {
    id,
    ...(isAnnouncement(read)
      ? { announcement: JSON.parse(data) as unknown }
      : { problems: read.problems.map(describeProblem) }),
    ...(usedBy !== undefined && { usedBy }),
  };
}
