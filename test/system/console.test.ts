// Tests with Chromium, passkeys and the built processes that people decide what a rule holds: enrolment, signing in,
// approving, rejecting, and what each of them sees.
import type { Browser } from 'playwright-core';
import t, { type Test } from 'tap';
import { type BrowserPerson, openPerson, startBrowser } from '../helpers/browser.js';
import { CONSOLE_WORLDS, type ConsoleWorld, PAYEE, signingOf, transferOf } from '../helpers/console-world.js';

type Person = 'alice' | 'bob' | 'victor';
type Entries = Readonly<Partial<Record<Person, string>>>;

/** @param entries what the console printed, by person */
function policyOf(entries: Entries = {}): string {
  const person = (key: Person, name: string): string => {
    const entry = entries[key];
    return `  ${key}: { name: ${name}, passkeys: [${entry === undefined ? '' : JSON.stringify(entry)}] }`;
  };
  return `version: 1
lists:
  payees:
    - { address: "${PAYEE}", name: ACME GmbH }
approvers:
${person('alice', 'Alice Example')}
${person('bob', 'Bob Example')}
viewers:
${person('victor', 'Victor Example')}
holds:
  treasury: { of: [alice, bob], quorum: 2, expires: 50m }
  short: { of: [alice, bob], quorum: 1, expires: 1m }
limits:
  daily: { amount: tx.amountUsd, window: 24h, max: "1000000" }
rules:
  - { id: small, for: transaction, when: tx.amountUsd < decimal("100"), action: hold, hold: short }
  - id: large
    for: transaction
    when: tx.operation == "TRANSFER" && tx.amountUsd > decimal("100000")
    action: hold
    hold: treasury
  - { id: changes, for: configuration, when: "true", action: hold, hold: treasury }
`;
}

interface Cast {
  readonly world: ConsoleWorld;
  readonly alice: BrowserPerson;
  readonly bob: BrowserPerson;
  readonly victor: BrowserPerson;
}

for (const [name, create] of Object.entries(CONSOLE_WORLDS)) {
  t.test(`people decide, with the store ${name}`, { timeout: 600_000 }, async (t) => {
    const world = await create(t, policyOf());
    const browser = await startBrowser(t);
    const cast = await enrolAll(world, browser);
    const expiring = transferOf('12');
    t.equal((await world.ask(expiring)).action, 'RETRY');
    await t.test('approves with the quorum, and signs without another decision', (t) => approves(t, cast));
    await t.test('rejects, with the reason of the person', (t) => rejects(t, cast));
    await t.test('counts the same approver once', (t) => countsOnce(t, cast));
    await t.test('shows what is new without a reload', (t) => showsNew(t, cast));
    await t.test('lets viewers look, and not decide', (t) => letsLook(t, cast));
    await t.test('refuses a passkey that does not verify its user', (t) => refusesUnverified(t, cast));
    await t.test('signs out whose passkey is removed from the policy', (t) => signsOut(t, cast));
    await t.test('rejects what expires', (t) => expires(t, cast, expiring));
  });
}

let entries: Entries = {};

async function enrolAll(world: ConsoleWorld, browser: Browser): Promise<Cast> {
  const { origin } = world;
  const alice = await openPerson(browser, origin);
  const bob = await openPerson(browser, origin);
  const victor = await openPerson(browser, origin);
  entries = {
    alice: await alice.enrol('Alice Example'),
    bob: await bob.enrol('Bob Example'),
    victor: await victor.enrol('Victor Example'),
  };
  await world.setPolicy(policyOf(entries));
  for (const person of [alice, bob, victor]) await person.signIn();
  return { world, alice, bob, victor };
}

async function open({ page }: BrowserPerson, requestId: unknown): Promise<void> {
  await page.goto(`/holds/${String(requestId)}`);
}

async function approve(person: BrowserPerson, requestId: unknown): Promise<void> {
  await open(person, requestId);
  await person.page.getByRole('button', { name: 'Approve' }).click();
  await person.page.getByText('You have approved this request.').waitFor();
}

async function approves(t: Test, { world, alice, bob }: Cast): Promise<void> {
  const approval = transferOf('250000');
  t.equal((await world.ask(approval)).action, 'RETRY');
  const { page } = alice;
  await page.goto('/');
  const card = page.getByRole('article').filter({ hasText: '250,000' });
  await card.getByText('ACME GmbH').first().waitFor();
  t.match(await card.innerText(), /Transfer.*250,000 USDC.*\$250,000/s);
  await card.getByRole('link', { name: 'Look and decide' }).click();
  t.match(await page.getByTestId('signed-hash').innerText(), /^[0-9a-f]{16}…$/);
  await page.getByRole('button', { name: 'Approve' }).click();
  await page.getByText('You have approved this request.').waitFor();
  const waiting = await world.ask(approval);
  t.equal(waiting.action, 'RETRY');
  await approve(bob, approval['requestId']);
  t.equal((await world.ask(approval)).action, 'APPROVE');
  const signing = await world.ask(signingOf(approval));
  t.match(signing, { action: 'APPROVE' }, 'nobody decides twice');
  await open(alice, approval['requestId']);
  await page.getByText('This request has been answered: APPROVE.').waitFor();
  t.equal(await page.getByRole('button', { name: 'Approve' }).count(), 0);
}

async function rejects(t: Test, { world, bob }: Cast): Promise<void> {
  const approval = transferOf('150000');
  t.equal((await world.ask(approval)).action, 'RETRY');
  await open(bob, approval['requestId']);
  await bob.page.getByLabel('Reason').fill('Not on the invoice <b>list</b>');
  await bob.page.getByRole('button', { name: 'Reject' }).click();
  await bob.page.getByText('You have rejected this request.').waitFor();
  const answer = await world.ask(approval);
  t.equal(answer.action, 'REJECT');
  t.match(answer.rejectionReason, /Bob Example.*Not on the invoice/);
}

async function countsOnce(t: Test, { world, alice }: Cast): Promise<void> {
  const approval = transferOf('160000');
  await world.ask(approval);
  await open(alice, approval['requestId']);
  const options = alice.page.waitForRequest((request) => request.url().endsWith('/decisions'));
  await alice.page.getByRole('button', { name: 'Approve' }).click();
  const posted = await options;
  await alice.page.getByText('You have approved this request.').waitFor();
  t.equal(await alice.page.getByRole('button', { name: 'Approve' }).count(), 0);
  const again = await alice.page.request.post(posted.url(), {
    data: posted.postDataJSON() as unknown,
    headers: { origin: world.origin },
  });
  t.equal(again.status(), 409);
  t.equal((await world.ask(approval)).action, 'RETRY');
}

async function showsNew(t: Test, { world, alice }: Cast): Promise<void> {
  await alice.page.goto('/');
  await alice.page.evaluate('document.title = "not reloaded"');
  await world.ask(transferOf('170000'));
  await alice.page.getByText('170,000').first().waitFor();
  t.equal(await alice.page.title(), 'not reloaded');
  t.match(await alice.page.getByRole('article').first().innerText(), /170,000/, 'newest first');
}

async function letsLook(t: Test, { world, victor }: Cast): Promise<void> {
  const approval = transferOf('180000');
  await world.ask(approval);
  await open(victor, approval['requestId']);
  await victor.page.getByText('You may look, and not decide.').waitFor();
  t.equal(await victor.page.getByRole('button', { name: /Approve|Reject/ }).count(), 0);
}

async function refusesUnverified(t: Test, { world, alice }: Cast): Promise<void> {
  const approval = transferOf('190000');
  await world.ask(approval);
  await alice.verifyUser(false);
  await open(alice, approval['requestId']);
  await alice.page.getByRole('button', { name: 'Approve' }).click();
  await alice.page.getByText('The passkey was not used.').waitFor();
  await alice.verifyUser(true);
  t.equal((await world.ask(approval)).action, 'RETRY');
}

async function signsOut(t: Test, { world, victor }: Cast): Promise<void> {
  const { alice, bob } = entries;
  await world.setPolicy(policyOf({ ...(alice && { alice }), ...(bob && { bob }) }));
  await victor.page.goto('/');
  await victor.page.getByRole('button', { name: 'Sign in' }).waitFor();
  t.equal(await victor.page.getByText('190,000').count(), 0);
  await victor.page.getByRole('button', { name: 'Sign in' }).click();
  await victor.page.getByText('This passkey is not one of the policy in force.').waitFor();
  t.ok(await world.console.line({ event: 'sign_in_refused' }));
}

async function expires(
  t: Test,
  { world, alice }: Cast,
  expiring: ReturnType<typeof transferOf>,
): Promise<void> {
  await open(alice, expiring['requestId']);
  await alice.page.getByText('The time for this request is over.').waitFor({ timeout: 90_000 });
  t.equal((await world.ask(expiring)).action, 'REJECT');
}
