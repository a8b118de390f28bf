import { generateKeyPairSync, sign } from 'node:crypto';
import { ED25519_TORSION_SUBGROUP } from '@noble/curves/ed25519.js';
import t from 'tap';
import { encodeKey, readSignerKey, toSigners } from '../../src/sources/signers.js';
import { createSigner } from '../helpers/signers.js';

const alice = createSigner('alice');
const bob = createSigner('bob');

function problemsOf(entries: readonly (readonly [string, string])[], quorum?: number): readonly string[] {
  const result = toSigners(entries, quorum);
  return 'problems' in result ? result.problems : [];
}

t.test('reads a key as SPKI and as its 32 bytes', (t) => {
  const raw = Buffer.from(alice.publicKey, 'base64').subarray(-32).toString('base64');
  for (const text of [alice.publicKey, raw]) {
    const key = readSignerKey(text);
    t.notOk('problem' in key);
    if (!('problem' in key)) t.equal(encodeKey(key), alice.publicKey);
  }
  t.end();
});

t.test('recognizes a private key, and never quotes it', (t) => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const der = privateKey.export({ type: 'pkcs8', format: 'der' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const texts = [
    der.toString('base64'),
    pem,
    Buffer.concat([der.subarray(-32), Buffer.alloc(32, 1)]).toString('base64'),
    rsa.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
  ];
  for (const text of texts) {
    const problems = problemsOf([['alice', text]]);
    t.match(problems, [/^the key of alice is a private key: set the public key, and sign with a new pair/]);
    t.notOk(problems.join().includes(text.slice(40, 60)));
  }
  t.end();
});

t.test('refuses what is no Ed25519 public key, without quoting it', (t) => {
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
  const x25519 = generateKeyPairSync('x25519').publicKey;
  const texts = [
    'hello',
    `${alice.publicKey}=`,
    ` ${alice.publicKey}`,
    alice.publicKey.slice(0, -4),
    encodeKey(p256),
    encodeKey(x25519),
  ];
  for (const text of texts) {
    const problems = problemsOf([['alice', text]]);
    t.match(problems, [/^the key of alice must be an Ed25519 public key in base64/]);
    t.notOk(problems.join().includes(text));
  }
  t.end();
});

t.test('refuses keys of small order, for which signatures can be made without a private key', (t) => {
  for (const point of ED25519_TORSION_SUBGROUP) {
    const key = readSignerKey(Buffer.from(point, 'hex').toString('base64'));
    t.match(key, { problem: /is a placeholder/ }, point);
  }
  t.end();
});

t.test('refuses the same name or the same key twice', (t) => {
  t.match(
    problemsOf([
      ['alice', alice.publicKey],
      ['alice', bob.publicKey],
    ]),
    [/^alice is there twice/],
  );
  const raw = Buffer.from(alice.publicKey, 'base64').subarray(-32).toString('base64');
  t.match(
    problemsOf([
      ['alice', alice.publicKey],
      ['bob', raw],
    ]),
    [/^alice and bob have the same key/],
  );
  t.end();
});

t.test('never takes a key without a name for a name', (t) => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const seed = privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(-32);
  t.equal(sign(null, Buffer.from('x'), privateKey).length, 64);
  for (const text of [seed.toString('base64').slice(0, -1), seed.toString('hex')]) {
    const problems = problemsOf([[text, '']]);
    t.match(problems, [/^entry 1 must be NAME=KEY/]);
    t.notOk(problems.join().includes(text));
  }
  t.end();
});

t.test('refuses a quorum that can’t be met, or that needs nobody', (t) => {
  const entries = [
    ['alice', alice.publicKey],
    ['bob', bob.publicKey],
  ] as const;
  t.match(problemsOf(entries, 3), [/^the quorum is 3, but there are 2 signers/]);
  t.match(problemsOf(entries, 0), [/at least 1/]);
  t.match(toSigners(entries), { quorum: 2 });
  t.match(toSigners(entries, 1), { quorum: 1 });
  t.end();
});
