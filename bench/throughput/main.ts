// `npm run bench`: how fast this handler is beside what people run today, and beside what the machine can sign at all.
// Every figure is a median of rounds taken in turns, for a machine may be busy now and idle then.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Payload, samplePayload } from '../../cli/cosigner/request.js';
import { bootMs, emptyNodeMs, kill, median } from '../../test/helpers/measure.js';
import { markdownTable, printTable } from '../../test/helpers/report.js';
import { printRows, type Row } from '../../test/helpers/rows.js';
import { type Limit, measureLimit } from './openssl.js';
import { type Rival, rivals, run, type Running, type Variation } from './rivals.js';
import { measureRound, type Round } from './round.js';
import { mixed, PAYOUT_USER, policyText } from './rules.js';

const { values } = parseArgs({ options: { short: { type: 'boolean', default: false } } });
const { short } = values;

const CONNECTIONS = short ? [16] : [1, 16, 64];
/** Where the limits are looked at. */
const USUAL = 16;
const ROUNDS = short ? 1 : 7;
const GROWTH_ROUNDS = short ? 1 : 11;
const SECONDS = short ? 1 : 2;
const BOOTS = short ? 2 : 11;
const REPORT = 'reports/performance.md';

const LIMITS = {
  referenceRatio: 5.5,
  limitShare: 0.5,
  p99Share: 0.25,
  cpuRatio: 1.6,
  rssMb: 128,
  bootRatio: 8,
  rules: { 100: 0.05, 1000: 0.3 } as Readonly<Record<number, number>>,
  keys: { 5: 0.15 } as Readonly<Record<number, number>>,
};

const directory = mkdtempSync(join(tmpdir(), 'callback-handler-bench-'));
const { handler, reference } = rivals(directory);
const problems: string[] = [];
let verified = 0;

/** A round that does not count. */
async function warmUp(running: readonly Running[]): Promise<void> {
  for (const rival of running) await measureRound(rival, USUAL, SECONDS);
}

/** Rounds of all of them in turns, there and back. */
async function alternate(
  running: readonly Running[],
  rounds: number,
  connections: readonly number[],
  seconds: number,
): Promise<ReadonlyMap<string, readonly Round[]>> {
  const results = new Map<string, Round[]>();
  for (let round = 0; round < rounds; round++) {
    for (const count of connections) {
      for (const rival of round % 2 === 0 ? running : running.toReversed()) {
        const result = await measureRound(rival, count, seconds);
        const key = `${rival.name} ${count}`;
        results.set(key, [...(results.get(key) ?? []), result]);
        note(`${rival.name} at ${count}`, result);
      }
    }
  }
  return results;
}

function note(what: string, round: Round): void {
  verified += round.verified;
  if (round.wrong > 0) problems.push(`${what}: ${round.wrong} wrong or lost`);
  progress(`${what}: ${round.perSecond.toFixed(0)} requests/s`);
}

function progress(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
}

const of = (rounds: readonly Round[] | undefined, read: (round: Round) => number): number =>
  median((rounds ?? []).map(read));

/** The median of what each round was against its neighbour. */
function ratioOf(
  ours: readonly Round[] | undefined,
  theirs: readonly Round[] | undefined,
  read: (round: Round) => number,
): number {
  return median((ours ?? []).map((round, index) => read(round) / read(theirs?.[index] ?? round)));
}

async function closing<Result>(
  started: readonly Rival[],
  measure: (running: readonly Running[]) => Promise<Result>,
): Promise<Result> {
  const running: Running[] = [];
  try {
    for (const rival of started) running.push(await run(rival));
    return await measure(running);
  } finally {
    await Promise.all(running.map(({ child }) => kill(child)));
  }
}

const rows: Row[] = [];
const tables: { title: string; head: readonly string[]; cells: (readonly string[])[] }[] = [];

async function compareThroughput(): Promise<void> {
  const ours = await handler('this handler');
  const theirs = await reference('reference');
  const limits: Limit[] = [];
  const results = await closing([ours, theirs], async (running) => {
    const all = new Map<string, Round[]>();
    await warmUp(running);
    for (let round = 0; round < ROUNDS; round++) {
      limits.push(await measureLimit(1));
      for (const [key, rounds] of await alternate(running, 1, CONNECTIONS, SECONDS)) {
        all.set(key, [...(all.get(key) ?? []), ...rounds]);
      }
    }
    return all;
  });
  const limit = median(limits.map(({ perSecond }) => perSecond));
  const limitCpu = median(limits.map(({ cpuMs }) => cpuMs));
  const at = (rival: Rival, connections: number) => results.get(`${rival.name} ${connections}`);
  const cells = CONNECTIONS.flatMap((connections) =>
    [ours, theirs].map((rival) => {
      const rounds = at(rival, connections);
      const perSecond = of(rounds, (round) => round.perSecond);
      return [
        rival.name,
        String(connections),
        perSecond.toFixed(0),
        of(rounds, ({ p50Ms }) => p50Ms).toFixed(1),
        of(rounds, ({ p99Ms }) => p99Ms).toFixed(1),
        of(rounds, ({ cpuMs }) => cpuMs).toFixed(2),
        of(rounds, ({ rssMb }) => rssMb).toFixed(0),
        `${ratioOf(rounds, at(theirs, connections), (round) => round.perSecond).toFixed(1)}x`,
        percent(
          median((rounds ?? []).map((round, index) => round.perSecond / (limits[index]?.perSecond ?? NaN))),
        ),
      ];
    }),
  );
  const most = times(
    median(
      (at(theirs, USUAL) ?? []).map(({ perSecond }, index) => (limits[index]?.perSecond ?? NaN) / perSecond),
    ),
  );
  cells.push(['OpenSSL, all cores', '', limit.toFixed(0), '', '', limitCpu.toFixed(2), '', most, '100 %']);
  tables.push({
    title: 'Throughput, latency and cost',
    head: [
      '',
      'connections',
      'requests/s',
      'p50 ms',
      'p99 ms',
      'CPU ms/request',
      'RSS MB',
      'to the reference',
      'of the limit',
    ],
    cells,
  });

  const mine = at(ours, USUAL);
  const share = median(
    (mine ?? []).map((round, index) => round.perSecond / (limits[index]?.perSecond ?? NaN)),
  );
  const cpu = median((mine ?? []).map((round, index) => round.cpuMs / (limits[index]?.cpuMs ?? NaN)));
  const all = CONNECTIONS.flatMap((connections) => at(ours, connections) ?? []);
  const rss = Math.max(...all.map(({ rssMb }) => rssMb));
  atLeast(
    'throughput, to the reference',
    ratioOf(mine, at(theirs, USUAL), (round) => round.perSecond),
    LIMITS.referenceRatio,
    times,
  );
  atLeast('throughput, of the limit', share, LIMITS.limitShare, percent);
  atMost(
    'p99, to that of the reference',
    ratioOf(mine, at(theirs, USUAL), ({ p99Ms }) => p99Ms),
    LIMITS.p99Share,
    percent,
  );
  atMost('CPU a request, to one signature and one verification', cpu, LIMITS.cpuRatio, times);
  atMost('RSS under load', rss, LIMITS.rssMb, (mb) => `${mb.toFixed(0)} MB`);
}

/** How much of the throughput a variation takes, of medians of rounds in turns. */
async function measureGrowth(
  title: string,
  unit: string,
  variations: readonly (readonly [number, Variation])[],
  limits: Readonly<Record<number, number>>,
): Promise<void> {
  const started: Rival[] = [];
  for (const [amount, variation] of variations) started.push(await handler(`${amount} ${unit}`, variation));
  const results = await closing(started, async (running) => {
    await warmUp(running);
    return alternate(running, GROWTH_ROUNDS, [USUAL], 1);
  });
  const perSecond = started.map(({ name }) =>
    of(results.get(`${name} ${USUAL}`), (round) => round.perSecond),
  );
  const cells = variations.map(([amount], index) => {
    const rounds = results.get(`${started[index]?.name} ${USUAL}`);
    const cost = 1 - (perSecond[index] ?? NaN) / (perSecond[0] ?? NaN);
    const limit = limits[amount];
    if (limit !== undefined) atMost(`${amount} ${unit} cost of the throughput`, cost, limit, percent);
    return [
      `${amount} ${amount === 1 ? unit.replace(/s$/, '') : unit}`,
      (perSecond[index] ?? NaN).toFixed(0),
      of(rounds, ({ p99Ms }) => p99Ms).toFixed(1),
      of(rounds, ({ cpuMs }) => cpuMs).toFixed(2),
      of(rounds, ({ rssMb }) => rssMb).toFixed(0),
      index === 0 ? '' : percent(-cost),
    ];
  });
  tables.push({
    title,
    head: ['', 'requests/s', 'p99 ms', 'CPU ms/request', 'RSS MB', 'change of throughput'],
    cells,
  });
}

async function measureBoot(): Promise<void> {
  const ours = await handler('boot');
  const theirs = await reference('boot of the reference');
  const empty: number[] = [];
  const mine: number[] = [];
  const others: number[] = [];
  for (let round = 0; round < BOOTS; round++) {
    empty.push((emptyNodeMs() + emptyNodeMs()) / 2);
    mine.push(await bootMs(ours.start, ours.url));
    others.push(await bootMs(theirs.start, theirs.url));
  }
  const against = (boots: readonly number[]): number =>
    median(boots.map((ms, round) => ms / (empty[round] ?? NaN)));
  tables.push({
    title: 'From start to healthy',
    head: ['', 'ms', 'to node -e 0'],
    cells: [
      ['node -e 0', median(empty).toFixed(0), '1.0x'],
      ['reference', median(others).toFixed(0), times(against(others))],
      ['this handler', median(mine).toFixed(0), times(against(mine))],
    ],
  });
  atMost('boot to healthy, to node -e 0', against(mine), LIMITS.bootRatio, times);
}

function percent(share: number): string {
  // No minus before a zero.
  return `${Math.round(share * 100) + 0} %`;
}

function times(ratio: number): string {
  return `${ratio.toFixed(1)}x`;
}

function atLeast(what: string, value: number, limit: number, show: (value: number) => string): void {
  rows.push({ what, measured: show(value), limit: `at least ${show(limit)}`, holds: value >= limit });
}

function atMost(what: string, value: number, limit: number, show: (value: number) => string): void {
  rows.push({ what, measured: show(value), limit: `at most ${show(limit)}`, holds: value <= limit });
}

/** The published transaction, as long as it is told to be by more raw transactions. */
function ofSize(kilobytes: number): () => Payload {
  return () => {
    const payload = samplePayload('transaction');
    const missing = kilobytes * 1024 - JSON.stringify(payload).length;
    const rawTx = {
      keyDerivationPath: '[ 44, 60, 0, 0, 0 ]',
      rawTx: '02f8'.repeat(240),
      payload: 'a3'.repeat(32),
    };
    const count = Math.max(0, Math.round(missing / JSON.stringify(rawTx).length));
    return { ...payload, rawTx: [...(payload['rawTx'] as unknown[]), ...Array<unknown>(count).fill(rawTx)] };
  };
}

const asPayoutUser = (): Payload => ({ ...samplePayload('transaction'), signerId: PAYOUT_USER });

try {
  await compareThroughput();
  const amounts = (all: readonly number[]): readonly number[] => (short ? all.slice(0, 2) : all);
  await measureGrowth(
    'What rules cost: the ten of the guide, then limits for other assets',
    'rules',
    amounts([1, 10, 100, 1000]).map((count) => [
      count,
      { policy: policyText(mixed(count), 10), payload: asPayoutUser },
    ]),
    LIMITS.rules,
  );
  await measureGrowth(
    'What the keys of more Co-signers cost, which ask in turn',
    'Co-signer keys',
    amounts([1, 2, 5]).map((cosigners) => [cosigners, { cosigners }]),
    LIMITS.keys,
  );
  await measureGrowth(
    'What longer requests cost',
    'KB',
    amounts([2, 50, 500]).map((size) => [size, { payload: ofSize(size), tokens: size > 100 ? 4 : 50 }]),
    {},
  );
  await measureBoot();
  progress('');

  for (const { title, head, cells } of tables) printTable(title, head, cells);
  console.log('');
  // The short form is for machines that are busy with other things as well: it looks at the answers.
  const fast = short || printRows(rows);
  console.log(
    `${verified} answers of a sample were verified, ${problems.length} rounds had wrong or lost ones`,
  );
  for (const problem of problems) console.log(problem);
  if (!short) {
    mkdirSync('reports', { recursive: true });
    writeFileSync(REPORT, report());
    console.log(`The tables are in ${REPORT}.`);
  }
  process.exitCode = problems.length === 0 && fast ? 0 : 1;
} finally {
  rmSync(directory, { recursive: true });
}

function report(): string {
  const date = new Date().toISOString().slice(0, 10);
  const machine = `${availableParallelism()} cores (${cpus()[0]?.model.trim()})`;
  const openssl = execFileSync('openssl', ['version'], { encoding: 'utf8' }).split(' ').slice(0, 2).join(' ');
  return [
    `Measured by \`npm run bench\` on ${date}: ${machine}, Node.js ${process.versions.node} with OpenSSL ${process.versions.openssl}, ${openssl} for the limit, loopback; medians of ${ROUNDS} rounds of ${SECONDS} s in turns, after a warm-up; where one thing grows, of ${GROWTH_ROUNDS} of 1 s.`,
    ...tables.map(({ title, head, cells }) => `**${title}**\n\n${markdownTable(head, cells)}`),
    `**Limits**\n\n${markdownTable(
      ['at 16 connections', 'measured', 'limit', ''],
      rows.map(({ what, measured, limit, holds }) => [
        what,
        measured,
        limit,
        holds ? 'holds' : 'does not hold',
      ]),
    )}`,
    '',
  ].join('\n\n');
}
