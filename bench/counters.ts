// `npm run bench -- counters`: measures whether a decision by a limit takes longer in a store with many counters.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Payload } from '../cli/cosigner/request.js';
import { counterToJson } from '../src/policy/limits/counter-json.js';
import { bucketAt } from '../src/policy/limits/window.js';
import { parsePolicy } from '../src/policy/parse/file.js';
import { Decimal } from '../src/protocol/decimal.js';
import { counterKey } from '../src/store/keys.js';
import { openStore, type Store } from '../src/store/open.js';
import { MAX_WRITES } from '../src/store/table.js';
import { atMost, type Check } from './limits.js';
import { median } from './measure.js';
import { clearProgress, showProgress } from './progress.js';
import { recorded } from './traffic/recorded.js';

const FEW = 10;
/** A decision among many counters may take so many times as long. */
const MAX_RATIO = 1.3;
/** Decisions in each store, one after another, and before them some that do not count. */
const DECISIONS = 1000;
const WARM_UP = 50;
/** Groups of counters that are written at the same time: they are committed together. */
const GROUPS = 50;

const WINDOW_MS = 86_400_000;
const POLICY = parsePolicy(
  `version: 1
limits:
  daily: { amount: tx.amount, per: [tx.sourceId], window: 24h, max: "1000000000" }
rules:
  - { id: all, for: transaction, when: 'true', action: approve }
`,
  'bench',
);

/** @param counters how many, in the larger store */
export async function measureCounters(counters: number): Promise<readonly Check[]> {
  const directory = mkdtempSync(join(tmpdir(), 'callback-handler-counters-'));
  try {
    const stores = [
      await storeOf(join(directory, 'few'), FEW),
      await storeOf(join(directory, 'many'), counters),
    ];
    try {
      return await measure(stores, counters);
    } finally {
      for (const { table } of stores) await table.close();
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Decides in turn in each store, so that both find the machine equally busy. */
async function measure(stores: readonly Store[], counters: number): Promise<readonly Check[]> {
  const deciders = [FEW, counters].map((count, place) => deciderOf(stores[place], count));
  const ms: number[][] = stores.map(() => []);
  for (let turn = -WARM_UP; turn < DECISIONS; turn++) {
    for (const [place, decide] of deciders.entries()) {
      const startedAt = performance.now();
      await decide();
      if (turn >= 0) ms[place]?.push(performance.now() - startedAt);
    }
  }
  const [few = NaN, many = NaN] = ms.map(median);
  const what = `a decision with ${counters} counters (${many.toFixed(2)} ms) against ${FEW} (${few.toFixed(2)} ms)`;
  return [atMost(what, many / few, MAX_RATIO, (ratio) => `${ratio.toFixed(2)}x`)];
}

/** @returns decides about another request each time, by a counter at random */
function deciderOf(store: Store | undefined, counters: number): () => Promise<void> {
  if (store === undefined) throw new Error('there is no store');
  const process = recorded({ ...store, policy: POLICY });
  let number = 0;
  return () => process.decide(payment(String(++number), String(Math.floor(Math.random() * counters))));
}

function payment(number: string, sourceId: string): Payload {
  const id = createHash('sha256').update(number).digest('hex').slice(0, 32);
  return {
    ...{ requestId: id, txId: id, operation: 'TRANSFER', asset: 'COIN', amountStr: '1' },
    ...{ sourceType: 'VAULT', sourceId, signerId: 'signer' },
    destinations: [{ amountNativeStr: '1', dstAddress: 'somewhere', dstAddressType: 'WHITELISTED' }],
  };
}

/** A store in which each of many sources has spent something. */
async function storeOf(path: string, counters: number): Promise<Store> {
  const store = await openStore({ path });
  const bucket = bucketAt({ type: 'sliding', ms: WINDOW_MS }, Date.now());
  const data = JSON.stringify(counterToJson({ buckets: [{ ...bucket, sum: new Decimal(5) }] }));
  for (let first = 0; first < counters; first += MAX_WRITES * GROUPS) {
    showProgress(`${first} of ${counters} counters written`);
    const groups = Array.from({ length: GROUPS }, (_, place) => first + place * MAX_WRITES);
    await Promise.all(
      groups.map((from) => writeCounters(store, from, Math.min(from + MAX_WRITES, counters), data)),
    );
  }
  clearProgress();
  return store;
}

async function writeCounters({ table }: Store, from: number, to: number, data: string): Promise<void> {
  const sources = Array.from({ length: Math.max(0, to - from) }, (_, place) => String(from + place));
  await table.write(sources.map((source) => ({ type: 'put', ...counterKey('daily', source), data })));
}
