import { createHash, generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { statementOf, verifySignatures } from '../../src/sources/signatures.js';
import type { PolicySignatures } from '../../src/sources/stored-policy.js';
import { createSigner, signedBy, signersOf, type TestSigner } from '../helpers/signers.js';

const [alice, bob, carol] = [createSigner('alice'), createSigner('bob'), createSigner('carol')];
const twoOfThree = signersOf([alice, bob, carol], 2);
const sha256 = createHash('sha256').update('version: 1\nrules: []\n').digest('hex');
const place = { for: '/fireblocks/prod/policy', sha256 };
const statement = { ...place, serial: 7 };

function problemOf(signed: PolicySignatures | undefined, expected = place): string {
  const result = verifySignatures(signed, expected, twoOfThree);
  return 'problem' in result ? result.problem : 'none';
}

t.test('signs exactly these bytes', (t) => {
  t.equal(
    statementOf({ for: '/a/prod/policy', serial: 3, sha256: 'ab'.repeat(32) }).toString('utf8'),
    `fireblocks-callback-handler policy 1\nfor: /a/prod/policy\nserial: 3\nsha256: ${'ab'.repeat(32)}\n`,
  );
  t.end();
});

t.test('accepts a quorum of signers, and names all of them', (t) => {
  t.strictSame(verifySignatures(signedBy([bob, alice], statement), place, twoOfThree), {
    signers: ['bob', 'alice'],
  });
  t.strictSame(verifySignatures(signedBy([alice, bob, carol], statement), place, twoOfThree), {
    signers: ['alice', 'bob', 'carol'],
  });
  t.end();
});

t.test('refuses a policy without signatures, or with too few', (t) => {
  t.match(problemOf(undefined), /^it is not signed: 2 of alice, bob, carol must sign it/);
  t.match(problemOf(signedBy([], statement)), /^0 of 2 signatures: 2 more of alice, bob, carol/);
  t.match(problemOf(signedBy([alice], statement)), /^1 of 2 signatures: 1 more of bob, carol must sign/);
  t.end();
});

t.test('counts a signer once', (t) => {
  const signed = signedBy([alice, alice], statement);
  t.match(problemOf(signed), /^alice has signed it twice/);
  t.end();
});

t.test('refuses a signature under the name of another signer', (t) => {
  const signed = signedBy([alice, { ...alice, name: 'bob' }], statement);
  t.match(problemOf(signed), /^the signature of bob does not match the key of bob/);
  t.end();
});

t.test('refuses a signer that is not configured, even beside enough others', (t) => {
  const mallory = createSigner('mallory');
  t.match(
    problemOf(signedBy([alice, bob, mallory], statement)),
    /^"mallory" has signed it, but is no signer/,
  );
  const namesake: TestSigner = { ...mallory, name: 'alice' };
  t.match(problemOf(signedBy([namesake, bob], statement)), /^the signature of alice does not match/);
  t.end();
});

t.test('refuses signatures for another environment', (t) => {
  const elsewhere = signedBy([alice, bob], { ...statement, for: '/fireblocks/dev/policy' });
  t.match(problemOf(elsewhere), /signed for "\/fireblocks\/dev\/policy", not for \/fireblocks\/prod\/policy/);
  t.match(problemOf({ ...elsewhere, for: place.for }), /^the signature of alice does not match/);
  t.end();
});

t.test('refuses signatures of another text', (t) => {
  const other = signedBy([alice, bob], { ...statement, sha256: 'ab'.repeat(32) });
  t.match(problemOf(other), /^the signatures are of another text/);
  t.match(problemOf({ ...other, sha256 }), /^the signature of alice does not match/);
  t.end();
});

t.test('refuses a changed serial', (t) => {
  t.match(problemOf({ ...signedBy([alice, bob], statement), serial: 8 }), /or is of another for, serial/);
  t.end();
});

t.test('refuses a signature in any other form than canonical base64', (t) => {
  const signed = signedBy([alice, bob], statement);
  const [first, second] = signed.signatures;
  const bytes = Buffer.from(first?.signature ?? '', 'base64');
  const forms = [
    'not base64!',
    `${bytes.toString('base64')}\n`,
    bytes.toString('base64url'),
    bytes.toString('hex'),
    bytes.subarray(1).toString('base64'),
    Buffer.concat([bytes, Buffer.alloc(1)]).toString('base64'),
  ];
  for (const signature of forms) {
    const signatures = [{ signer: 'alice', signature }, ...(second === undefined ? [] : [second])];
    t.match(problemOf({ ...signed, signatures }), /^the signature of alice is not the base64 of 64 bytes/);
  }
  t.end();
});

t.test('refuses a signature with one changed bit', (t) => {
  const signed = signedBy([alice, bob], statement);
  const [first, second] = signed.signatures;
  const bytes = Buffer.from(first?.signature ?? '', 'base64');
  for (const place of [0, 31, 32, 63]) {
    const changed = Buffer.from(bytes);
    changed[place] = (changed[place] ?? 0) ^ 1;
    const signature = { signer: 'alice', signature: changed.toString('base64') };
    const signatures = [signature, ...(second === undefined ? [] : [second])];
    t.match(problemOf({ ...signed, signatures }), /^the signature of alice does not match/, `byte ${place}`);
  }
  t.end();
});

t.test('refuses a name with a line break, which could imitate another statement', (t) => {
  const forged = { ...statement, for: `${place.for}\nserial: 9` };
  const expected = { for: forged.for, sha256 };
  t.match(problemOf(signedBy([alice, bob], forged), expected), /has a line break/);
  t.end();
});

t.test('needs every signer by default', (t) => {
  const all = signersOf([alice, bob]);
  t.match(verifySignatures(signedBy([alice], statement), place, all), { problem: /^1 of 2/ });
  t.match(verifySignatures(signedBy([alice, bob], statement), place, all), { signers: ['alice', 'bob'] });
  t.end();
});

t.test('no signature is valid without its key', (t) => {
  const { privateKey } = generateKeyPairSync('ed25519');
  t.match(problemOf(signedBy([{ ...alice, privateKey }, bob], statement)), /alice does not match/);
  t.end();
});
