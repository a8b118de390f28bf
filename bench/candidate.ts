// Measures in one process what a candidate adds to the CPU time of a request, from its token to its signed answer.
// Runs bundled like the service; `npm run bench -- candidate` starts it.
import { type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import pino from 'pino';
import { buildApp } from '../src/app.js';
import { KeyRing } from '../src/keys/ring.js';
import { logOptions } from '../src/log.js';
import type { Policy } from '../src/policy/evaluate/rules.js';
import { parsePolicy } from '../src/policy/parse/file.js';
import { Comparison, spareTime } from '../src/routes/comparison.js';
import { favourSize, limitYoungGeneration } from '../src/v8-flags.js';
import { rsaPair } from '../test/helpers/keys.js';
import { cpuMsPerCall } from './cpu.js';
import { atMost, type Check, percent, withinLimits } from './limits.js';
import { median } from './measure.js';
import { costliestRules, PAYOUT_USER, policyYaml, realisticRules } from './throughput/policies.js';

// The service sets the same V8 flags.
limitYoungGeneration();
favourSize();

const ROUNDS = process.argv.includes('--short') ? 31 : 61;
const CONCURRENT = 16;
/** Calls of `CONCURRENT` requests in a turn with or without the candidate. */
const CALLS = 15;
const MAX_COST = 0.1;

/** In all of them, no rule matches, and the candidates decide otherwise than the policy: a log line for each request. */
const POLICY = policyYaml(realisticRules(10), 10);
const CANDIDATES = {
  'the same 10 rules': POLICY,
  'the 1000 costliest rules': policyYaml(costliestRules(1000), 10),
};

const callback = rsaPair();
const cosigner = rsaPair();
const sample = JSON.parse(readFileSync('cli/cosigner/samples/tx-eth-transfer.json', 'utf8')) as object;
const body = signToken({ ...sample, signerId: PAYOUT_USER }, cosigner.privateKey);

/** The simulated Co-signer has the same function, but can't be bundled. */
function signToken(payload: object, key: KeyObject): string {
  const encoded = [{ alg: 'RS256', typ: 'JWT' }, payload].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const signature = sign('sha256', Buffer.from(encoded.join('.')), key);
  return [...encoded, signature.toString('base64url')].join('.');
}

/** What the service does, without its connections. */
async function service(
  state: { current: Policy | undefined },
  allowance: () => number,
): Promise<() => Promise<unknown>> {
  const log = pino(logOptions('info'), pino.destination({ dest: '/dev/null', sync: false }));
  const keyRing = new KeyRing();
  keyRing.update({
    callbackPrivateKey: { name: 'callback', value: callback.privatePem },
    cosignerPublicKeys: { name: 'cosigner', value: cosigner.publicPem },
  });
  const policy = parsePolicy(POLICY, 'bench');
  const comparison = new Comparison({ candidate: state, log, allowance });
  const app = await buildApp({
    ...{ auth: 'jwt', basePath: '', keyRing, comparison, policy: { current: policy }, log, version: '' },
    decide: (request) => comparison.decideBy(policy, request, new Date()),
    decisionTimeoutMs: 25_000,
    emergency: { stop: { action: undefined }, freshness: { stale: [] } },
    lifecycle: { stopping: false, giveUp: new AbortController().signal },
    overload: { maxEventLoopDelayMs: 0 },
  });
  const send = async (): Promise<void> => {
    const { statusCode } = await app.inject({ method: 'POST', url: '/v2/tx_sign_request', payload: body });
    if (statusCode !== 200) throw new Error(`the answer has the status ${statusCode}`);
  };
  return () => Promise.all(Array.from({ length: CONCURRENT }, send));
}

async function measure(name: string, yaml: string): Promise<Check> {
  const candidate = parsePolicy(`${yaml}\notherwise: retry\n`, 'candidate');
  const state: { current: Policy | undefined } = { current: undefined };
  // What comparisons may take must not be saved up while there is no candidate.
  let elsewhereMs = 0;
  const call = await service(state, () => spareTime() - elsewhereMs);
  const turn = async (current: Policy | undefined): Promise<number> => {
    state.current = current;
    const before = spareTime();
    const ms = await cpuMsPerCall(async () => {
      await call();
      // Comparisons of these requests belong to this turn.
      await nextTurn();
    }, CALLS);
    if (current === undefined) elsewhereMs += spareTime() - before;
    return ms;
  };
  for (let warmUp = 0; warmUp < 8; warmUp++) await turn(warmUp % 2 === 0 ? undefined : candidate);
  const [without, withCandidate]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    // In turns, because the collection of one turn's garbage often falls into the next.
    if (round % 2 === 0) without.push(await turn(undefined));
    withCandidate.push(await turn(candidate));
    if (round % 2 === 1) without.push(await turn(undefined));
  }
  return atMost(
    `throughput lost with a candidate with ${name}, by CPU time`,
    1 - median(without) / median(withCandidate),
    MAX_COST,
    percent,
  );
}

const passed = await withinLimits(async () => {
  const checks: Check[] = [];
  for (const [name, yaml] of Object.entries(CANDIDATES)) checks.push(await measure(name, yaml));
  return checks;
});
process.exitCode = passed ? 0 : 1;
