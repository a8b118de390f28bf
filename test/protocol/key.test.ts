import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { importCallbackKey, importCosignerKeys, KeyError } from '../../src/protocol/key.js';
import { p256Pair, rsaPair, withPem } from '../helpers/keys.js';

const pair = rsaPair();
const other = rsaPair();
const p256 = p256Pair();
const fingerprint = createHash('sha256')
  .update(pair.publicKey.export({ type: 'spki', format: 'der' }))
  .digest('hex');
const ecParameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
const pkcs1 = pair.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();

const rsaExponent3 = withPem(generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }));

function keyOf({ privateKey }: { readonly privateKey: KeyObject }): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function ecKey(namedCurve: string): string {
  return keyOf(generateKeyPairSync('ec', { namedCurve }));
}

function thrownBy(call: () => unknown): unknown {
  try {
    call();
    return new Error('the call did not throw');
  } catch (error) {
    return error;
  }
}

function problemOf(importing: () => unknown): KeyError {
  const error = thrownBy(importing);
  if (error instanceof KeyError) return error;
  throw error;
}

t.test('imports a callback key in PKCS#8 or PKCS#1, with the fingerprint of its public key', (t) => {
  t.equal(importCallbackKey(pair.privatePem).fingerprint, fingerprint);
  t.equal(importCallbackKey(pkcs1).fingerprint, fingerprint);
  t.end();
});

t.test('derives the algorithm of answers from the key', (t) => {
  t.equal(importCallbackKey(pair.privatePem).algorithm, 'RS256');
  const p256Fingerprint = createHash('sha256')
    .update(p256.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
  const sec1 = p256.privateKey.export({ type: 'sec1', format: 'pem' }).toString();
  for (const text of [p256.privatePem, sec1, ecParameters + sec1, sec1 + ecParameters]) {
    t.match(importCallbackKey(text), { algorithm: 'ES256', fingerprint: p256Fingerprint });
  }
  t.end();
});

t.test('accepts Windows line breaks and text around a block', (t) => {
  const text = `Bag Attributes\r\n${pair.publicPem.replace(/\n/g, '\r\n')}\r\n`;
  t.equal(importCosignerKeys(text)[0]?.fingerprint, fingerprint);
  t.end();
});

t.test('imports several Co-signer keys in order, without duplicates', (t) => {
  const keys = importCosignerKeys(other.publicPem + pair.publicPem + other.publicPem);
  t.equal(keys.length, 2);
  t.equal(keys[1]?.fingerprint, fingerprint);
  t.end();
});

t.test('imports public keys from SPKI, PKCS#1 and X.509 certificates', (t) => {
  const certificate = readFileSync(new URL('../fixtures/cosigner-certificate.pem', import.meta.url), 'utf8');
  t.equal(
    importCosignerKeys(certificate)[0]?.fingerprint,
    'a4d9797a831cc21719da0c4b6ec9be2ab076cf913e967b24125b0a6152476a3d',
    'the fingerprint that OpenSSL prints',
  );
  const publicPkcs1 = pair.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  t.equal(importCosignerKeys(publicPkcs1)[0]?.fingerprint, fingerprint);
  t.end();
});

const encrypted = pair.privateKey
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
  .toString();
const legacyEncrypted = pair.privateKey
  .export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
  .toString();
const damaged = pair.privatePem.replace(/\n.{64}\n/, '\nAAAA\n');

const refusedCallbackKeys = [
  ['an empty value', ' \n', 'KEY_EMPTY', /empty/],
  ['no PEM', 'hello', 'KEY_NOT_PEM', /not a complete PEM file/],
  ['a truncated block', pair.privatePem.slice(0, 400), 'KEY_NOT_PEM', /not a complete PEM file/],
  [
    'line breaks written as \\n',
    pair.privatePem.replace(/\n/g, '\\n'),
    'KEY_NOT_PEM',
    /instead of line breaks/,
  ],
  ['a public key', pair.publicPem, 'KEY_IS_PUBLIC', /contains a public key/],
  ['two private keys', pair.privatePem + other.privatePem, 'KEY_NOT_ALONE', /2 PEM blocks/],
  ['a key with a passphrase', encrypted, 'KEY_ENCRYPTED', /passphrase/],
  ['a PKCS#1 key with a passphrase', legacyEncrypted, 'KEY_ENCRYPTED', /passphrase/],
  ['a damaged key', damaged, 'KEY_UNREADABLE', /damaged/],
  [
    'a P-384 key',
    ecKey('P-384'),
    'KEY_WRONG_TYPE',
    /it is an EC key on the curve secp384r1 \(P-384\): an RSA/,
  ],
  ['a P-521 key', ecKey('P-521'), 'KEY_WRONG_TYPE', /secp521r1 \(P-521\)/],
  ['a secp256k1 key', ecKey('secp256k1'), 'KEY_WRONG_TYPE', /on the curve secp256k1: an RSA/],
  ['a brainpoolP256r1 key', ecKey('brainpoolP256r1'), 'KEY_WRONG_TYPE', /brainpoolP256r1/],
  ['an Ed25519 key', keyOf(generateKeyPairSync('ed25519')), 'KEY_WRONG_TYPE', /it is an Ed25519 key/],
  ['an X25519 key', keyOf(generateKeyPairSync('x25519')), 'KEY_WRONG_TYPE', /it is an X25519 key/],
  [
    'an RSA-PSS key',
    keyOf(generateKeyPairSync('rsa-pss', { modulusLength: 2048 })),
    'KEY_WRONG_TYPE',
    /it is an RSA-PSS key/,
  ],
  [
    'an RSA key with the exponent 3',
    rsaExponent3.privatePem,
    'KEY_WEAK_EXPONENT',
    /the public exponent 3: an odd/,
  ],
  ['a 1024-bit RSA key', rsaPair(1024).privatePem, 'KEY_WRONG_SIZE', /1024 bits: an RSA key with 2048/],
  ['a 3072-bit RSA key', rsaPair(3072).privatePem, 'KEY_WRONG_SIZE', /3072 bits: an RSA key with 2048/],
  ['a 4096-bit RSA key', rsaPair(4096).privatePem, 'KEY_WRONG_SIZE', /4096 bits: an RSA key with 2048/],
] as const;

for (const [what, text, code, message] of refusedCallbackKeys) {
  t.test(`refuses ${what} as a callback key with ${code}`, (t) => {
    const problem = problemOf(() => importCallbackKey(text));
    t.equal(problem.code, code);
    t.match(problem.message, message);
    t.notMatch(problem.message, /MII/, 'the message contains no key material');
    t.end();
  });
}

t.test('refuses a private key whose parts do not belong together', (t) => {
  const mixed = { ...pair.privateKey.export({ format: 'jwk' }) };
  const stranger = other.privateKey.export({ format: 'jwk' });
  for (const part of ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const)
    Object.assign(mixed, { [part]: stranger[part] });
  const key = createPrivateKey({ key: mixed, format: 'jwk' });
  t.match(
    problemOf(() => importCallbackKey(keyOf({ privateKey: key }))),
    { code: 'KEY_UNREADABLE', message: /do not belong together/ },
  );
  t.end();
});

const refusedCosignerKeys = [
  ['an empty value', '', 'KEY_EMPTY'],
  ['a private key', pair.privatePem, 'KEY_IS_PRIVATE'],
  ['the parameters of a key without the key', ecParameters, 'KEY_NOT_PEM'],
  ['a block of another type', pair.publicPem.replaceAll('PUBLIC KEY', 'X509 CRL'), 'KEY_UNREADABLE'],
  ['a P-256 key', p256.publicPem, 'KEY_NOT_RSA'],
  ['an RSA key with the exponent 3', rsaExponent3.publicPem, 'KEY_WEAK_EXPONENT'],
  ['a 1024-bit RSA key', rsaPair(1024).publicPem, 'KEY_WRONG_SIZE'],
  ['a 4096-bit RSA key', rsaPair(4096).publicPem, 'KEY_WRONG_SIZE'],
  ['a valid key followed by a truncated one', pair.publicPem + other.publicPem.slice(0, 90), 'KEY_NOT_PEM'],
  ['a valid key followed by a private key', pair.publicPem + other.privatePem, 'KEY_IS_PRIVATE'],
] as const;

for (const [what, text, code] of refusedCosignerKeys) {
  t.test(`refuses ${what} as a Co-signer key with ${code}`, (t) => {
    t.equal(problemOf(() => importCosignerKeys(text)).code, code);
    t.end();
  });
}
