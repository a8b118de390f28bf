// Tests which passkeys a policy may name, how they are created, and how people sign in with them.
import fc from 'fast-check';
import t from 'tap';
import { parsePasskey, passkeyToText } from '../../src/approvals/passkey.js';
import { assertionOptions, readRegistration, registrationOptions } from '../../src/approvals/registration.js';
import { verifySignIn } from '../../src/approvals/sign-in.js';
import { createPasskey, encodeCose } from '../helpers/authenticator.js';

const origin = 'http://localhost:3001';
const challenge = Buffer.alloc(32, 7).toString('base64url');
const alice = createPasskey();

/** @returns the problem of a passkey with this public key */
const problemOf = (publicKey: Buffer): string | undefined => {
  const { credentialId } = alice.passkey;
  const text = passkeyToText({ rpId: 'a.example', credentialId, publicKey: publicKey.toString('base64url') });
  const passkey = parsePasskey(text);
  return 'problem' in passkey ? passkey.problem : undefined;
};

t.test('reads what it writes', (t) => {
  t.strictSame(parsePasskey(alice.text), alice.passkey);
  t.equal(passkeyToText(alice.passkey), alice.text);
  fc.assert(fc.property(fc.string(), (text) => 'problem' in parsePasskey(text)));
  t.end();
});

t.test('knows the keys of passkeys', (t) => {
  for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
    const { passkey, text } = createPasskey({ algorithm });
    t.strictSame(parsePasskey(text), passkey, algorithm);
  }
  t.match(problemOf(encodeCose([[1, 2], [3, -35]])), /ES256, EdDSA or RS256/); // prettier-ignore
  t.match(problemOf(Buffer.from('hello')), /not a COSE key/);
  const trailing = Buffer.concat([Buffer.from(alice.passkey.publicKey, 'base64url'), Buffer.of(0)]);
  t.match(problemOf(trailing), /not a COSE key/);
  t.match(problemOf(Buffer.alloc(5000, 0x81)), /not a COSE key/);
  t.end();
});

t.test('refuses keys that are none, or that anyone can sign for', (t) => {
  const p256 = (x: Uint8Array, y: Uint8Array) => encodeCose([[1, 2], [3, -7], [-1, 1], [-2, x], [-3, y]]); // prettier-ignore
  const off = new Uint8Array(32).fill(1);
  t.match(problemOf(p256(off, off)), /not a point/);
  t.match(problemOf(p256(off.subarray(1), off)), /not a point/);
  t.match(problemOf(encodeCose([[1, 2], [3, -7], [-1, 1]])), /not a point/); // prettier-ignore
  const ed25519 = (x: Uint8Array) => encodeCose([[1, 1], [3, -8], [-1, 6], [-2, x]]); // prettier-ignore
  t.match(problemOf(ed25519(new Uint8Array(31).fill(1))), /not a key/);
  t.match(problemOf(ed25519(new Uint8Array(32))), /placeholder/);
  const rsa = (bits: number, exponent: readonly number[] = [1, 0, 1]) =>
    encodeCose([[1, 3], [3, -257], [-1, new Uint8Array(bits / 8).fill(255)], [-2, Uint8Array.from(exponent)]]); // prettier-ignore
  t.equal(problemOf(rsa(2048)), undefined);
  for (const bits of [1024, 16_384]) t.match(problemOf(rsa(bits)), /bits instead of 2048 to 8192/);
  for (const exponent of [[1], [3], [1, 0, 0]]) t.match(problemOf(rsa(2048, exponent)), /public exponent/);
  t.match(problemOf(encodeCose([[1, 3], [3, -257]])), /0 bits/); // prettier-ignore
  t.end();
});

t.test('says what is wrong with a passkey, and what to do', (t) => {
  const { credentialId: id, publicKey: key } = alice.passkey;
  const wrong: Readonly<Record<string, RegExp>> = {
    hello: /reads passkey:HOST:ID:KEY: copy the whole text/,
    [`passkey:localhost:${id}`]: /reads passkey/,
    [`${alice.text}:more`]: /reads passkey/,
    [`passkey:127.0.0.1:${id}:${key}`]: /not a host name/,
    [`passkey:2130706433:${id}:${key}`]: /not a host name/,
    [`passkey:1.2.3:${id}:${key}`]: /not a host name/,
    [`passkey:localhost.:${id}:${key}`]: /not a host name/,
    [`passkey:evil/x:${id}:${key}`]: /not a host name/,
    [`passkey:Localhost:${id}:${key}`]: /not a host name/,
    [`passkey:localhost:${Buffer.alloc(1024).toString('base64url')}:${key}`]: /id is cut off/,
    [`passkey:localhost::${key}`]: /id is cut off/,
    [`passkey:localhost:${id}==:${key}`]: /id is cut off/,
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
    { crossOrigin: true },
    { type: 'webauthn.get' },
    { id: 'AAAA' },
    { userPresent: false },
  ]) {
    t.match(await readRegistration(alice.register(challenge, overrides), expected), { problem: String });
  }
  for (const json of [undefined, null, {}, { id: '', rawId: '', type: 'public-key', response: {} }]) {
    t.match(await readRegistration(json, expected), { problem: String });
  }
});

t.test('does not look at who made the authenticator', async (t) => {
  const expected = { challenge, origin, rpId: 'localhost' };
  for (const attestation of ['packed', 'tpm', 'android-safetynet', 'unknown']) {
    const registration = alice.register(challenge, { attestation });
    t.strictSame(await readRegistration(registration, expected), alice.passkey, attestation);
  }
});

t.test('never throws for what a browser may post', async (t) => {
  const expected = { challenge, origin, rpId: 'localhost' };
  const clientDataJSON = Buffer.from(JSON.stringify({ type: 'webauthn.create', challenge, origin }));
  const posted = fc
    .uint8Array({ maxLength: 300 })
    .map((bytes) => Buffer.from(bytes).toString('base64url'))
    .map((attestationObject) => ({
      ...{ id: 'AAAA', type: 'public-key' },
      response: { clientDataJSON: clientDataJSON.toString('base64url'), attestationObject },
    }));
  await fc.assert(
    fc.asyncProperty(fc.oneof(posted, fc.anything()), async (json) => {
      return 'problem' in (await readRegistration(json, expected));
    }),
  );
  t.pass();
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
