// Tests that the console stores a decision once, if the person's passkey signed exactly that.
import t from 'tap';
import { challengeOf } from '../../src/approvals/statement.js';
import { personKey } from '../../src/store/keys.js';
import { consoleApp } from '../helpers/console-app.js';
import { MINUTE } from '../helpers/held-people.js';
import { payment } from '../helpers/memory-world.js';

const PAYMENT = payment('held');

t.test('approves when enough have decided', async (t) => {
  const app = await consoleApp(t);
  await app.ask(PAYMENT);
  t.equal((await app.decide('alice', 'approve', PAYMENT, { cookie: await app.signIn('alice') })).status, 200);
  t.match(await app.ask(PAYMENT), { action: 'RETRY' });
  t.equal((await app.decide('bob', 'approve', PAYMENT, { cookie: await app.signIn('bob') })).status, 200);
  t.match(await app.ask(PAYMENT), { action: 'APPROVE' });
  t.match(
    app.lines.filter(({ event }) => event === 'person_decided'),
    [
      { requestId: 'held', approver: 'alice', verdict: 'approve' },
      { requestId: 'held', approver: 'bob', verdict: 'approve' },
    ],
  );
});

t.test('rejects with a reason', async (t) => {
  const app = await consoleApp(t);
  await app.ask(PAYMENT);
  const cookie = await app.signIn('alice');
  await app.decide('alice', 'reject', PAYMENT, { cookie, reason: ' Unknown payee ' });
  t.match(await app.ask(PAYMENT), { action: 'REJECT', reason: /Unknown payee/ });
});

t.test('asks the browser for the passkeys of the person, and for what is signed', async (t) => {
  const app = await consoleApp(t);
  await app.ask(PAYMENT);
  const cookie = await app.signIn('alice');
  const hash = app.hash(PAYMENT);
  const { json } = await app.post('/holds/held/decisions/options', { hash, verdict: 'approve' }, { cookie });
  const challenge = challengeOf({ verdict: 'approve', request: hash, approver: 'alice' });
  t.match(json, {
    publicKey: {
      challenge: challenge.toString('base64url'),
      userVerification: 'required',
      allowCredentials: app.people.alice.map(({ passkey }) => ({ id: passkey.credentialId })),
    },
  });
  const { body } = await app.get('/holds/held', { cookie });
  t.match(body, `${challenge.toString('hex').slice(0, 16)}…`);
});

t.test('refuses what was not signed exactly so', async (t) => {
  const app = await consoleApp(t);
  const other = payment('other');
  await app.ask(PAYMENT);
  await app.ask(other);
  const cookie = await app.signIn('alice');
  const request = app.hash(PAYMENT);
  const tricks = {
    'the other decision': { signs: challengeOf({ verdict: 'reject', request, approver: 'alice' }) },
    'another approver': { signs: challengeOf({ verdict: 'approve', request, approver: 'bob' }) },
    'another’s passkey': { by: 'bob' },
    'another request': { about: other },
    'no user verification': { userVerified: false },
    'no user': { userPresent: false },
    'another origin': { origin: 'https://evil.example' },
    'another rpId': { rpId: 'evil.example' },
    'a frame': { crossOrigin: true },
    'a registration': { type: 'webauthn.create' },
  } as const;
  for (const [name, trick] of Object.entries(tricks)) {
    const { status } = await app.decide('alice', 'approve', PAYMENT, { cookie, ...trick });
    t.equal(status, 403, name);
  }
  t.equal(await app.stored('alice', PAYMENT), undefined);
  t.equal(await app.stored('alice', other), undefined);
  t.equal(app.lines.filter(({ event }) => event === 'decision_refused').length, Object.keys(tricks).length);
});

t.test('takes a decision once', async (t) => {
  const app = await consoleApp(t);
  await app.ask(PAYMENT);
  const cookie = await app.signIn('alice');
  const twice = await Promise.all([
    app.decide('alice', 'approve', PAYMENT, { cookie }),
    app.decide('alice', 'approve', PAYMENT, { cookie }),
  ]);
  t.strictSame(twice.map(({ status }) => status).sort(), [200, 409]);
  t.equal((await app.decide('alice', 'reject', PAYMENT, { cookie })).status, 409);
  t.match(await app.ask(PAYMENT), { action: 'RETRY' });
});

t.test('replaces what somebody planted', async (t) => {
  const app = await consoleApp(t);
  await app.ask(PAYMENT);
  await app.table.write([{ type: 'put', ...personKey(app.hash(PAYMENT), 'alice'), data: 'planted' }]);
  const cookie = await app.signIn('alice');
  t.equal((await app.decide('alice', 'approve', PAYMENT, { cookie })).status, 200);
});

t.test('takes nothing about what was answered, has expired or has changed', async (t) => {
  const app = await consoleApp(t);
  await app.ask(PAYMENT);
  const cookie = await app.signIn('alice');
  const unknown = payment('held', '5');
  t.equal((await app.decide('alice', 'approve', unknown, { cookie })).status, 404, 'another content');
  await app.decide('alice', 'reject', PAYMENT, { cookie });
  await app.ask(PAYMENT);
  const bob = await app.signIn('bob');
  t.equal((await app.decide('bob', 'approve', PAYMENT, { cookie: bob })).status, 409);
  t.match((await app.get('/holds/held', { cookie: bob })).body, /has been answered: REJECT/);
  const late = payment('late');
  await app.ask(late);
  app.state.now += 51 * MINUTE;
  const again = await app.signIn('bob');
  t.equal((await app.decide('bob', 'approve', late, { cookie: again })).status, 409);
  t.match((await app.get('/holds/late', { cookie: again })).body, /time for this request is over/);
});

t.test('whoever may have initiated it may reject only', async (t) => {
  const app = await consoleApp(t, { notInitiator: 'alice' });
  await app.ask(PAYMENT);
  const cookie = await app.signIn('alice');
  t.notMatch((await app.get('/holds/held', { cookie })).body, />\s*Approve\s*</);
  t.equal((await app.decide('alice', 'approve', PAYMENT, { cookie })).status, 403);
  t.equal((await app.decide('alice', 'reject', PAYMENT, { cookie })).status, 200);
});
