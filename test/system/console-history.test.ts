// How the history, the limits and the policy look: no violation of WCAG 2.2 AA, and nothing wider than a phone.
import fastify from 'fastify';
import t, { type Test } from 'tap';
import { assetRoutes } from '../../src/console/assets.js';
import { HEADERS } from '../../src/console/headers.js';
import type { ConsoleContext } from '../../src/console/page-context.js';
import { historyPages } from '../../src/console/pages/history.js';
import { limitsPages } from '../../src/console/pages/limits.js';
import { policyPages } from '../../src/console/pages/policy.js';
import { storyPages } from '../../src/console/pages/story.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import { openPerson, overflow, screenshot, startBrowser, violations } from '../helpers/browser.js';
import { memoryLog } from '../helpers/log.js';
import { memoryWorld, payment, signing } from '../helpers/memory-world.js';

const POLICY = `version: 1
approvers:
  alice: { name: Alice Example, passkeys: [] }
  bob: { name: Bob Example, passkeys: [] }
viewers:
  vera: { name: Vera Viewer, passkeys: [] }
holds:
  treasury: { of: [alice, bob], quorum: 2, expires: 50m }
limits:
  daily: { amount: tx.amount, window: 24h, max: "100" }
  perVault: { amount: tx.amount, per: [tx.sourceId], calendar: month, zone: Europe/Berlin, max: "50" }
rules:
  - { id: large, for: transaction, when: 'tx.amount > decimal("1000")', action: hold, hold: treasury }
  - { id: not-there, for: transaction, when: 'tx.sourceId == "9"', action: reject, reason: This vault is closed. }
  - { id: small, for: transaction, when: 'tx.amount < decimal("100")', action: approve }
`;
const CANDIDATE = POLICY.replace('"1000"', '"500"').replace('id: not-there', 'id: closed');
const ID = '7d3c1a52-9f0e-4c44-8a51-0f6f2f1f7a3e';

/** A console with some decisions, in which everybody is signed in. */
async function consoleOf(t: Test): Promise<string> {
  const world = memoryWorld(t, POLICY);
  const { ask } = world.process();
  await ask(payment(ID, '20'));
  world.state.now += 90_000;
  await ask(signing(ID, '20'));
  for (let number = 0; number < 60; number++) {
    world.state.now += 61_000;
    const vault = number % 7 === 3 ? '9' : String(number % 4);
    const id = `${String(number).padStart(8, '0')}-9f0e-4c44-8a51-0f6f2f1f7a3e`;
    await ask(payment(id, number % 20 === 5 ? '2500' : '1.25', { sourceId: vault }));
  }
  const app = fastify();
  app.addHook('onRequest', (request, reply, done) => {
    request.signedIn = { key: 'alice', name: 'Alice Example', isApprover: true };
    void reply.headers(HEADERS);
    done();
  });
  await assetRoutes(app);
  const context: ConsoleContext = {
    ...{ table: world.table, blobs: world.blobs, log: memoryLog().log, origin: 'http://localhost:3001' },
    policy: { current: world.state.policy },
    candidate: { current: parsePolicy(CANDIDATE, 'candidate') },
    now: () => new Date(world.state.now),
  };
  for (const register of [historyPages, storyPages, limitsPages, policyPages]) register(app, context);
  t.teardown(() => app.close());
  return app.listen({ port: 0, host: '127.0.0.1' });
}

const PAGES = {
  history: '/history',
  'history-day': '/history?day=2026-11-26&text=somewhere',
  'history-empty': '/history?day=2026-01-01',
  story: `/history/${ID}`,
  limits: '/limits?limit=perVault&key=7',
  policy: '/policy',
};

t.test('in both languages, by day and by night, wide and narrow', async (t) => {
  const origin = await consoleOf(t);
  const browser = await startBrowser(t);
  for (const language of ['en-US', 'ja-JP'] as const) {
    for (const [colorScheme, width] of [
      ['light', 1280],
      ['dark', 390],
    ] as const) {
      const { page } = await openPerson(browser, origin, { language, colorScheme, width });
      for (const [name, path] of Object.entries(PAGES)) {
        await page.goto(path);
        const look = `${name}-${language.slice(0, 2)}-${colorScheme}-${width}`;
        await screenshot(page, look);
        t.same(await violations(page), [], look);
        t.ok((await overflow(page)) <= 0, `${look} is not wider than the window`);
      }
    }
  }
});
