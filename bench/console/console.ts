// `npm run bench -- console`: measures how fast the console's pages answer with a long history in the embedded store.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify, { type FastifyInstance } from 'fastify';
import pino from 'pino';
import { historyPages } from '../../src/console/pages/history.js';
import { limitsPages } from '../../src/console/pages/limits.js';
import { policyPages } from '../../src/console/pages/policy.js';
import { storyPages } from '../../src/console/pages/story.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import { openStore, type Store } from '../../src/store/open.js';
import { atMost, type Check, printChecks } from '../limits.js';
import { clearProgress, showProgress } from '../progress.js';
import { TOLD, writeHistory } from './history.js';

const MAX_MS = 200;
/** Each page is read so often, after once to warm up; the slowest counts. */
const ROUNDS = 10;
const HELD = 1000;
const END = Date.parse('2026-11-26T12:00:00Z');

const POLICY = parsePolicy(
  `version: 1
approvers:
  alice: { name: Alice Example, passkeys: [] }
  bob: { name: Bob Example, passkeys: [] }
holds:
  treasury: { of: [alice, bob], quorum: 2, expires: 50m }
limits:
  daily: { amount: tx.amount, per: [tx.sourceId], window: 24h, max: "1000000" }
  all: { amount: tx.amount, window: 30d, max: "1000000000" }
rules:
  - { id: small, for: transaction, when: 'tx.amount < decimal("1000")', action: approve }
  - { id: large, for: transaction, when: 'tx.amount > decimal("100000")', action: hold, hold: treasury }
`,
  'bench',
);

/** What is read: a name, and an address, or a link in the page before that leads to it. */
const PAGES: readonly (readonly [string, string | RegExp])[] = [
  ['the newest decisions', '/history'],
  ['the next page', /href="(\/history\?[^"]+)" rel="next"/],
  ['a day long ago', '/history?day=2026-03-01'],
  ['a day, by text without a hit', '/history?day=2026-06-15&text=nothing'],
  ['by a rule without a hit', '/history?rule=nothing'],
  ['by an asset without a hit', '/history?asset=NOTHING'],
  ['going on without a hit', /href="(\/history\?[^"]+)" rel="next"/],
  ['a story', `/history/${TOLD}`],
  ['limits', '/limits'],
  ['policy', '/policy'],
];

/** @returns whether all limits hold */
export async function measureConsole(records: number): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), 'callback-handler-console-'));
  try {
    const path = join(directory, 'store');
    const startedAt = performance.now();
    const written = await openStore({ path });
    await writeHistory(written.table, { records, held: HELD, end: END }, (count) =>
      showProgress(`${count} of ${records} records written`),
    );
    await written.table.close();
    clearProgress();
    console.log(`written in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
    const store = await openStore({ path });
    const app = appOf(store);
    try {
      return printChecks(await measure(app));
    } finally {
      await app.close();
      await store.table.close();
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The pages, as somebody sees them who is signed in. */
function appOf(store: Store): FastifyInstance {
  const app = fastify();
  app.addHook('onRequest', (request, _reply, done) => {
    request.signedIn = { key: 'alice', name: 'Alice Example', isApprover: true };
    done();
  });
  const context = {
    ...store,
    policy: { current: POLICY },
    candidate: { current: undefined },
    origin: 'https://callback.internal:8443',
    log: pino({ level: 'silent' }),
    now: () => new Date(END),
  };
  for (const register of [historyPages, storyPages, limitsPages, policyPages]) register(app, context);
  return app;
}

async function measure(app: FastifyInstance): Promise<readonly Check[]> {
  const checks: Check[] = [];
  let before = '';
  for (const [name, address] of PAGES) {
    const url = typeof address === 'string' ? address : linkIn(before, address);
    before = (await read(app, url)).body;
    let slowest = 0;
    for (let round = 0; round < ROUNDS; round++) slowest = Math.max(slowest, (await read(app, url)).ms);
    checks.push(atMost(name, slowest, MAX_MS, (ms) => `${ms.toFixed(0)} ms`));
  }
  return checks;
}

function linkIn(page: string, pattern: RegExp): string {
  const link = pattern.exec(page)?.[1];
  if (link === undefined) throw new Error('no link to a next page');
  return link.replaceAll('&amp;', '&');
}

async function read(
  app: FastifyInstance,
  url: string,
): Promise<{ readonly body: string; readonly ms: number }> {
  const startedAt = performance.now();
  const { statusCode, body } = await app.inject(url);
  const ms = performance.now() - startedAt;
  if (statusCode !== 200) throw new Error(`${url}: ${statusCode} ${body}`);
  return { body, ms };
}
