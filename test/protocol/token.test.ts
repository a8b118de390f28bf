import { verify } from 'node:crypto';
import { SignJWT } from 'jose';
import t from 'tap';
import { signToken, TAMPERINGS, tamperedToken } from '../../src/cosigner/request.js';
import { importCallbackKey, importCosignerKeys } from '../../src/protocol/key.js';
import { Refusal } from '../../src/protocol/refusal.js';
import { signAnswer, verifyToken } from '../../src/protocol/token.js';
import { p256Pair, rsaPair } from '../helpers/keys.js';

const first = rsaPair();
const second = rsaPair();
const stranger = rsaPair();
const keys = await importCosignerKeys(first.publicPem + second.publicPem);
const payload = { requestId: 'r-1', amountStr: '0.01', unknown: { deep: [1, null] } };

async function refusalOf(token: string): Promise<Refusal> {
  const error: unknown = await verifyToken(token, keys).then(
    () => new Error('it was verified'),
    (reason: unknown) => reason,
  );
  if (error instanceof Refusal) return error;
  throw error;
}

function tokenOf(header: object, claims: unknown): string {
  return [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .concat(Buffer.alloc(256).toString('base64url'))
    .join('.');
}

t.test('a token signed by node:crypto with any of the keys is verified, and the key is named', async (t) => {
  for (const [index, pair] of [first, second].entries()) {
    const verified = await verifyToken(signToken(payload, pair.privateKey), keys);
    t.strictSame(verified.payload, payload);
    t.equal(verified.cosignerKey, keys[index]);
  }
});

t.test('an answer verifies with node:crypto and carries RS256 and JWT in its header', async (t) => {
  const callback = rsaPair();
  const answer = { action: 'REJECT', requestId: 'r-1', rejectionReason: 'no' } as const;
  const token = await signAnswer(answer, await importCallbackKey(callback.privatePem));
  const [header = '', claims = '', signature = ''] = token.split('.');
  const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
  t.strictSame(read(header), { alg: 'RS256', typ: 'JWT' });
  t.strictSame(read(claims), answer);
  t.ok(
    verify(
      'sha256',
      Buffer.from(`${header}.${claims}`),
      callback.publicKey,
      Buffer.from(signature, 'base64url'),
    ),
  );
});

for (const tampering of TAMPERINGS) {
  t.test(`a token tampered with (${tampering}) is refused`, async (t) => {
    t.equal((await refusalOf(tamperedToken(payload, first.privateKey, tampering))).code, 'invalid_token');
  });
}

t.test('a token of an unknown key is refused', async (t) => {
  t.equal((await refusalOf(signToken(payload, stranger.privateKey))).code, 'invalid_token');
});

t.test('other algorithms are refused, even with a good signature of a known key', async (t) => {
  for (const alg of ['RS512', 'PS256']) {
    const { subtle } = globalThis.crypto;
    const key = await subtle.importKey(
      'pkcs8',
      first.privateKey.export({ type: 'pkcs8', format: 'der' }),
      {
        name: alg === 'PS256' ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5',
        hash: alg === 'PS256' ? 'SHA-256' : 'SHA-512',
      },
      false,
      ['sign'],
    );
    const token = await new SignJWT(payload).setProtectedHeader({ alg }).sign(key);
    t.equal((await refusalOf(token)).code, 'invalid_token', alg);
  }
  const es256 = await new SignJWT(payload).setProtectedHeader({ alg: 'ES256' }).sign(p256Pair().privateKey);
  t.equal((await refusalOf(es256)).code, 'invalid_token', 'ES256');
  t.equal((await refusalOf(tokenOf({ alg: 'rs256' }, payload))).code, 'invalid_token', 'other letter case');
});

t.test('a header can’t bring a key of its own', async (t) => {
  const jwk = stranger.publicKey.export({ format: 'jwk' });
  for (const header of [
    { jwk },
    { jku: 'https://example.com/keys' },
    { x5u: 'https://example.com/cert' },
    { kid: '../../etc/passwd' },
  ]) {
    const token = await new SignJWT(payload)
      .setProtectedHeader({ alg: 'RS256', ...header })
      .sign(stranger.privateKey);
    t.equal((await refusalOf(token)).code, 'invalid_token', JSON.stringify(header));
  }
});

t.test('what is no token is refused', async (t) => {
  for (const text of [
    'x',
    '..',
    'a.b',
    'a.b.c.d',
    'a.b.c.d.e',
    '{}',
    `${signToken(payload, first.privateKey)}.x`,
  ]) {
    t.equal((await refusalOf(text)).code, 'invalid_token', text.slice(0, 10));
  }
});

t.test('an unknown critical extension is refused, and not quoted in the reason', async (t) => {
  const refusal = await refusalOf(
    tokenOf({ alg: 'RS256', crit: ['secret-thing'], 'secret-thing': 1 }, payload),
  );
  t.equal(refusal.code, 'invalid_token');
  t.notMatch(refusal.message, /secret-thing/);
});

t.test('exp and nbf are honoured where they are present', async (t) => {
  const now = Math.floor(Date.now() / 1000);
  const sign = (claims: object): string => signToken({ ...payload, ...claims }, first.privateKey);
  t.match(await refusalOf(sign({ exp: now - 5 })), { code: 'invalid_token', message: /expired/ });
  t.match(await refusalOf(sign({ nbf: now + 60 })), { code: 'invalid_token', message: /not valid yet/ });
  t.ok(await verifyToken(sign({ exp: now + 60, nbf: now - 5, iat: now }), keys));
});

t.test('a verified token that holds no JSON object is malformed', async (t) => {
  for (const claims of [[1], 'text', 1, null]) {
    const token = signToken(claims as never, first.privateKey);
    t.equal((await refusalOf(token)).code, 'malformed_request', JSON.stringify(claims));
  }
});
