import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { ConfigError, readConfig } from '../src/config.js';
import { createSigner } from './helpers/signers.js';

const [alice, bob] = [createSigner('alice'), createSigner('bob')];
const both = `alice=${alice.publicKey},bob=${bob.publicKey}`;

const parameters = {
  CALLBACK_PRIVATE_KEY_PARAMETER: '/fireblocks/dev/jwt/callback-private-key',
  COSIGNER_PUBLIC_KEY_PARAMETER: '/fireblocks/dev/jwt/cosigner-public-key',
};

function problems(env: Record<string, string>, args: readonly string[] = []): readonly string[] {
  try {
    readConfig(args, { ...parameters, ...env });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

t.test('reads signers and quorum, in local mode as well', (t) => {
  for (const args of [[], ['--local']]) {
    const env = args.length === 0 ? parameters : {};
    t.match(readConfig(args, { ...env, POLICY_SIGNERS: both }).signers, { quorum: 2 });
    const { signers } = readConfig(args, { ...env, POLICY_SIGNERS: ` ${both} `, POLICY_QUORUM: '1' });
    t.equal(signers?.quorum, 1);
    t.strictSame([...(signers?.keys.keys() ?? [])], ['alice', 'bob']);
  }
  t.end();
});

t.test('refuses signers that can’t be used, without quoting them', (t) => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const secret = privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64');
  for (const [env, expected] of [
    [{ POLICY_SIGNERS: `alice=${secret}` }, /^POLICY_SIGNERS: the key of alice is a private key/],
    [{ POLICY_SIGNERS: secret }, /^POLICY_SIGNERS: entry 1 must be NAME=KEY/],
    [{ POLICY_SIGNERS: 'alice=abc' }, /^POLICY_SIGNERS: the key of alice must be an Ed25519 public key/],
    [{ POLICY_SIGNERS: `${both},` }, /^POLICY_SIGNERS: entry 3 must be NAME=KEY/],
    [
      { POLICY_SIGNERS: both, POLICY_QUORUM: '3' },
      /^POLICY_SIGNERS: the quorum is 3, but there are 2 signers/,
    ],
    [{ POLICY_SIGNERS: both, POLICY_QUORUM: '0' }, /^POLICY_QUORUM must be a whole number from 1 to 100/],
    [{ POLICY_QUORUM: '1' }, /^POLICY_QUORUM is set without POLICY_SIGNERS/],
  ] as const) {
    const found = problems(env);
    t.match(found, [expected]);
    t.notOk(found.join().includes(secret.slice(-44)));
  }
  t.end();
});

t.test('reads where the candidate and the newest signatures are', (t) => {
  const env = { POLICY_CANDIDATE_PARAMETER: '/fireblocks/dev/policy-candidate', POLICY_BUCKET: 'policies' };
  t.match(readConfig([], { ...parameters, ...env }).sources, {
    candidateParameter: env.POLICY_CANDIDATE_PARAMETER,
    policyBucket: 'policies',
  });
  t.match(problems({ ...env, POLICY_PARAMETER: env.POLICY_CANDIDATE_PARAMETER }), [
    /POLICY_CANDIDATE_PARAMETER names the same parameter as POLICY_PARAMETER/,
  ]);
  t.match(problems({ POLICY_BUCKET: 's3://policies' }), [/POLICY_BUCKET is not the name of an S3 bucket/]);
  t.match(problems(env, ['--local']), [
    /POLICY_CANDIDATE_PARAMETER can't be used in local mode: .* \.local\/candidate\.yaml/,
    /POLICY_BUCKET can't be used in local mode/,
  ]);
  t.end();
});
