// Tests `npm run policy -- sign` without AWS: nothing listens at its endpoint.
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { verifySignatures } from '../../../src/sources/signatures.js';
import { type PolicySignatures, readSignatures } from '../../../src/sources/stored-policy.js';
import { privatePemOf } from '../../helpers/keys.js';
import { workspace, type Workspace } from '../../helpers/operator.js';
import { createSigner, signersOf, type TestSigner } from '../../helpers/signers.js';

const TEXT = 'version: 1\nrules: []\n';
const SHA256 = createHash('sha256').update(TEXT).digest('hex');
const NO_AWS = 'http://127.0.0.1:9';

const [alice, bob, carol] = [createSigner('alice'), createSigner('bob'), createSigner('carol')];
const POLICY_SIGNERS = { quorum: 2, keys: { alice: alice.publicKey, bob: bob.publicKey } };

interface Office {
  readonly place: Workspace;
  /** Runs `policy sign` with the key of a signer. */
  readonly sign: (signer: TestSigner, ...args: readonly string[]) => ReturnType<Workspace['run']>;
  readonly signed: () => PolicySignatures;
}

function office(t: Test, settings: object = { policySigners: POLICY_SIGNERS }): Office {
  const place = workspace(t, NO_AWS);
  place.settings({ ...settings });
  writeFileSync(join(place.directory, 'policy.yaml'), TEXT);
  for (const { name, privateKey } of [alice, bob, carol]) {
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    writeFileSync(join(place.directory, `${name}.pem`), pem, { mode: 0o600 });
  }
  return {
    place,
    sign: ({ name }, ...args) => place.run('policy', 'sign', '--key', `${name}.pem`, ...args),
    signed() {
      const read = readSignatures(readFileSync(join(place.directory, 'policy.yaml.sig'), 'utf8'));
      if ('problem' in read) throw new Error(read.problem);
      return read;
    },
  };
}

t.test('signs, one signer after another, what the service accepts', async (t) => {
  const { sign, signed } = office(t);
  const first = await sign(alice, '--serial', '3');
  t.equal(first.code, 0, first.stderr);
  t.match(first.stdout, `for      /fireblocks/dev/policy\nserial   3\nsha256   ${SHA256}\nrules    0 rules`);
  t.match(first.stdout, `signer   alice, ${alice.publicKey}\n`);
  t.match(
    first.stdout,
    /\nSigned in policy\.yaml\.sig, by alice \(2 needed\)\nMissing: 1 of 2 signatures: 1 more of bob/,
  );
  const second = await sign(bob);
  t.match(
    second.stdout,
    /\nSigned in policy\.yaml\.sig, by alice, bob \(2 needed\)\nNext: npm run policy -- push/,
  );
  const place = { for: '/fireblocks/dev/policy', sha256: SHA256 };
  t.strictSame(verifySignatures(signed(), place, signersOf([alice, bob])), { signers: ['alice', 'bob'] });
  t.match(await sign(bob), { code: 0, stdout: /\nNo change: policy\.yaml\.sig is signed by alice, bob/ });
  t.equal(signed().signatures.length, 2);
});

t.test('prints one JSON object with --json', async (t) => {
  const { place } = office(t);
  t.match(await place.json('policy', 'sign', '--key', 'alice.pem', '--serial', '1', '-e', 'prod'), {
    ...{ file: 'policy.yaml', signatureFile: 'policy.yaml.sig', for: '/fireblocks/prod/policy', serial: 1 },
    ...{ sha256: SHA256, rules: 0, signer: 'alice', publicKey: alice.publicKey, changed: true },
    ...{ signers: ['alice'], quorum: 2, missing: /^1 of 2/, warnings: [] },
  });
});

t.test('adds no signature to those of another policy, place or serial', async (t) => {
  const { place, sign, signed } = office(t);
  await sign(alice, '--serial', '3');
  const before = signed();
  t.match(await sign(bob, '--serial', '4'), { code: 2, stderr: /they have the serial 3, not 4/ });
  t.match(await sign(bob, '-e', 'prod'), {
    code: 2,
    stderr: /for "\/fireblocks\/dev\/policy", not \/fireblocks\/prod/,
  });
  writeFileSync(join(place.directory, 'policy.yaml'), `${TEXT}# other\n`);
  const { code, stderr } = await sign(bob);
  t.equal(code, 2);
  t.match(stderr, `they are of a policy with the SHA-256 ${SHA256}, not `);
  t.match(stderr, 'To start anew, delete it ("rm policy.yaml.sig"); all signers must sign again');
  t.strictSame(signed(), before);
  rmSync(join(place.directory, 'policy.yaml.sig'));
  t.match(await sign(bob, '--serial', '4'), { code: 0 });
});

t.test('finds out who signs by the key', async (t) => {
  const { sign, signed } = office(t);
  t.match(await sign(carol, '--serial', '1'), {
    code: 2,
    stderr: /not in the settings: add it .* "NAME": "MCow/,
  });
  t.match(await sign(carol, '--serial', '1', '--name', 'alice'), {
    code: 2,
    stderr: /alice has another key/,
  });
  t.match(await sign(alice, '--serial', '1', '--name', 'bob'), {
    code: 2,
    stderr: /belongs to alice in the/,
  });
  t.match(await sign(carol, '--serial', '1', '--name', 'a b'), { code: 2, stderr: /--name must have/ });
  t.match(await sign(carol, '--serial', '1', '--name', 'carol'), {
    code: 0,
    stdout: /\nMissing: "carol" has signed it, but is no signer of this environment/,
  });
  t.equal(signed().signatures[0]?.signer, 'carol');
});

t.test('needs neither settings nor AWS with --for, --serial and --name', async (t) => {
  const { place, sign, signed } = office(t);
  rmSync(join(place.directory, 'infra/settings.json'));
  const options = ['--for', 'policies/prod.yaml', '--serial', '2', '--name', 'carol'];
  const { code, stdout, stderr } = await sign(carol, ...options);
  t.equal(code, 0, stderr);
  t.match(stdout, `add to policySigners.keys in the settings: "carol": "${carol.publicKey}"`);
  t.match(signed(), { for: 'policies/prod.yaml', serial: 2 });
  t.match(await sign(carol, '--for', 'a\nb', '--serial', '2', '--name', 'carol'), {
    code: 2,
    stderr: /on one line/,
  });
});

t.test('signs for the file if the policy is in the image', async (t) => {
  const { sign, signed } = office(t, { policySigners: POLICY_SIGNERS, policySource: 'image' });
  t.equal((await sign(alice, '--serial', '1')).code, 0);
  t.equal(signed().for, 'policy.yaml');
});

t.test('signs no policy with problems, and none that the service would refuse', async (t) => {
  const { place, sign } = office(t);
  const file = join(place.directory, 'policy.yaml');
  writeFileSync(file, `${TEXT}onError: approve\n`);
  t.match(await sign(alice, '--serial', '1'), { code: 1, stdout: /onError must be/ });
  const when = 'tx.destinations.all(d, d.address in lists.payees)';
  const rules = [{ id: 'payees', for: 'transaction', when, action: 'approve' }];
  writeFileSync(
    file,
    JSON.stringify({ version: 1, lists: { payees: { from: 's3://lists/payees.txt' } }, rules }),
  );
  t.match(await sign(alice, '--serial', '1'), { code: 1, stdout: /approves by the list "payees" from/ });
  t.notOk(existsSync(`${file}.sig`));
  t.match(await place.run('policy', 'sign', '-', '--key', 'alice.pem'), {
    code: 2,
    stderr: /must be a file/,
  });
});

t.test('explains a key that can’t sign, and never quotes it', async (t) => {
  const { place } = office(t);
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const pems: readonly (readonly [string | Buffer, RegExp])[] = [
    [rsa.export({ type: 'pkcs8', format: 'pem' }), /has a key of type rsa, not Ed25519: "openssl genpkey/],
    [`-----BEGIN PUBLIC KEY-----\n${alice.publicKey}\n-----END PUBLIC KEY-----\n`, /is a public key/],
    ['-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1\n', /is an OpenSSH key/],
    [privatePemOf('AAAA'), /is no private key in PEM/],
    ['hello', /is no private key in PEM/],
  ];
  for (const [pem, expected] of pems) {
    writeFileSync(join(place.directory, 'key.pem'), pem, { mode: 0o600 });
    t.match(await place.run('policy', 'sign', '--key', 'key.pem', '--serial', '1'), {
      code: 2,
      stderr: expected,
    });
  }
  t.match(await place.run('policy', 'sign', '--key', 'none.pem'), {
    code: 2,
    stderr: /there is no such file/,
  });
});

t.test('asks for the passphrase only on a terminal', async (t) => {
  const { place } = office(t);
  const pem = alice.privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'secret',
  });
  writeFileSync(join(place.directory, 'locked.pem'), pem, { mode: 0o600 });
  const ran = await place.run('policy', 'sign', '--key', 'locked.pem', '--serial', '1');
  t.match(ran, { code: 2, stderr: /no terminal to ask for the passphrase/ });
});

t.test('reads a key that OpenSSL created, and warns if others can read it', async (t) => {
  const { place } = office(t);
  const file = join(place.directory, 'key.pem');
  execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', file]);
  chmodSync(file, 0o644);
  const args = ['policy', 'sign', '--key', 'key.pem', '--serial', '1', '--name', 'dave'] as const;
  t.match(await place.run(...args), {
    code: 0,
    stdout: /^warning {2}others than its owner can .* chmod 600 key\.pem\n/,
  });
  chmodSync(file, 0o600);
  t.match(await place.run(...args), { code: 0, stdout: /^for {6}/ });
});
