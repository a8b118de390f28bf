// One round of load on one target: throughput, latency, CPU and memory, and whether its responses are correct.
import { setTimeout as sleep } from 'node:timers/promises';
import { createCosigner } from '../../cli/cosigner/client.js';
import { samplePayload } from '../../cli/cosigner/request.js';
import { cpuMs, rssMb } from '../measure.js';
import type { RunningTarget } from './targets.js';
import { wrk } from './wrk.js';

export interface Round {
  readonly answered: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time per request. */
  readonly cpuMs: number;
  readonly rssMb: number;
  /** Number of verified responses in a sample taken under load. */
  readonly verified: number;
  /** Number of responses that fail verification or have an error status, and of requests without a response. */
  readonly wrong: number;
}

/** Pause between two sampled responses, in ms. */
const SAMPLE_PAUSE_MS = 100;

export async function measureRound(
  target: RunningTarget,
  connections: number,
  seconds: number,
): Promise<Round> {
  const pid = target.child.pid ?? 0;
  const loaded = new AbortController();
  const sampled = verifySample(target, loaded.signal);
  const cpuBefore = cpuMs(pid);
  const load = await wrk(target.url, target.tokenFile, connections, seconds);
  const cpu = cpuMs(pid) - cpuBefore;
  loaded.abort();
  const { verified, wrong } = await sampled;
  return {
    answered: load.answered,
    perSecond: load.answered / load.seconds,
    p50Ms: load.p50Ms,
    p99Ms: load.p99Ms,
    cpuMs: cpu / (load.answered + verified),
    rssMb: rssMb(pid),
    verified,
    wrong: wrong + load.refused + load.lost,
  };
}

/** Sends requests at intervals until the signal is aborted, and verifies each response. */
async function verifySample(
  { url, keys }: RunningTarget,
  signal: AbortSignal,
): Promise<Pick<Round, 'verified' | 'wrong'>> {
  const client = createCosigner({ url, keys });
  let verified = 0;
  let wrong = 0;
  while (!signal.aborted) {
    const outcome = await client.send('transaction', samplePayload('transaction')).catch(() => undefined);
    if (outcome?.answer === undefined) wrong++;
    else verified++;
    await sleep(SAMPLE_PAUSE_MS);
  }
  client.close();
  return { verified, wrong };
}
