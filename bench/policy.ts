// `npm run policy:bench`: what rules cost, against limits that must stay true.
// The cost of a decision is stated as a ratio to one RSA 2048 signature in the same run.
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { favourSize } from '../src/v8-flags.js';
import { parsePolicy } from '../src/policy/parse/file.js';
import { importCallbackKey } from '../src/protocol/key.js';
import { signAnswer } from '../src/protocol/token.js';
import { decideBy, type Policy } from '../src/policy/evaluate/rules.js';
import type { CallbackRequest } from '../src/protocol/request.js';
import { printRows, type Row } from '../test/helpers/rows.js';
import { mixed, PAYOUT_USER, policyText, worst } from './throughput/rules.js';

// As the service runs.
favourSize();

const ROUNDS = 25;
const RULES = 100;
const MAX_SIGNATURE_SHARE = 0.1;
const MAX_WORST_SHARE = 0.5;
const MANY_RULES = 1000;
const MANY_ENTRIES = 100_000;
const MAX_LOAD_MS = 6000;
const MAX_LENGTH_RATIO = 2;

const PAYLOAD: Readonly<Record<string, unknown>> = {
  ...(JSON.parse(readFileSync('cli/cosigner/samples/tx-eth-transfer.json', 'utf8')) as object),
  signerId: PAYOUT_USER,
};

/** Milliseconds that one call takes. */
async function msPerCall(call: () => unknown, times: number): Promise<number> {
  const startedAt = performance.now();
  for (let i = 0; i < times; i++) {
    const pending = call();
    if (pending instanceof Promise) await pending;
  }
  return (performance.now() - startedAt) / times;
}

interface Measured {
  readonly ratio: number;
  readonly ms: number;
  readonly otherMs: number;
}

/** How long one thing takes against another: measured in turns, for a machine may be busy now and idle then. */
async function compare(
  call: () => unknown,
  times: number,
  other: () => unknown,
  otherTimes: number,
): Promise<Measured> {
  const rounds: Measured[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const ms = await msPerCall(call, times);
    const otherMs = await msPerCall(other, otherTimes);
    rounds.push({ ratio: ms / otherMs, ms, otherMs });
  }
  const median = rounds.sort((a, b) => a.ratio - b.ratio)[Math.floor(ROUNDS / 2)];
  if (median === undefined) throw new Error('nothing was measured');
  return median;
}

function deciding(policy: Policy): () => unknown {
  // Facts are read anew for each request.
  const request: CallbackRequest = { kind: 'transaction', requestId: 'r', payload: PAYLOAD };
  const { rule } = decideBy(policy, request, new Date());
  if (rule !== 'otherwise') throw new Error(`every rule must be evaluated, but ${rule} decided`);
  return () => decideBy(policy, request, new Date());
}

/** Signs as the service does. */
function signing(): () => unknown {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = importCallbackKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  return () => signAnswer({ action: 'APPROVE', requestId: 'r' }, key);
}

async function measureRules(what: string, whens: readonly string[], maxShare: number): Promise<Row> {
  const decide = deciding(parsePolicy(policyText(whens, 10), 'bench'));
  const { ratio, ms, otherMs } = await compare(decide, 300, signing(), 30);
  return {
    what: `${what}, against one RSA 2048 signature`,
    measured: `${(ratio * 100).toFixed(1)} % (${(ms * 1000).toFixed(0)} of ${(otherMs * 1000).toFixed(0)} µs)`,
    limit: `${maxShare * 100} %`,
    holds: ratio < maxShare,
  };
}

function measureLoading(): Row {
  const text = policyText(mixed(MANY_RULES), MANY_ENTRIES);
  const times = Array.from({ length: 5 }, () => {
    const startedAt = performance.now();
    parsePolicy(text, 'bench');
    return performance.now() - startedAt;
  });
  const ms = Math.min(...times);
  return {
    what: `loading ${MANY_RULES} rules and a list of ${MANY_ENTRIES}`,
    measured: `${ms.toFixed(0)} ms`,
    limit: `${MAX_LOAD_MS} ms`,
    holds: ms < MAX_LOAD_MS,
  };
}

async function measureMembership(): Promise<Row> {
  const when = 'tx.destinations.exists(d, d.address in lists.blocked)';
  const askingAListOf = (entries: number) => {
    const text = `${policyText([], entries)}\n  - { id: a, for: transaction, when: "${when}", action: reject }`;
    return deciding(parsePolicy(text, 'bench'));
  };
  const { ratio } = await compare(askingAListOf(MANY_ENTRIES), 2000, askingAListOf(10), 2000);
  return {
    what: `asking a list of ${MANY_ENTRIES}, against one of 10`,
    measured: `${ratio.toFixed(2)}x`,
    limit: `${MAX_LENGTH_RATIO}x`,
    holds: ratio <= MAX_LENGTH_RATIO,
  };
}

const rows = [
  await measureRules(`${RULES} rules`, mixed(RULES), MAX_SIGNATURE_SHARE),
  await measureRules(`${RULES} rules, none of which can be left early`, worst(RULES), MAX_WORST_SHARE),
  measureLoading(),
  await measureMembership(),
];
process.exitCode = printRows(rows) ? 0 : 1;
