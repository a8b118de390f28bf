// `npm run bench -- footprint`: measures start-up time and memory, and compares them with limits.
// Time is expressed as a ratio to `node -e 0` in the same run, so that the limit holds on any machine.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atMost, type Check, megabytes, none, times } from './limits.js';
import { bootMs, emptyNodeMs, median, medianRatio } from './measure.js';
import { measureRound } from './throughput/round.js';
import { createTargets, type Target, withRunning } from './throughput/targets.js';

const BOOTS = 25;
const REQUESTS = 50_000;
const CONNECTIONS = 16;
/** Duration of a round of load, in seconds. */
const ROUND_SECONDS = 2;
const MAX_BOOT_RATIO = 10;
const MAX_RSS_MB = 128;

export async function measureFootprint(): Promise<readonly Check[]> {
  const directory = mkdtempSync(join(tmpdir(), 'callback-handler-footprint-'));
  try {
    const handler = await createTargets(directory).createHandler('footprint');
    return [await measureBoot(handler), ...(await measureMemory(handler))];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function measureBoot(handler: Target): Promise<Check> {
  const boots: number[] = [];
  const empty: number[] = [];
  // Warm-up, not measured: the first start reads the files from disk.
  await bootMs(handler.start, handler.url);
  // Alternate, so that a temporarily busier machine does not favour one of the two.
  for (let round = 0; round < BOOTS; round++) {
    empty.push((emptyNodeMs() + emptyNodeMs()) / 2);
    boots.push(await bootMs(handler.start, handler.url));
  }
  const what = `start to healthy (median of ${BOOTS}: ${median(boots).toFixed(0)} ms), compared with node -e 0`;
  return atMost(what, medianRatio(boots, empty), MAX_BOOT_RATIO, times);
}

async function measureMemory(handler: Target): Promise<readonly Check[]> {
  return withRunning([handler], async ([running]) => {
    if (running === undefined) throw new Error('the handler is not running');
    let answered = 0;
    let wrong = 0;
    let rssMb = 0;
    while (answered < REQUESTS) {
      const round = await measureRound(running, CONNECTIONS, ROUND_SECONDS);
      answered += round.answered;
      wrong += round.wrong;
      rssMb = round.rssMb;
      if (round.answered === 0) throw new Error(`no request was answered within ${ROUND_SECONDS} s`);
    }
    return [
      atMost(`RSS after ${answered} requests`, rssMb, MAX_RSS_MB, megabytes),
      none('wrong or missing answers', wrong),
    ];
  });
}
