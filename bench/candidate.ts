// `npm run bench -- candidate`: measures the throughput that a candidate costs. Handlers with and without one take turns,
// so that a temporarily busier machine does not favour either.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { samplePayload } from '../cli/cosigner/request.js';
import { atMost, type Check, percent, printChecks } from './limits.js';
import { medianRatio } from './measure.js';
import { printTable } from './table.js';
import { costliestRules, PAYOUT_USER, policyYaml, realisticRules } from './throughput/policies.js';
import { measureInTurns, medianOf, problemsOf, type Series } from './throughput/rounds.js';
import { createTargets, type RunningTarget, type Target, withRunning } from './throughput/targets.js';

/** Enough to keep the handler busy all the time: it may compare while it has nothing to do. */
const CONNECTIONS = 64;
const ROUNDS = { full: 21, short: 13 };
const MAX_COST = 0.1;
/** How long a handler may take to load its candidate, in ms. */
const LOAD_LIMIT_MS = 10_000;

/** In all of them, no rule matches, and the candidates decide otherwise than the policy: a log line for each request. */
const POLICY = policyYaml(realisticRules(10), 10);
const CANDIDATES = {
  'the same 10 rules': POLICY,
  'the 1000 costliest rules': policyYaml(costliestRules(1000), 10),
};

/** @returns whether the limit holds */
export async function measureCandidate({ short }: { readonly short: boolean }): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), 'callback-handler-candidate-'));
  const payload = () => ({ ...samplePayload('transaction'), signerId: PAYOUT_USER });
  try {
    const { createHandler } = createTargets(directory);
    const targets: Target[] = [await createHandler('no candidate', { policy: POLICY, payload })];
    for (const [name, yaml] of Object.entries(CANDIDATES).slice(0, short ? 1 : undefined)) {
      const candidate = `${yaml}\notherwise: retry\n`;
      targets.push(await createHandler(name, { policy: POLICY, candidate, payload }));
    }
    const series = await withRunning(targets, async (running) => {
      for (const target of running.slice(1)) await waitForCandidate(target);
      return measureInTurns(running, {
        ...{ rounds: short ? ROUNDS.short : ROUNDS.full, connections: [CONNECTIONS] },
        // Short rounds, many turns: then a busier machine slows down both handlers of a pair.
        ...{ seconds: 1, warmUp: true },
      });
    });
    print(series);
    return printChecks(checksOf(series));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** It is loaded after the handler has started to listen. */
async function waitForCandidate({ name, url }: RunningTarget): Promise<void> {
  const end = performance.now() + LOAD_LIMIT_MS;
  for (;;) {
    const { candidate } = (await (await fetch(`${url}/health`)).json()) as { candidate: string | null };
    if (candidate !== null) return;
    if (performance.now() > end) throw new Error(`the candidate with ${name} was not loaded`);
    await sleep(50);
  }
}

function checksOf([without, ...others]: readonly Series[]): readonly Check[] {
  if (without === undefined) throw new Error('nothing was measured');
  const wrong = [without, ...others].flatMap(problemsOf);
  return [
    ...others.map((series) =>
      atMost(
        `throughput lost with a candidate with ${series.target.name}, by CPU time per request`,
        1 - medianRatio(cpuOf(without), cpuOf(series)),
        MAX_COST,
        percent,
      ),
    ),
    atMost('rounds with wrong or missing answers', wrong.length, 0, String),
  ];
}

/** The CPU limits the throughput, and other processes change its time less than the number of requests. */
function cpuOf({ rounds }: Series): readonly number[] {
  return rounds.map((round) => round.cpuMs);
}

function print(series: readonly Series[]): void {
  printTable({
    title: 'Cost of a candidate',
    head: ['candidate', 'requests/s', 'p99 ms', 'CPU ms/request', 'RSS MB'],
    rows: series.map((each) => [
      each.target.name,
      medianOf(each, (round) => round.perSecond).toFixed(0),
      medianOf(each, (round) => round.p99Ms).toFixed(1),
      medianOf(each, (round) => round.cpuMs).toFixed(2),
      medianOf(each, (round) => round.rssMb).toFixed(0),
    ]),
  });
}
