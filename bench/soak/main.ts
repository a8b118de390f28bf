// `npm run soak`: runs for ten minutes at half the handler's capacity. Memory, handles and open files must not grow.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createProgram, runProgram } from '../../cli/command.js';
import { writeDocsFile } from '../docs.js';
import { atLeast, atMost, type Check, none, printChecks } from '../limits.js';
import { rssMb } from '../measure.js';
import { wholeNumber } from '../options.js';
import { createTargets, type RunningTarget, withRunning } from '../throughput/targets.js';
import { wrk } from '../throughput/wrk.js';
import { plot } from './plot.js';
import { sendSteadily, type Tally } from './steady-load.js';

const CONNECTIONS = 16;
const LOAD_SHARE = 0.5;
/** Shorter runs are not checked for growth, because start-up would dominate. */
const MIN_SECONDS_FOR_GROWTH = 300;
const MAX_RSS_GROWTH_MB = 6;
const MAX_HANDLE_GROWTH = 1;
const PROBE = new URL('probe.js', import.meta.url);

/** Values that the probe in the handler reports. */
interface Probe {
  readonly delayMs: number;
  readonly handles: number;
  readonly heapMb: number;
}

interface Sample extends Probe {
  readonly rssMb: number;
  /** Open file descriptors. */
  readonly files: number;
  /** Number of responses since the start of the run. */
  readonly answered: number;
}

const program = createProgram('soak', 'Runs the handler at half its capacity. Needs wrk.')
  .option('--seconds <n>', 'duration; docs/images/soak.svg is updated if at least 300 s', wholeNumber, 600)
  .addHelpText('after', '\nExit code: 0 every answer correct and no growth, 1 otherwise, 2 usage error.')
  .action(async ({ seconds }: { seconds: number }) => {
    process.exitCode = (await runSoak(seconds)) ? 0 : 1;
  });

await runProgram(program);

async function runSoak(seconds: number): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), 'callback-handler-soak-'));
  try {
    let latest: Probe = { delayMs: 0, handles: 0, heapMb: 0 };
    const handler = await createTargets(directory).createHandler('soak', {
      nodeOptions: ['--import', PROBE.href],
      onMessage: (message) => (latest = message as Probe),
    });
    return await withRunning([handler], async ([running]) => {
      if (running === undefined) throw new Error('the handler is not running');
      return soak(running, seconds, () => latest);
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function soak(running: RunningTarget, seconds: number, probe: () => Probe): Promise<boolean> {
  const capacity = await measureCapacity(running, seconds < MIN_SECONDS_FOR_GROWTH ? 1 : 3);
  const perSecond = capacity * LOAD_SHARE;
  process.stderr.write(`${perSecond.toFixed(0)} requests/s of ${capacity.toFixed(0)} for ${seconds} s\n`);
  const tally: Tally = { answered: 0, verified: 0, wrong: [], latenciesMs: [] };
  const stop = sendSteadily(running, perSecond, CONNECTIONS, tally);
  const samples = await takeSamples(running, seconds, probe, tally);
  await stop();

  const total = tally.answered + tally.wrong.length;
  const checks = [
    none(`wrong or missing answers out of ${total}`, tally.wrong.length),
    atLeast('verified answers', tally.verified, 1, String),
  ];
  if (seconds >= MIN_SECONDS_FOR_GROWTH) {
    checks.push(...growthChecks(samples));
    writeDocsFile('images/soak.svg', plotSamples(perSecond, samples));
  }
  const passed = printChecks(checks);
  for (const problem of new Set(tally.wrong)) console.log(problem);
  return passed;
}

/** @param seconds duration of the warm-up, and of the measurement */
async function measureCapacity({ url, tokenFile }: RunningTarget, seconds: number): Promise<number> {
  await wrk(url, tokenFile, CONNECTIONS, seconds);
  const load = await wrk(url, tokenFile, CONNECTIONS, seconds);
  return load.answered / load.seconds;
}

/** One sample per second. */
async function takeSamples(
  { child }: RunningTarget,
  seconds: number,
  probe: () => Probe,
  tally: Tally,
): Promise<readonly Sample[]> {
  const pid = child.pid ?? 0;
  const samples: Sample[] = [];
  for (let second = 1; second <= seconds; second++) {
    await sleep(1000);
    const files = readdirSync(`/proc/${pid}/fd`).length;
    samples.push({ ...probe(), rssMb: rssMb(pid), files, answered: tally.answered });
    if (second % 60 === 0) {
      process.stderr.write(
        `${second / 60} min: ${tally.answered} answered, RSS ${rssMb(pid).toFixed(0)} MB\n`,
      );
    }
  }
  return samples;
}

function growthChecks(samples: readonly Sample[]): readonly Check[] {
  const check = (what: string, read: (sample: Sample) => number, limit: number, unit = ''): Check =>
    atMost(
      `${what}, growth from the second third of the run to the last third`,
      growth(samples, read),
      limit,
      (value) => `${value.toFixed(1)}${unit}`,
    );
  return [
    check('RSS', (sample) => sample.rssMb, MAX_RSS_GROWTH_MB, ' MB'),
    check('handles', (sample) => sample.handles, MAX_HANDLE_GROWTH),
    check('open files', (sample) => sample.files, MAX_HANDLE_GROWTH),
  ];
}

/** Difference between the mean of the last third and that of the second; the first third is for warming up. */
function growth(samples: readonly Sample[], read: (sample: Sample) => number): number {
  const third = Math.floor(samples.length / 3);
  return mean(samples.slice(2 * third).map(read)) - mean(samples.slice(third, 2 * third).map(read));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function plotSamples(perSecond: number, samples: readonly Sample[]): string {
  const title = `${perSecond.toFixed(0)} requests/s (half the capacity), Node.js ${process.versions.node}`;
  const answers = samples.map(({ answered }, index) => answered - (samples[index - 1]?.answered ?? 0));
  return plot(title, 1, [
    { title: 'RSS', unit: 'MB', values: samples.map((sample) => sample.rssMb) },
    { title: 'heap in use', unit: 'MB', values: samples.map((sample) => sample.heapMb) },
    { title: 'handles', unit: 'active resources', values: samples.map((sample) => sample.handles) },
    { title: 'event-loop delay, p99', unit: 'ms', values: samples.map((sample) => sample.delayMs) },
    { title: 'answers', unit: 'per second', values: answers },
  ]);
}
