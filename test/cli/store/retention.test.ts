import t from 'tap';
import { retentionSeconds } from '../../../cli/store/retention.js';
import { createWriter, type Head, putHead } from '../../../src/store/chain.js';
import { MemoryTable } from '../../helpers/memory-table.js';

const DAY_MS = 86_400_000;
const NOW = Date.now();

/** The head of a writer whose last record was written some days ago. */
function headOf(daysAgo: number, retentionDays: number, sequence = 3): Head {
  const at = NOW - daysAgo * DAY_MS;
  return {
    writer: createWriter(at - DAY_MS),
    ...{ sequence, hash: 'a'.repeat(64), at: new Date(at).toISOString() },
    // The decision was made some ms before it was written.
    expires: Math.ceil((at - 1500) / 1000) + retentionDays * 86_400,
  };
}

async function daysIn(heads: readonly Head[], lost?: readonly Head[]): Promise<number> {
  const table = new MemoryTable();
  for (const head of heads) await table.write([putHead(head, 0)]);
  return (await retentionSeconds(table, lost)) / 86_400;
}

t.test('a command keeps its records as long as the last record is kept', async (t) => {
  t.equal(await daysIn([headOf(0, 30)]), 30);
  t.equal(await daysIn([headOf(9, 400), headOf(1, 3650), headOf(5, 30)]), 3650);
  t.equal(await daysIn([headOf(9, 3650), headOf(1, 30)]), 30, 'the setting was lowered');
});

t.test('an emptied store says it by what it has lost', async (t) => {
  t.equal(await daysIn([], [headOf(2, 90), headOf(1, 120)]), 120);
});

t.test('without a record it is the default', async (t) => {
  t.equal(await daysIn([]), 400);
  t.equal(await daysIn([headOf(0, 30, 0)]), 400, 'nothing was written');
});
