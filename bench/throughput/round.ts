// One round of load on one rival: what it answered, how fast, and what it took; and whether its answers are right.
import { setTimeout as sleep } from 'node:timers/promises';
import { createCosigner } from '../../cli/cosigner/client.js';
import { samplePayload } from '../../cli/cosigner/request.js';
import { cpuMs, rssMb } from '../../test/helpers/measure.js';
import type { Running } from './rivals.js';
import { wrk } from './wrk.js';

export interface Round {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMs: number;
  readonly rssMb: number;
  /** Answers that were verified, of a sample under load. */
  readonly verified: number;
  /** Answers that were not, or not right, and requests without an answer. */
  readonly wrong: number;
}

/** How often an answer is looked at, in ms. */
const SAMPLE_MS = 100;

export async function measureRound(rival: Running, connections: number, seconds: number): Promise<Round> {
  const pid = rival.child.pid ?? 0;
  const sampling = { on: true };
  const sampled = sample(rival, sampling);
  const cpuBefore = cpuMs(pid);
  const load = await wrk(rival.url, rival.tokenFile, connections, seconds);
  const cpu = cpuMs(pid) - cpuBefore;
  sampling.on = false;
  const { verified, wrong } = await sampled;
  return {
    perSecond: load.answered / load.seconds,
    p50Ms: load.p50Ms,
    p99Ms: load.p99Ms,
    cpuMs: cpu / (load.answered + verified),
    rssMb: rssMb(pid),
    verified,
    wrong: wrong + load.refused + load.lost,
  };
}

/** A Co-signer that asks now and then, while the load is on, and verifies. */
async function sample(
  { url, keys }: Running,
  sampling: { readonly on: boolean },
): Promise<{ verified: number; wrong: number }> {
  const client = createCosigner({ url, keys });
  let verified = 0;
  let wrong = 0;
  while (sampling.on) {
    const outcome = await client.ask('transaction', samplePayload('transaction')).catch(() => undefined);
    if (outcome?.answer === undefined) wrong++;
    else verified++;
    await sleep(SAMPLE_MS);
  }
  client.close();
  return { verified, wrong };
}
