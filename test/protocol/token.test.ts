import { spawnSync } from 'node:child_process';
import { sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { jwtVerify, SignJWT } from 'jose';
import t, { type Test } from 'tap';
import { signToken, TAMPERINGS, tamperedToken } from '../../cli/cosigner/request.js';
import { importCallbackKey, importCosignerKeys } from '../../src/protocol/key.js';
import { Refusal } from '../../src/protocol/refusal.js';
import { signAnswer } from '../../src/protocol/sign-answer.js';
import { CLOCK_TOLERANCE_SECONDS, type VerifiedToken, verifyToken } from '../../src/protocol/verify-token.js';
import { p256Pair, rsaPair } from '../helpers/keys.js';

const first = rsaPair();
const second = rsaPair();
const unknownKey = rsaPair();
const keys = importCosignerKeys(first.publicPem + second.publicPem);
const payload = { requestId: 'r-1', amountStr: '0.01', unknown: { deep: [1, null] } };

const verified = (token: string): VerifiedToken => verifyToken(Buffer.from(token), keys);

function refusalOf(token: string): Refusal {
  try {
    verified(token);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('the token was accepted');
}

function tokenOf(header: object, claims: unknown): string {
  return [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .concat(Buffer.alloc(256).toString('base64url'))
    .join('.');
}

t.test('verifies a token signed with any of the known keys, and returns that key', (t) => {
  for (const [index, pair] of [first, second].entries()) {
    const { payload: read, cosignerKey } = verified(signToken(payload, pair.privateKey));
    t.strictSame(read, payload);
    t.equal(cosignerKey, keys[index]);
  }
  t.end();
});

const callbackKeys = [
  ['RS256', rsaPair()],
  ['ES256', p256Pair()],
] as const;

for (const [alg, pair] of callbackKeys) {
  t.test(`signs an answer with ${alg} and typ JWT, as OpenSSL confirms`, async (t) => {
    const answer = { action: 'REJECT', requestId: 'r-1', rejectionReason: 'no' } as const;
    const token = await signAnswer(answer, importCallbackKey(pair.privatePem));
    const [header = '', claims = '', signature = ''] = token.split('.');
    const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
    t.strictSame(read(header), { alg, typ: 'JWT' });
    t.strictSame(read(claims), answer);
    const bytes = Buffer.from(signature, 'base64url');
    const verifies = (input: string): boolean =>
      opensslVerifies(t, pair.publicPem, input, alg === 'ES256' ? toDer(bytes) : bytes);
    t.ok(verifies(`${header}.${claims}`));
    t.notOk(verifies(`${header}.${claims}x`));
  });
}

/** The openssl program is an implementation that does not share code with the handler's. */
function opensslVerifies(t: Test, publicPem: string, input: string, signature: Buffer): boolean {
  const directory = t.testdir({ 'key.pem': publicPem, input, signature: '' });
  const file = (name: string): string => join(directory, name);
  writeFileSync(file('signature'), signature);
  const args = [
    'dgst',
    '-sha256',
    '-verify',
    file('key.pem'),
    '-signature',
    file('signature'),
    file('input'),
  ];
  return spawnSync('openssl', args, { encoding: 'utf8' }).stdout === 'Verified OK\n';
}

/** Converts the two 32-byte numbers of JWS to the DER that OpenSSL expects. */
function toDer(signature: Buffer): Buffer {
  const integers = [signature.subarray(0, 32), signature.subarray(32)].map((bytes) => {
    const first = bytes.findIndex((byte) => byte !== 0);
    const digits = bytes.subarray(first);
    const positive = (digits[0] ?? 0) < 0x80 ? digits : Buffer.concat([Buffer.of(0), digits]);
    return Buffer.concat([Buffer.of(0x02, positive.length), positive]);
  });
  const content = Buffer.concat(integers);
  return Buffer.concat([Buffer.of(0x30, content.length), content]);
}

t.test('reads claims of any length, in ASCII and beyond', (t) => {
  // They are decoded in chunks of 32 Ki characters, which are 24 KiB.
  for (const letter of ['x', 'é', '€', '😀']) {
    for (const bytes of [0, 1, 2, 24 * 1024, 24 * 1024 + 1, 3 * 24 * 1024 + 2]) {
      const large = { requestId: 'r', note: 'a'.repeat(bytes % 7) + letter.repeat(bytes / letter.length) };
      t.strictSame(verified(signToken(large, first.privateKey)).payload, large, `${bytes} of ${letter}`);
    }
  }
  t.end();
});

for (const tampering of TAMPERINGS) {
  t.test(`refuses a tampered token (${tampering})`, (t) => {
    t.equal(refusalOf(tamperedToken(payload, first.privateKey, tampering)).code, 'invalid_token');
    t.end();
  });
}

t.test('refuses a token signed with an unknown key', (t) => {
  t.equal(refusalOf(signToken(payload, unknownKey.privateKey)).code, 'invalid_token');
  t.end();
});

t.test('refuses other algorithms, even with a valid signature by a known key', async (t) => {
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
    t.equal(refusalOf(token).code, 'invalid_token', alg);
  }
  const es256 = await new SignJWT(payload).setProtectedHeader({ alg: 'ES256' }).sign(p256Pair().privateKey);
  t.equal(refusalOf(es256).code, 'invalid_token', 'ES256');
  t.equal(refusalOf(tokenOf({ alg: 'rs256' }, payload)).code, 'invalid_token', 'lower case');
});

t.test('ignores keys in the header', async (t) => {
  const jwk = unknownKey.publicKey.export({ format: 'jwk' });
  for (const header of [
    { jwk },
    { jku: 'https://example.com/keys' },
    { x5u: 'https://example.com/cert' },
    { kid: '../../etc/passwd' },
  ]) {
    const token = await new SignJWT(payload)
      .setProtectedHeader({ alg: 'RS256', ...header })
      .sign(unknownKey.privateKey);
    t.equal(refusalOf(token).code, 'invalid_token', JSON.stringify(header));
  }
});

t.test('refuses strings that are not tokens', (t) => {
  for (const text of [
    'x',
    '..',
    'a.b',
    'a.b.c.d',
    'a.b.c.d.e',
    '{}',
    `${signToken(payload, first.privateKey)}.x`,
  ]) {
    t.equal(refusalOf(text).code, 'invalid_token', text.slice(0, 10));
  }
  t.end();
});

t.test('refuses an unknown critical extension without quoting it', (t) => {
  const refusal = refusalOf(tokenOf({ alg: 'RS256', crit: ['secret-thing'], 'secret-thing': 1 }, payload));
  t.equal(refusal.code, 'invalid_token');
  t.notMatch(refusal.message, /secret-thing/);
  t.end();
});

const signed = (claims: object): string => signToken({ ...payload, ...claims }, first.privateKey);

t.test('checks exp and nbf if they are present, with 30 s of tolerance', (t) => {
  const now = Math.floor(Date.now() / 1000);
  t.equal(CLOCK_TOLERANCE_SECONDS, 30);
  for (const exp of [now - 31, now - 1000, -1e300, 0]) {
    t.match(refusalOf(signed({ exp })), { code: 'invalid_token', message: /expired/ }, `exp ${exp - now}`);
  }
  for (const nbf of [now + 40, now + 1e6, 1e300]) {
    t.match(refusalOf(signed({ nbf })), { code: 'invalid_token', message: /not valid yet/ });
  }
  for (const claims of [
    { exp: now + 60, nbf: now - 5 },
    { exp: now - 1, nbf: now + 2 },
    { exp: now - 20.5, nbf: now + 29.5 },
    { exp: now - 20, nbf: now + 30 },
  ]) {
    t.ok(verified(signed(claims)), JSON.stringify(claims));
  }
  t.end();
});

t.test('refuses exp and nbf that are not numbers, and treats null and "" as absent', (t) => {
  for (const claim of ['exp', 'nbf']) {
    for (const value of ['1', String(Date.now()), true, [], {}]) {
      t.match(refusalOf(signed({ [claim]: value })), { code: 'invalid_token', message: /not a number/ });
    }
    for (const value of [null, '']) t.ok(verified(signed({ [claim]: value })));
  }
  t.end();
});

t.test('ignores iat, of whatever type', (t) => {
  for (const iat of [0, 1e300, 'yesterday', '', null, [], { a: 1 }, false]) {
    t.ok(verified(signed({ iat })), JSON.stringify(iat));
  }
  t.end();
});

t.test('refuses a verified token whose payload is not a JSON object', (t) => {
  for (const claims of [[1], 'text', 1, null]) {
    const token = signToken(claims as never, first.privateKey);
    t.equal(refusalOf(token).code, 'malformed_request', JSON.stringify(claims));
  }
  t.end();
});

t.test('accepts the same tokens as jose, with the same payload', async (t) => {
  const token = signToken(payload, first.privateKey);
  const now = Math.floor(Date.now() / 1000);
  const header = fc.oneof(
    fc.constant({ alg: 'RS256', typ: 'JWT' }),
    fc.record({ alg: fc.constantFrom('RS256', 'rs256', 'none', 'HS256', 'RS512') }, { requiredKeys: [] }),
    fc.constantFrom(
      { alg: 'RS256', crit: ['x'], x: 1 },
      { alg: 'RS256', crit: [] },
      { alg: 'RS256', kid: '..' },
    ),
    fc.jsonValue(),
  );
  const time = fc.oneof(fc.integer({ min: now - 100, max: now + 100 }), fc.constantFrom('1', 1e300));
  const claims = fc.oneof(
    fc.record({ requestId: fc.string(), exp: time, nbf: time }, { requiredKeys: ['requestId'] }),
    fc.jsonValue(),
  );
  const changed = fc
    .tuple(fc.nat(token.length - 1), fc.nat(2), fc.constantFrom('A', '.', '_', '+', '=', ' ', 'é', ''))
    .map(([place, cut, put]) => token.slice(0, place) + put + token.slice(place + cut));
  const signed = fc.tuple(header, claims).map(([header, claims]) => {
    const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
    const signature = sign('sha256', Buffer.from(input.join('.')), first.privateKey);
    return [...input, signature.toString('base64url')].join('.');
  });
  const seen = { verified: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(fc.oneof(changed, signed), async (text) => {
      const expected: unknown = await jwtVerify(text, first.publicKey, {
        algorithms: ['RS256'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
      }).then(
        (verified) => verified.payload,
        () => undefined,
      );
      const actual = payloadOf(text);
      // jose ignores white space in a signature.
      if (actual === undefined && /\s/.test(text)) return;
      if (JSON.stringify(actual) !== JSON.stringify(expected)) throw new Error(JSON.stringify(expected));
      seen[actual === undefined ? 'refused' : 'verified']++;
    }),
    { numRuns: 3000 },
  );
  t.ok(seen.verified > 100 && seen.refused > 100, JSON.stringify(seen));
});

function payloadOf(token: string): unknown {
  try {
    return verified(token).payload;
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
