// `npm run faults`: what goes wrong in production, done to the real process while Co-signers keep asking it. No answer may
// be wrong, and none may be missing.
import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { samplePayload } from '../../cli/cosigner/request.js';
import { markdownTable, printTable } from '../../test/helpers/report.js';
import { clients } from './clients.js';
import type { Fault } from './fault.js';
import { machine } from './machine.js';
import { operations } from './operations.js';
import { type Count, keepAsking, openStand } from './stand.js';

const { values } = parseArgs({
  options: { short: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
});
const { short, only } = values;
const REPORT = 'reports/faults.md';
/** Requests before and after, in ms. */
const AROUND_MS = 1000;

/** Two things are tried at a time where they take long but little of the machine. */
const LANES: readonly (readonly Fault[])[] = [
  operations(short).filter((_, index) => index % 2 === 0),
  operations(short).filter((_, index) => index % 2 === 1),
];
const ALONE = [...clients(short), ...machine(short)];

interface Result {
  readonly fault: Fault;
  readonly count: Count;
  readonly seconds: number;
}

async function tryFault(fault: Fault): Promise<Result> {
  const startedAt = performance.now();
  const [stand, close] = await openStand(fault.env);
  try {
    const stopAsking = keepAsking(stand, fault.perSecond ?? 100);
    await sleep(AROUND_MS);
    try {
      await fault.run(stand);
    } catch (error) {
      stand.count.wrong.push(error instanceof Error ? error.message : String(error));
    }
    await sleep(AROUND_MS);
    await stopAsking();
    const last = await stand.client.ask('transaction', samplePayload('transaction'));
    if (last.answer === undefined) stand.count.wrong.push(`afterwards: ${last.problem}`);
  } finally {
    await close();
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const { sent, wrong, lost } = stand.count;
  process.stderr.write(
    `${fault.what}: ${sent} sent, ${wrong.length} wrong, ${lost.length} lost, ${seconds.toFixed(0)} s\n`,
  );
  return { fault, count: stand.count, seconds };
}

async function tryAll(faults: readonly Fault[]): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const fault of faults) {
    if (fault.leftOut === undefined && fault.what.includes(only)) results.push(await tryFault(fault));
  }
  return results;
}

const results = [...(await Promise.all(LANES.map(tryAll))).flat(), ...(await tryAll(ALONE))];
const head = ['done', 'sent', 'answered', '503, come back', 'wrong', 'lost', 'worst ms'];
const cells = results.map(({ fault, count }) => [
  fault.what,
  ...[count.sent, count.answered, count.turnedAway, count.wrong.length, count.lost.length].map(String),
  count.worstMs.toFixed(0),
]);
printTable('Faults', head, cells);
for (const { what, leftOut } of ALONE) {
  if (leftOut !== undefined) console.log(`left out: ${what}: ${leftOut}`);
}
for (const { fault, count } of results) {
  for (const problem of new Set([...count.wrong, ...count.lost])) console.log(`${fault.what}: ${problem}`);
}
if (!short && only === '') {
  mkdirSync('reports', { recursive: true });
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(
    REPORT,
    `Done by \`npm run faults\` on ${date}, Node.js ${process.versions.node}.\n\n${markdownTable(head, cells)}\n`,
  );
  console.log(`The table is in ${REPORT}.`);
}
if (results.length === 0) console.log(`no fault is called ${only}`);
const good = results.every(({ count }) => count.wrong.length + count.lost.length === 0);
process.exitCode = results.length > 0 && good ? 0 : 1;
