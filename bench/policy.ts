// `npm run bench -- policy`: measures the cost of rules, of lists and of reading what is signed, and compares it with
// limits. The cost of a decision is expressed as a ratio to one RSA 2048 signature in the same run, so that the limit holds on any machine. All times
// are CPU times, so that other processes do not change the result.
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { favourSize, limitYoungGeneration } from '../src/v8-flags.js';
import { parsePolicy } from '../src/policy/parse/file.js';
import { importCallbackKey } from '../src/protocol/key.js';
import { signAnswer } from '../src/protocol/sign-answer.js';
import { decideBy, type Policy } from '../src/policy/evaluate/rules.js';
import type { CallbackRequest } from '../src/protocol/request.js';
import { compare, type Comparison, cpuMsPerCall } from './cpu.js';
import { atMost, type Check, withinLimits } from './limits.js';
import { measureSigned } from './signed.js';
import { costliestRules, PAYOUT_USER, policyYaml, realisticRules } from './throughput/policies.js';

// The service sets the same V8 flags.
limitYoungGeneration();
favourSize();

const RULES = 100;
const WARM_UP_CALLS = 5000;
const MAX_SIGNATURE_SHARE = 0.1;
const MAX_COSTLIEST_SHARE = 0.5;
const MANY_RULES = 1000;
/** About as many as a policy may hold; `npm run bench -- lists` measures longer lists, which are in files of their own. */
const MANY_ENTRIES = 15_000;
const LOADS = 3;
const MAX_LOAD_MS = 2500;
const MAX_LENGTH_RATIO = 2;

const PAYLOAD: Readonly<Record<string, unknown>> = {
  ...(JSON.parse(readFileSync('cli/cosigner/samples/tx-eth-transfer.json', 'utf8')) as object),
  signerId: PAYOUT_USER,
  // What is signed is measured apart.
  rawTx: undefined,
};

/** @throws {Error} if a rule matches, because the rules after it would not be evaluated */
function deciding(policy: Policy): () => unknown {
  const request: CallbackRequest = { kind: 'transaction', requestId: 'r', payload: PAYLOAD };
  const { rule } = decideBy(policy, request, new Date());
  if (rule !== 'otherwise') throw new Error(`no rule may match the payload, but ${rule} does`);
  return () => decideBy(policy, request, new Date());
}

function signing(): () => unknown {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = importCallbackKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  return () => signAnswer({ action: 'APPROVE', requestId: 'r' }, key);
}

async function measureRules(what: string, expressions: readonly string[], maxShare: number): Promise<Check> {
  const sign = signing();
  const decide = async (when: readonly string[]): Promise<Comparison> => {
    const call = deciding(parsePolicy(policyYaml(when, 10), 'bench'));
    // Compiles it first: the difference of two medians is sensitive to a cold start.
    await cpuMsPerCall(call, WARM_UP_CALLS);
    return await compare(call, 300, sign, 30);
  };
  const all = await decide(expressions);
  const none = await decide([]);
  const microseconds = `${((all.ms - none.ms) * 1000).toFixed(0)} of ${(all.otherMs * 1000).toFixed(0)} µs`;
  return atMost(
    `${what}, compared with one RSA 2048 signature (${microseconds})`,
    all.ratio - none.ratio,
    maxShare,
    (share) => `${(share * 100).toFixed(1)} %`,
  );
}

async function measureLoading(): Promise<Check> {
  const yaml = policyYaml(realisticRules(MANY_RULES), MANY_ENTRIES);
  const durations: number[] = [];
  for (let load = 0; load < LOADS; load++) {
    durations.push(await cpuMsPerCall(() => parsePolicy(yaml, 'bench'), 1));
  }
  return atMost(
    `loading ${MANY_RULES} rules and a list of ${MANY_ENTRIES} entries`,
    Math.min(...durations),
    MAX_LOAD_MS,
    (ms) => `${ms.toFixed(0)} ms`,
  );
}

async function measureMembership(): Promise<Check> {
  const when = 'tx.destinations.exists(d, d.address in lists.blocked)';
  const evaluateLookup = (entries: number) => {
    const yaml = `${policyYaml([], entries)}\n  - { id: a, for: transaction, when: "${when}", action: reject }`;
    return deciding(parsePolicy(yaml, 'bench'));
  };
  const { ratio } = await compare(evaluateLookup(MANY_ENTRIES), 2000, evaluateLookup(10), 2000);
  return atMost(
    `looking up an address in a list of ${MANY_ENTRIES}, compared with a list of 10`,
    ratio,
    MAX_LENGTH_RATIO,
    (value) => `${value.toFixed(2)}x`,
  );
}

const passed = await withinLimits(async () => [
  await measureRules(`evaluating ${RULES} rules`, realisticRules(RULES), MAX_SIGNATURE_SHARE),
  await measureRules(`evaluating the ${RULES} costliest rules`, costliestRules(RULES), MAX_COSTLIEST_SHARE),
  await measureLoading(),
  await measureMembership(),
  ...(await measureSigned(signing())),
]);
process.exitCode = passed ? 0 : 1;
