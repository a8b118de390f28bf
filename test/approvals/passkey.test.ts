// Tests which passkeys a policy may name, how they are created, and how people sign in with them.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { encodeCBOR } from '@levischuck/tiny-cbor';
import fc from 'fast-check';
import t from 'tap';
import { assertionProblem, readAssertion } from '../../src/approvals/assertion.js';
import { parsePasskey, passkeyToText } from '../../src/approvals/passkey.js';
import { assertionOptions, readRegistration, registrationOptions } from '../../src/approvals/registration.js';
import { verifySignIn } from '../../src/approvals/sign-in.js';
import { createPasskey } from '../helpers/authenticator.js';

const origin = 'http://localhost:3001';
const challenge = Buffer.alloc(32, 7).toString('base64url');
const alice = createPasskey();

const coseText = (entries: readonly (readonly [number, number | Uint8Array])[]): string =>
  Buffer.from(encodeCBOR(new Map(entries))).toString('base64url');
const bytesOf = (key: KeyObject, name: 'x' | 'n' | 'e'): Uint8Array =>
  new Uint8Array(Buffer.from(key.export({ format: 'jwk' })[name] ?? '', 'base64url'));

t.test('reads what it writes', (t) => {
  t.strictSame(parsePasskey(alice.text), alice.passkey);
  t.equal(passkeyToText(alice.passkey), alice.text);
  fc.assert(fc.property(fc.string(), (text) => 'problem' in parsePasskey(text)));
  t.end();
});

t.test('knows the keys of passkeys', (t) => {
  const { credentialId } = alice.passkey;
  const read = (publicKey: string) =>
    parsePasskey(passkeyToText({ rpId: 'a.example', credentialId, publicKey }));
  const ed25519 = bytesOf(generateKeyPairSync('ed25519').publicKey, 'x');
  t.notMatch(read(coseText([[1, 1], [3, -8], [-1, 6], [-2, ed25519]])), { problem: '' }); // prettier-ignore
  const rsa = (bits: number): string => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
    return coseText([[1, 3], [3, -257], [-1, bytesOf(publicKey, 'n')], [-2, bytesOf(publicKey, 'e')]]); // prettier-ignore
  };
  t.notMatch(read(rsa(2048)), { problem: '' });
  t.match(read(rsa(1024)), { problem: /fewer than 2048 bits/ });
  const off = new Uint8Array(32).fill(1);
  t.match(read(coseText([[1, 2], [3, -7], [-1, 1], [-2, off], [-3, off]])), { problem: /not a point/ }); // prettier-ignore
  t.match(read(coseText([[1, 2], [3, -35]])), { problem: /ES256, EdDSA or RS256/ }); // prettier-ignore
  t.match(read(Buffer.from('hello').toString('base64url')), { problem: /not a COSE key/ });
  const trailing = Buffer.concat([Buffer.from(alice.passkey.publicKey, 'base64url'), Buffer.of(0)]);
  t.match(read(trailing.toString('base64url')), { problem: /not a COSE key/ });
  t.end();
});

t.test('says what is wrong with a passkey, and what to do', (t) => {
  const { credentialId: id, publicKey: key } = alice.passkey;
  const wrong: Readonly<Record<string, RegExp>> = {
    hello: /reads passkey:HOST:ID:KEY: copy the whole text/,
    [`passkey:localhost:${id}`]: /reads passkey/,
    [`${alice.text}:more`]: /reads passkey/,
    [`passkey:127.0.0.1:${id}:${key}`]: /not a host name/,
    [`passkey:Localhost:${id}:${key}`]: /not a host name/,
    [`passkey:localhost::${key}`]: /id that is cut off/,
    [`passkey:localhost:${id}==:${key}`]: /id that is cut off/,
    [`passkey:localhost:${id}:${key.slice(0, -3)}`]: /copy the whole text/,
    [` ${alice.text}`]: /reads passkey/,
  };
  for (const [text, problem] of Object.entries(wrong)) t.match(parsePasskey(text), { problem });
  t.end();
});

t.test('creates a passkey whose user is verified', async (t) => {
  const expected = { challenge, origin, rpId: 'localhost' };
  t.match(registrationOptions('Alice', expected), {
    challenge,
    rp: { id: 'localhost' },
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  });
  t.strictSame(await readRegistration(alice.register(challenge), expected), alice.passkey);
  for (const overrides of [
    { userVerified: false },
    { origin: 'https://evil.example' },
    { rpId: 'evil.example' },
    { challenge: Buffer.alloc(32) },
  ]) {
    t.match(await readRegistration(alice.register(challenge, overrides), expected), { problem: String });
  }
  for (const json of [undefined, null, {}, { id: '', rawId: '', type: 'public-key', response: {} }]) {
    t.match(await readRegistration(json, expected), { problem: String });
  }
});

t.test('signs in those whom the policy names', async (t) => {
  const people = new Map([
    ['alice', { passkeys: [alice.passkey] }],
    ['bob', { passkeys: [createPasskey().passkey] }],
  ]);
  const expected = { challenge, origin, people };
  t.match(assertionOptions(challenge, 'localhost'), { challenge, userVerification: 'required' });
  t.strictSame(await verifySignIn(alice.sign(challenge), expected), { person: 'alice' });
  t.match(await verifySignIn(createPasskey().sign(challenge), expected), { problem: /does not name/ });
  for (const overrides of [
    { userVerified: false },
    { challenge: Buffer.alloc(32) },
    { origin: 'https://x.y' },
  ]) {
    t.match(await verifySignIn(alice.sign(challenge, overrides), expected), { problem: String });
  }
});

t.test('keeps only what it needs of what a browser posts', async (t) => {
  const assertion = alice.sign(challenge);
  const { response } = assertion;
  const posted = {
    ...{ ...assertion, rawId: assertion.id, type: 'public-key', clientExtensionResults: {} },
    response: { ...response, userHandle: 'AA' },
  };
  t.strictSame(readAssertion(posted), assertion);
  t.equal(readAssertion({ ...posted, response: { ...response, signature: 'not base64url!' } }), undefined);
  t.equal(
    await assertionProblem(assertion, { challenge, origin, passkey: alice.passkey }),
    undefined,
    'and it can be verified',
  );
});
