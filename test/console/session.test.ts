// Tests that a session is had by a passkey of the policy only, ends, and can't be made up.
import t from 'tap';
import { clientOf, consoleApp, cookieIn } from '../helpers/console-app.js';
import { consoleKey } from '../../src/store/keys.js';
import { createPasskey } from '../helpers/authenticator.js';
import { MINUTE } from '../helpers/held-people.js';

t.test('a session is in a cookie of this host alone', async (t) => {
  const app = await consoleApp(t);
  const answered = await app.post('/sign-in', await app.signInBody('alice'));
  t.match(
    answered.headers['set-cookie'],
    /^__Host-session=[\w.-]+; Path=\/; Max-Age=1800; HttpOnly; SameSite=Strict; Secure$/,
  );
  t.match(app.lines, [{ event: 'signed_in', person: 'alice' }]);
});

t.test('ends after half an hour, whatever is done meanwhile', async (t) => {
  const app = await consoleApp(t);
  const cookie = await app.signIn('alice');
  app.state.now += 29 * MINUTE;
  t.equal((await app.get('/', { cookie })).status, 200);
  app.state.now += MINUTE;
  t.equal((await app.get('/', { cookie })).status, 401);
});

t.test('ends when the passkey is removed from the policy', async (t) => {
  const app = await consoleApp(t);
  const cookie = await app.signIn('alice');
  app.state.policy = app.policyOf({ removed: 'alice' });
  t.equal((await app.get('/', { cookie })).status, 401);
  t.equal(await app.signIn('alice'), '', 'and nobody signs in with it');
});

t.test('ends with signing out', async (t) => {
  const app = await consoleApp(t);
  const cookie = await app.signIn('alice');
  const { headers } = await app.post('/sign-out', {}, { cookie });
  t.match(headers['set-cookie'], /^__Host-session=; .*Max-Age=0/);
});

t.test('is known to every console on the same store', async (t) => {
  const app = await consoleApp(t);
  const cookie = await app.signIn('alice');
  const other = await app.start();
  t.teardown(() => other.close());
  t.equal((await clientOf(other).get('/', { cookie })).status, 200);
  const body = await app.signInBody('bob');
  t.equal((await clientOf(other).post('/sign-in', body)).status, 200, 'and so are challenges');
});

t.test('ends for everybody when the secret is deleted', async (t) => {
  const app = await consoleApp(t);
  const cookie = await app.signIn('alice');
  await app.table.write([{ type: 'remove', ...consoleKey('secret') }]);
  app.state.now += MINUTE;
  t.equal((await app.get('/', { cookie })).status, 401);
});

t.test('can’t be made up', async (t) => {
  const app = await consoleApp(t);
  const cookie = await app.signIn('alice');
  const [text = '', mac = ''] = cookie.replace('__Host-session=', '').split('.');
  const { sealed } = (await app.post('/sign-in/options', {})).json;
  const forever = Buffer.from(JSON.stringify(['alice', 'x', 1e15])).toString('base64url');
  const forged = [
    `${forever}.${mac}`,
    `${text}.`,
    `${text}.${mac}.`,
    `${text}.${mac.slice(1)}`,
    forever,
    '',
    '.',
    String(sealed),
    '%00',
  ];
  for (const value of forged) {
    t.equal((await app.get('/', { cookie: `__Host-session=${value}` })).status, 401, value);
  }
  t.equal((await app.get('/', { cookie: cookie.replace('__Host-', '') })).status, 401, 'under another name');
});

t.test('nobody signs in with a passkey that is not in order', async (t) => {
  const app = await consoleApp(t);
  const refused = async (body: object): Promise<void> => {
    const answered = await app.post('/sign-in', body);
    t.equal(answered.status, 403);
    t.equal(cookieIn(answered), '');
  };
  const good = await app.signInBody('alice');
  await refused(await app.signInBody('alice', { userVerified: false }));
  await refused(await app.signInBody('alice', { origin: 'https://evil.example' }));
  await refused(await app.signInBody('alice', { rpId: 'evil.example' }));
  await refused(await app.signInBody('alice', { crossOrigin: true }));
  await refused(await app.signInBody('alice', { signs: Buffer.from('another challenge') }));
  await refused(await app.signInBody('alice', { type: 'webauthn.create' }));
  const stranger = createPasskey({ rpId: 'callback.internal' });
  await refused({ ...good, credential: stranger.sign('x') });
  await refused({ ...good, sealed: 'x.y' });
  await refused({});
  const enrolling = (await app.post('/enrol/options', { name: 'x' })).json;
  const { challenge } = enrolling['publicKey'] as { readonly challenge: string };
  await refused({ sealed: enrolling['sealed'], credential: app.people.alice[0].sign(challenge) });
  t.equal((await app.post('/sign-in', good)).status, 200);
  await refused(good);
  const late = await app.signInBody('alice');
  app.state.now += 5 * MINUTE;
  await refused(late);
  t.ok(app.lines.filter(({ event }) => event === 'sign_in_refused').length >= 11);
});

t.test('enrolment prints what the policy needs, and stores nothing', async (t) => {
  const app = await consoleApp(t);
  const passkey = createPasskey({ rpId: 'callback.internal', origin: 'https://callback.internal:8443' });
  const { sealed, publicKey } = (await app.post('/enrol/options', { name: 'Dora' })).json;
  const { challenge } = publicKey as { readonly challenge: string };
  const before = await itemsIn(app.table);
  const answered = await app.post('/enrol', { sealed, credential: passkey.register(challenge) });
  t.strictSame(answered.json, { entry: passkey.text });
  t.equal(cookieIn(answered), '');
  t.equal(await itemsIn(app.table), before);
  for (const overrides of [{ userVerified: false }, { origin: 'https://evil.example' }, { rpId: 'evil' }]) {
    const credential = passkey.register(challenge, overrides);
    t.equal((await app.post('/enrol', { sealed, credential })).status, 400);
  }
  for (const name of ['', ' ', 'x'.repeat(65), 5, undefined]) {
    t.equal((await app.post('/enrol/options', { name })).status, 400);
  }
});

async function itemsIn(table: Awaited<ReturnType<typeof consoleApp>>['table']): Promise<number> {
  const items = [];
  for await (const item of table.scan('')) items.push(item);
  return items.length;
}
