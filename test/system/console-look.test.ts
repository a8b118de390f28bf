// Takes pictures of every page of the console, wide and narrow, light and dark, in both languages, and lets axe look for
// what keeps people out.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import t, { type Test } from 'tap';
import {
  type BrowserPerson,
  type Look,
  openPerson,
  overflow,
  screenshot,
  startBrowser,
  violations,
} from '../helpers/browser.js';
import { CONSOLE_WORLDS, type ConsoleWorld, PAYEE, signingOf, transferOf } from '../helpers/console-world.js';
import { ROOT } from '../helpers/paths.js';

const LOOKS: Readonly<Record<string, Look>> = {
  'en-light-wide': {},
  'en-dark-wide': { colorScheme: 'dark' },
  'en-light-narrow': { width: 390 },
  'en-dark-narrow': { colorScheme: 'dark', width: 390 },
  'ja-light-wide': { language: 'ja-JP' },
  'ja-dark-wide': { language: 'ja-JP', colorScheme: 'dark' },
  'ja-light-narrow': { language: 'ja-JP', width: 390 },
  'ja-dark-narrow': { language: 'ja-JP', colorScheme: 'dark', width: 390 },
};

/** Pages in the navigation. */
const PAGES: Readonly<Record<string, string>> = {
  waiting: '/',
  history: '/history',
  limits: '/limits',
  policy: '/policy',
};

function policyOf(entry = ''): string {
  const passkeys = entry === '' ? '[]' : JSON.stringify([entry]);
  return `version: 1
lists:
  payees:
    - { address: "${PAYEE}", name: ACME GmbH }
approvers:
  alice: { name: Alice Example, passkeys: ${passkeys} }
  bob: { name: Bob Example, passkeys: [] }
  carol: { name: Carol Example, passkeys: [] }
holds:
  treasury: { of: [alice, bob, carol], quorum: 2, expires: 50m }
limits:
  daily: { amount: tx.amountUsd, window: 24h, max: "1000000" }
rules:
  - id: large
    for: transaction
    when: tx.operation == "TRANSFER" && tx.amountUsd > decimal("100000")
    action: hold
    hold: treasury
  - { id: changes, for: configuration, when: "true", action: hold, hold: treasury }
`;
}

t.test('every page can be used by everybody', { timeout: 600_000 }, async (t) => {
  const create = CONSOLE_WORLDS['embedded'];
  if (create === undefined) throw new Error('there is no embedded store');
  const world = await create(t, policyOf());
  const browser = await startBrowser(t);
  const alice = await openPerson(browser, world.origin);
  await world.setPolicy(policyOf(await alice.enrol('Alice Example')));
  await alice.signIn();
  const session = await alice.page.context().storageState();
  const held = signingOf(transferOf('250000', { note: 'Invoice 2026-118: <b>not</b> markup' }));
  const change = {
    requestId: 'change-1',
    type: 'ADD_USER',
    extraInfo: { userName: 'Mallory', role: 'ADMIN' },
  };
  for (const look of Object.entries(LOOKS)) {
    await t.test(look[0], (t) => lookAtEmpty(t, world, browser, look));
  }
  await world.ask(held);
  await world.ask(change, 'configuration');
  await alice.page.goto(`/holds/${String(held['requestId'])}`);
  // One decision of a person, and one of a rule.
  await alice.page.getByRole('button', { name: 'Approve' }).click();
  await alice.page.getByText('You have approved this request.').waitFor();
  const other = signingOf(transferOf('600000'));
  await world.ask(other);
  await world.ask(transferOf('5'));
  await takePicture(t, alice, other['requestId']);
  const looks = Object.entries(LOOKS);
  for (const look of looks)
    await t.test(look[0], (t) => lookAtHeld(t, world, browser, { look, held, other, session }));
});

/** The picture in README.md. UPDATE_DOCS=1 takes it anew. */
const PICTURE = join(ROOT, 'docs/images/console.png');

async function takePicture(t: Test, { page }: BrowserPerson, requestId: unknown): Promise<void> {
  await page.goto(`/holds/${String(requestId)}`);
  if (process.env['UPDATE_DOCS'] === '1') await page.screenshot({ path: PICTURE });
  t.ok(existsSync(PICTURE), 'README.md has a picture of the console');
}

async function lookAtEmpty(
  t: Test,
  { origin }: ConsoleWorld,
  browser: Browser,
  [name, look]: [string, Look],
): Promise<void> {
  const person = await openPerson(browser, origin, look);
  await see(t, person, `sign-in-${name}`, '/');
  await see(t, person, `enrol-${name}`, '/enrol');
  const isJapanese = look.language === 'ja-JP';
  await person.page.getByLabel(isJapanese ? '名前' : 'Name', { exact: true }).fill('Alice Example');
  await person.page.getByRole('button', { name: isJapanese ? 'パスキーを作成' : 'Create passkey' }).click();
  await person.page.getByTestId('policy-entry').waitFor({ state: 'visible' });
  await see(t, person, `enrolled-${name}`);
  await person.page.context().close();
}

interface Seen {
  readonly look: [string, Look];
  /** Approved by one of two. */
  readonly held: Readonly<Record<string, unknown>>;
  readonly other: Readonly<Record<string, unknown>>;
  readonly session: Awaited<ReturnType<ReturnType<BrowserPerson['page']['context']>['storageState']>>;
}

async function lookAtHeld(
  t: Test,
  { origin }: ConsoleWorld,
  browser: Browser,
  { look: [name, look], held, other, session }: Seen,
): Promise<void> {
  const person = await openPerson(browser, origin, look);
  await person.page.context().addCookies(session.cookies);
  for (const [page, path] of Object.entries(PAGES)) await see(t, person, `${page}-${name}`, path);
  await see(t, person, `hold-${name}`, `/holds/${String(other['requestId'])}`);
  await see(t, person, `approved-${name}`, `/holds/${String(held['requestId'])}`);
  await person.page.locator('summary').click();
  await see(t, person, `hold-open-${name}`);
  await see(t, person, `change-${name}`, '/holds/change-1');
  await see(t, person, `story-${name}`, `/history/${String(held['requestId'])}`);
  await see(t, person, `not-found-${name}`, '/holds/none');
  await person.page.context().close();
}

/** @param path absent: what is shown now */
async function see(t: Test, { page }: BrowserPerson, name: string, path?: string): Promise<void> {
  if (path !== undefined) await page.goto(path);
  await screenshot(page, name);
  t.strictSame(await violations(page), [], `${name}: axe finds nothing`);
  t.equal(await overflow(page), 0, `${name}: nothing is wider than the window`);
}
