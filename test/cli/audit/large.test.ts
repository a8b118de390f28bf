// Tests that the memory of an audit does not grow with the records. A million are measured by `npm run bench -- audit`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { numberedPayload, recorded } from '../../../bench/traffic/recorded.js';
import { verifyStore } from '../../../cli/audit/verify/verify.js';
import { openStore } from '../../../src/store/open.js';

const RECORDS = 10_000;
const BATCH = 50;
const MAX_GROWTH_MB = 150;

t.test(`verifies ${RECORDS} records, a few in memory at once`, async (t) => {
  const store = await openStore({ path: join(t.testdir(), 'store') });
  const process = recorded(store);
  for (let first = 0; first < RECORDS; first += BATCH) {
    const numbers = Array.from({ length: BATCH }, (_, place) => first + place);
    await Promise.all(numbers.map((number) => process.decide(numberedPayload(number))));
  }
  const before = anonymousMb();
  let most = before;
  const startedAt = performance.now();
  const found = await verifyStore(store, { onProgress: () => (most = Math.max(most, anonymousMb())) });
  const perSecond = found.records / ((performance.now() - startedAt) / 1000);
  t.match(found, { problemCount: 0, records: RECORDS + 1, signatures: 2 * RECORDS, answers: 9000 });
  t.ok(most - before < MAX_GROWTH_MB, `${(most - before).toFixed(0)} MB more`);
  t.comment(`${perSecond.toFixed(0)} records a second`);
  await store.table.close();
});

/** Without the file of the store, which is mapped. */
function anonymousMb(): number {
  const [, kilobytes = '0'] = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}
