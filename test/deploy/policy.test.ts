// Tests how a deployment treats the policy: signed, too large for a parameter, or in the image.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import t from 'tap';
import type { Status } from '../../cli/deploy/status.js';
import { policyBucket } from '../../infra/names.js';
import { type PolicySignatures, readManifest } from '../../src/sources/stored-policy.js';
import { clientOptions, NAMES } from '../helpers/aws.js';
import { isMutating } from '../helpers/aws-proxy.js';
import { REGION, type Workspace } from '../helpers/operator.js';
import { fails, scenarios } from '../helpers/scenarios.js';
import { createSigner, signedBy } from '../helpers/signers.js';

t.setTimeout(600_000);

const BUCKET = policyBucket(NAMES, '123456789012', REGION);
const PARAMETER = NAMES.parameters.policy;
const alice = createSigner('alice');
const bob = createSigner('bob');
const SIGNERS = {
  policySigners: { quorum: 2, keys: { alice: alice.publicKey, bob: bob.publicKey } },
};

function policyOf({ directory }: Workspace) {
  const file = join(directory, 'policy.yaml');
  const text = readFileSync(file, 'utf8');
  return { file, text, sha256: createHash('sha256').update(text).digest('hex') };
}

/** Signs the policy as it is in the directory. */
function sign(
  place: Workspace,
  people: Parameters<typeof signedBy>[0],
  target: string = PARAMETER,
  serial = 1,
) {
  const { file, sha256 } = policyOf(place);
  const signed = signedBy(people, { for: target, serial, sha256 });
  writeFileSync(`${file}.sig`, JSON.stringify(signed));
  return signed;
}

/** Both sign anew with the command that a failed deployment prints. */
async function signByCommand(place: Workspace, ...options: string[]): Promise<PolicySignatures> {
  const file = join(place.directory, 'policy.yaml.sig');
  rmSync(file, { force: true });
  for (const { name, privateKey } of [alice, bob]) {
    const key = join(place.directory, `tmp/${name}.pem`);
    writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    const args = ['policy.yaml', '--key', key, ...options, '-e', 'dev'];
    const { code, stderr } = await place.run('policy', 'sign', ...args);
    if (code !== 0) throw new Error(stderr);
    rmSync(key);
  }
  return JSON.parse(readFileSync(file, 'utf8')) as PolicySignatures;
}

function commit({ directory }: Workspace): void {
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], {
      cwd: directory,
    });
  git('add', '--all', '.');
  git('commit', '--quiet', '--message', 'Change the policy');
}

t.test('policy', async (t) => {
  const { account, moto, proxy, scenario } = await scenarios(t);
  const s3 = new S3Client({ ...clientOptions(moto.endpoint), forcePathStyle: true });
  const read = async (Key: string, VersionId?: string): Promise<string | undefined> =>
    (await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key, VersionId }))).Body?.transformToString();
  /** moto creates the buckets of a stack without versions, whatever the template says. */
  const keepVersions = (): void => {
    proxy.after = async ({ action, body }) => {
      if (action !== 'CreateStack' || !body.includes('StackName=fireblocks-dev-security&')) return undefined;
      const VersioningConfiguration = { Status: 'Enabled' } as const;
      await s3.send(new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration }));
      return undefined;
    };
  };
  const stored = async () => readManifest((await account.parameter(PARAMETER))?.Value ?? '');

  scenario('stores the first policy only with enough signatures', async (t, place) => {
    place.settings(SIGNERS);
    const next = 'npm run policy -- sign policy.yaml';
    fails(
      t,
      await place.run('deploy', '--yes'),
      'SIGNATURES_MISSING',
      /it is not signed: 2 of alice, bob/,
      next,
    );
    sign(place, [alice]);
    fails(t, await place.run('deploy', '--yes'), 'SIGNATURES_MISSING', /1 of 2 signatures/, next);
    sign(place, [alice, bob], '/fireblocks/prod/policy');
    fails(
      t,
      await place.run('deploy', '--yes'),
      'SIGNATURES_MISSING',
      /not for \/fireblocks\/dev\/policy/,
      next,
    );
    t.strictSame(proxy.calls.filter(isMutating), [], 'before anything is created');

    keepVersions();
    const signed = await signByCommand(place);
    t.match(signed, { for: PARAMETER, serial: 1 });
    const preview = await place.run('deploy', '--dry-run');
    t.match(preview.stdout, 'store policy.yaml in /fireblocks/dev/policy, signed by alice, bob, serial 1');
    const { code, stderr } = await place.run('deploy', '--yes');
    t.equal(code, 0, stderr);
    const { text, sha256 } = policyOf(place);
    const manifest = await stored();
    t.match(manifest, { object: `s3://${BUCKET}/policies/${sha256}.yaml`, sha256, signed });
    const version = manifest !== undefined && 'version' in manifest ? manifest.version : '';
    t.equal(await read(`policies/${sha256}.yaml`, version), text);
    t.strictSame(JSON.parse((await read('signed/newest.json')) ?? ''), signed);
    t.match((await account.parameter(PARAMETER))?.Type, 'SecureString');

    const status = await place.json<Status>('deploy', '--status');
    t.strictSame(status.parameters.policy.holds, [`${sha256}, 0 rules, signed by alice, bob, serial 1`]);
    t.match(
      (await place.run('deploy', '--status')).stdout,
      new RegExp(`^policy +${sha256.slice(0, 12)}, 0 rules, signed by alice, bob, serial 1$`, 'm'),
    );

    // As after an interruption between the two.
    await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'signed/newest.json' }));
    const repaired = await place.run('deploy', '--yes');
    t.match(repaired.stdout, 'store the signatures of the policy');
    t.strictSame(JSON.parse((await read('signed/newest.json')) ?? ''), signed);
    proxy.calls.length = 0;
    t.match((await place.run('deploy', '--yes')).stdout, 'Nothing to change.');
    t.strictSame(proxy.calls.filter(isMutating), []);

    t.equal((await place.run('destroy', '--confirm', 'dev')).code, 0);
    await t.rejects(s3.send(new ListObjectVersionsCommand({ Bucket: BUCKET })), { name: 'NoSuchBucket' });
  });

  scenario('refuses a signed policy that approves by a list that anyone may change', async (t, place) => {
    place.settings(SIGNERS);
    const { file } = policyOf(place);
    const from = `s3://${BUCKET}/lists/payees.txt`;
    const policy = (payees: object) => ({
      version: 1,
      lists: { payees },
      rules: [
        {
          id: 'pay',
          for: 'transaction',
          when: 'tx.destinations.all(d, d in lists.payees)',
          action: 'approve',
        },
      ],
    });
    writeFileSync(file, JSON.stringify(policy({ from })));
    sign(place, [alice, bob]);
    const ran = await place.run('deploy', '--yes');
    fails(
      t,
      ran,
      'POLICY_UNSOUND',
      /rule "pay" approves by the list "payees" .* add its sha256/,
      'fix policy.yaml',
    );
    writeFileSync(file, JSON.stringify(policy({ from, sha256: 'ab'.repeat(32) })));
    sign(place, [alice, bob]);
    const { code, stderr } = await place.run('deploy', '--dry-run');
    t.equal(code, 0, stderr);
  });

  scenario('deploys signers only if the stored policy is signed by them', async (t, place) => {
    t.equal((await place.run('deploy', '--yes')).code, 0);
    place.settings(SIGNERS);
    proxy.calls.length = 0;
    fails(
      t,
      await place.run('deploy', '--yes'),
      'SIGNATURES_MISSING',
      /the service would refuse the policy in \/fireblocks\/dev\/policy: it is not signed/,
      'then store it: npm run policy -- push -e dev',
    );
    t.strictSame(proxy.calls.filter(isMutating), []);
    t.match((await place.json<Status>('deploy', '--status')).parameters.policy, {
      state: 'bad',
      holds: [/can't be used: it is not signed/],
    });
  });

  scenario('stores a first policy that is larger than a parameter in the bucket', async (t, place) => {
    keepVersions();
    const { file, text } = policyOf(place);
    writeFileSync(file, `${text}\n# ${'a'.repeat(9000)}\n`);
    const { code, stderr } = await place.run('deploy', '--yes');
    t.equal(code, 0, stderr);
    const { text: long, sha256 } = policyOf(place);
    t.match(await stored(), { object: `s3://${BUCKET}/policies/${sha256}.yaml`, sha256, signed: undefined });
    t.equal(await read(`policies/${sha256}.yaml`), long);
    t.match((await place.json<Status>('deploy', '--status')).parameters.policy, {
      state: 'good',
      holds: [`${sha256}, 0 rules`],
    });
  });

  scenario('waits for the lists of the first policy until the bucket exists', async (t, place) => {
    const { file, text } = policyOf(place);
    const withList = (from: string): void =>
      writeFileSync(file, text.replace(/^lists:$/m, `lists:\n  sanctioned: { from: "${from}" }`));
    withList('sanctioned.txt');
    const upload = `aws s3 cp sanctioned.txt s3://${BUCKET}/lists/sanctioned.txt`;
    fails(t, await place.run('deploy', '--yes'), 'LIST_NOT_IN_AWS', /sanctioned/, upload);
    t.strictSame(proxy.calls.filter(isMutating), []);

    withList(`s3://${BUCKET}/lists/sanctioned.txt`);
    const ran = await place.run('deploy', '--yes');
    fails(t, ran, 'LIST_UNREADABLE', /the list sanctioned can't be read/, 'upload the list');
    t.match(
      (await account.stacks()).map(({ name }) => name),
      ['fireblocks-dev-foundation', 'fireblocks-dev-image', 'fireblocks-dev-security'],
      'everything before the policy is created',
    );
    const Key = 'lists/sanctioned.txt';
    await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: `0x${'0a'.repeat(20)}\nno address\n` }));
    fails(
      t,
      await place.run('deploy', '--yes'),
      'POLICY_UNSOUND',
      /can't be used as the policy/,
      'fix policy.yaml',
    );
    await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: `0x${'0a'.repeat(20)}\n` }));
    const { code, stderr } = await place.run('deploy', '--yes');
    t.equal(code, 0, stderr);
    t.equal((await account.parameter(PARAMETER))?.Value, policyOf(place).text);
  });

  scenario('stores no policy if the image contains it, and checks the committed one', async (t, place) => {
    place.settings({ policySource: 'image' });
    const { file, text } = policyOf(place);
    writeFileSync(file, 'version: 1\nrules: [oops]\n');
    const preview = await place.run('deploy', '--dry-run');
    t.equal(preview.code, 0, 'the change is not committed');
    t.notMatch(preview.stdout, /store .*policy/);
    commit(place);
    const committed = /the committed policy\.yaml can't be used as the policy: it is invalid/;
    fails(
      t,
      await place.run('deploy', '--yes'),
      'POLICY_UNSOUND',
      committed,
      'fix policy.yaml and commit it',
    );

    writeFileSync(file, text.replace(/^lists:$/m, 'lists:\n  sanctioned: { from: lists/sanctioned.txt }'));
    commit(place);
    const notInImage = /the list sanctioned is from lists\/sanctioned\.txt, which is not in the image/;
    fails(t, await place.run('deploy', '--yes'), 'POLICY_UNSOUND', notInImage, 'into the folder lists/');
    mkdirSync(join(place.directory, 'lists'));
    writeFileSync(join(place.directory, 'lists/sanctioned.txt'), `0x${'0a'.repeat(20)}\n`);
    commit(place);
    t.equal((await place.run('deploy', '--yes')).code, 0);
    t.equal(await account.parameter(PARAMETER), undefined);
    t.match(await account.template('fireblocks-dev-callback'), /"POLICY_FILE"/);
    t.match((await place.run('deploy', '--status')).stdout, /^policy +policy\.yaml in the image$/m);
  });

  scenario('deploys an image with a policy only if it is signed for the file', async (t, place) => {
    place.settings({ policySource: 'image', ...SIGNERS });
    const problem = /the service would refuse the committed policy\.yaml: it is not signed/;
    fails(
      t,
      await place.run('deploy', '--yes'),
      'SIGNATURES_MISSING',
      problem,
      'npm run policy -- sign policy.yaml --key FILE --serial 1 -e dev',
    );
    t.match(await signByCommand(place, '--serial', '1'), { for: 'policy.yaml', serial: 1 });
    fails(
      t,
      await place.run('deploy', '--yes'),
      'SIGNATURES_MISSING',
      problem,
      'then commit policy.yaml.sig',
    );
    commit(place);
    const { code, stderr } = await place.run('deploy', '--yes', '--dry-run');
    t.equal(code, 0, stderr);
  });

  scenario('shows a candidate, and deletes it with the environment', async (t, place) => {
    t.equal((await place.run('deploy', '--yes')).code, 0);
    t.notMatch((await place.run('deploy', '--status')).stdout, /^candidate/m);
    const { text, sha256 } = policyOf(place);
    await account.put(NAMES.parameters.policyCandidate, text, 'SecureString');
    const { parameters } = await place.json<Status>('deploy', '--status');
    t.strictSame(parameters.policyCandidate.holds, [`${sha256}, 0 rules`]);
    const removed = await place.run('destroy', '--confirm', 'dev');
    t.match(removed.stdout, `parameter ${NAMES.parameters.policyCandidate}`);
    t.equal(await account.parameter(NAMES.parameters.policyCandidate), undefined);
  });
});
