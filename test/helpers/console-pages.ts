// Pages of the console behind a guard that lets everybody in.
import Fastify, { type FastifyInstance } from 'fastify';
import type { ConsoleContext } from '../../src/console/page-context.js';
import { historyPages } from '../../src/console/pages/history.js';
import { limitsPages } from '../../src/console/pages/limits.js';
import { policyPages } from '../../src/console/pages/policy.js';
import { storyPages } from '../../src/console/pages/story.js';
import type { Policy } from '../../src/policy/evaluate/policy.js';
import type { Blobs } from '../../src/store/blobs.js';
import type { Table } from '../../src/store/table.js';
import { memoryLog } from './log.js';
import { ORIGIN } from './held-people.js';

export interface PagesOptions {
  readonly table: Table;
  readonly blobs: Blobs;
  readonly policy: Policy;
  readonly candidate?: Policy;
  /** Unix time in ms. */
  readonly now: () => number;
}

export function pagesApp({ table, blobs, policy, candidate, now }: PagesOptions): FastifyInstance {
  const app = Fastify();
  const context: ConsoleContext = {
    ...{ table, blobs, policy: { current: policy }, candidate: { current: candidate } },
    ...{ origin: ORIGIN, log: memoryLog().log, now: () => new Date(now()) },
  };
  app.addHook('onRequest', (request, _reply, done) => {
    request.signedIn = { key: 'alice', name: 'Alice Example', isApprover: true };
    done();
  });
  for (const pages of [historyPages, storyPages, limitsPages, policyPages]) pages(app, context);
  return app;
}

/** Markup with only the tags and values of its tables, so that tests don't depend on how they look on a phone. */
export function plainTables(body: string): string {
  return body.replaceAll(/<(table|thead|tbody|tr|th|td) [^>]*>/g, '<$1>').replaceAll(/>\s+</g, '><');
}
