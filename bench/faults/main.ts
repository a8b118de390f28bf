// `npm run faults`: reproduces production faults on the real process while Co-signers send requests. No response may be
// wrong or missing.
import { setTimeout as sleep } from 'node:timers/promises';
import { createProgram, runProgram } from '../../cli/command.js';
import { samplePayload } from '../../cli/cosigner/request.js';
import { type Moto, motoServer } from '../../test/helpers/moto.js';
import { today, updateSection } from '../docs.js';
import { markdownTable, printTable, type Table } from '../table.js';
import { clients, slowClients } from './clients.js';
import type { Fault } from './fault.js';
import { machine } from './machine.js';
import { memory } from './memory.js';
import { operations } from './operations.js';
import { emergencyStops } from './stops.js';
import { type Count, openTestbed, startLoad } from './testbed.js';

const DEFAULT_PER_SECOND = 100;
/** Number of faults to run in parallel, unless that would affect the figures. */
const PARALLEL = 3;

interface Options {
  readonly short?: boolean;
  readonly only?: string;
}

interface Result {
  readonly fault: Fault;
  readonly count: Count;
}

const program = createProgram(
  'faults',
  'Injects faults around the running handler, and updates docs/reliability.md. Needs moto_server, nginx and openssl; CPU and memory limits need root on Linux.',
)
  .option('--short', 'fewer repetitions and shorter outages; does not update docs/')
  .option('--only <text>', 'only faults whose title contains this string; does not update docs/')
  .addHelpText('after', '\nExit code: 0 every answer correct, 1 an answer wrong or missing, 2 usage error.')
  .action(async (options: Options) => {
    process.exitCode = (await runFaults(options)) ? 0 : 1;
  });

await runProgram(program);

async function runFaults({ short = false, only = '' }: Options): Promise<boolean> {
  const chosen = (faults: readonly Fault[]): readonly Fault[] =>
    faults.filter(({ title }) => title.includes(only));
  // These take a long time but need little CPU.
  const waiting = chosen([slowClients(short), ...operations(short), emergencyStops(short ? 1 : 10)]);
  const busy = chosen([...clients(short), ...memory(short), ...machine(short)]);
  const aroundMs = short ? 300 : 1000;
  const results = short
    ? await runInParallel([...waiting, ...busy], PARALLEL, aroundMs)
    : [...(await runInParallel(waiting, PARALLEL, aroundMs)), ...(await runInParallel(busy, 1, aroundMs))];

  const table = tableOf(results);
  printTable(table);
  for (const { title, skip } of [...waiting, ...busy]) {
    if (skip !== undefined) console.log(`skipped: ${title}: ${skip}`);
  }
  for (const { fault, count } of results) {
    for (const problem of new Set([...count.wrong, ...count.lost])) console.log(`${fault.title}: ${problem}`);
  }
  if (results.length === 0)
    console.log(`no fault that can be run on this machine has "${only}" in its title`);
  if (!short && only === '') updateSection('reliability.md', 'faults', report(table));
  const allRight = results.every(({ count }) => count.wrong.length + count.lost.length === 0);
  return results.length > 0 && allRight;
}

/**
 * Runs faults in parallel, each worker with its own emulated SSM.
 * @returns the results, in the same order as the faults
 */
async function runInParallel(
  faults: readonly Fault[],
  parallel: number,
  aroundMs: number,
): Promise<readonly Result[]> {
  const queue = faults.filter(({ skip }) => skip === undefined);
  const results: Result[] = [];
  const work = async (): Promise<void> => {
    const closers: (() => unknown)[] = [];
    let moto: Moto | undefined;
    try {
      for (let fault = queue.shift(); fault !== undefined; fault = queue.shift()) {
        moto ??= await motoServer({ teardown: (close) => void closers.push(close) });
        results.push(await runFault(fault, moto, aroundMs));
      }
    } finally {
      for (const close of closers) await close();
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return results.sort((a, b) => faults.indexOf(a.fault) - faults.indexOf(b.fault));
}

/** @param aroundMs how long to send requests before and after the fault, in ms */
async function runFault(fault: Fault, moto: Moto, aroundMs: number): Promise<Result> {
  const startedAt = performance.now();
  const [testbed, close] = await openTestbed(moto, fault.env);
  const { count } = testbed;
  try {
    const stopLoad = startLoad(testbed, fault.perSecond ?? DEFAULT_PER_SECOND);
    await sleep(aroundMs);
    try {
      await fault.run(testbed);
    } catch (error) {
      count.wrong.push(error instanceof Error ? error.message : String(error));
    }
    await sleep(aroundMs);
    await stopLoad();
    const last = await testbed.client.send('transaction', samplePayload('transaction'));
    if (last.answer === undefined) count.wrong.push(`after the fault: ${last.problem}`);
  } finally {
    await close();
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  process.stderr.write(
    `${fault.title}: ${count.sent} sent, ${count.wrong.length} wrong, ${count.lost.length} lost, ${seconds} s\n`,
  );
  return { fault, count };
}

function tableOf(results: readonly Result[]): Table {
  return {
    title: 'Faults',
    head: ['fault', 'sent', 'answered', '503 with Retry-After', 'wrong', 'lost', 'slowest ms'],
    rows: results.map(({ fault, count }) => [
      fault.title,
      ...[count.sent, count.answered, count.unavailable, count.wrong.length, count.lost.length].map(String),
      count.slowestMs.toFixed(0),
    ]),
  };
}

function report(table: Table): string {
  return `Measured by \`npm run faults\` on ${today()}, Node.js ${process.versions.node}.\n\n${markdownTable(table)}`;
}
