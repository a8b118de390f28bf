// `npm run bench -- console`: measures the console's pages with a large embedded store and many requests that wait.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import pino from 'pino';
import type { ConsoleContext } from '../src/console/page-context.js';
import { historyPages } from '../src/console/pages/history.js';
import { holdPage } from '../src/console/pages/hold.js';
import { limitsPages } from '../src/console/pages/limits.js';
import { policyPages } from '../src/console/pages/policy.js';
import { storyPages } from '../src/console/pages/story.js';
import { waitingPages } from '../src/console/pages/waiting.js';
import { parsePolicy } from '../src/policy/parse/file.js';
import { openStore } from '../src/store/open.js';
import { DAY_MS, LAST, POLICY, writeHistory, type Written } from './console-store.js';
import { atMost, type Check } from './limits.js';
import { median } from './measure.js';
import { clearProgress, showProgress } from './progress.js';

const MAX_PAGE_MS = 200;
const MAX_WRITE_SECONDS = 240;
const ROUNDS = 15;
const WAITING = 1000;

/** The modules of pages that are measured. */
const PAGES = [historyPages, storyPages, limitsPages, policyPages, waitingPages, holdPage];

export async function measureConsole(records: number): Promise<readonly Check[]> {
  const directory = mkdtempSync(join(tmpdir(), 'callback-handler-console-'));
  const { table, blobs } = await openStore({ path: join(directory, 'store') });
  try {
    const startedAt = performance.now();
    const written = await writeHistory(table, { records, waiting: WAITING });
    const seconds = (performance.now() - startedAt) / 1000;
    const policy = { current: parsePolicy(POLICY, 'bench') };
    const app = appWith({
      ...{ table, blobs, policy, candidate: { current: undefined } },
      ...{ origin: 'http://localhost:3001', log: pino({ level: 'silent' }), now: () => new Date(LAST) },
    });
    const checks = [
      atMost(
        `writing ${records} records (${WAITING} wait)`,
        seconds,
        MAX_WRITE_SECONDS,
        (s) => `${s.toFixed(0)} s`,
      ),
    ];
    for (const [what, url] of pagesOf(written)) checks.push(await measure(app, what, url));
    await app.close();
    return checks;
  } finally {
    clearProgress();
    await table.close();
    rmSync(directory, { recursive: true });
  }
}

function appWith(context: ConsoleContext): FastifyInstance {
  const app = Fastify();
  app.addHook('onRequest', (request, _reply, done) => {
    request.signedIn = { key: 'alice', name: 'Alice', isApprover: true };
    done();
  });
  for (const pages of PAGES) pages(app, context);
  return app;
}

function pagesOf({ first, story, held }: Written): readonly (readonly [string, string])[] {
  const day = new Date((first + LAST) / 2).toISOString().slice(0, 10);
  const lastDay = new Date(LAST - DAY_MS).toISOString().slice(0, 10);
  return [
    ['history, the newest', '/history'],
    ['history, a day long ago', `/history?day=${day}`],
    ['history, a filter without a hit', '/history?rule=none'],
    ['history, an asset', '/history?asset=RARE'],
    ['history, a text within a day', `/history?day=${lastDay}&text=nowhere`],
    ['story of an answered request', `/history/${story}`],
    ['story of a held request', `/history/${held}`],
    ['waiting', '/'],
    ['a request that waits', `/holds/${held}`],
    ['limits', '/limits'],
    ['policy', '/policy'],
  ];
}

async function measure(app: FastifyInstance, what: string, url: string): Promise<Check> {
  showProgress(what);
  const times: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const startedAt = performance.now();
    const { statusCode } = await app.inject({ url });
    if (statusCode !== 200) throw new Error(`${url}: ${statusCode}`);
    // The first one warms up.
    if (round > 0) times.push(performance.now() - startedAt);
  }
  clearProgress();
  return atMost(`${what}, median`, median(times), MAX_PAGE_MS, (ms) => `${ms.toFixed(0)} ms`);
}
