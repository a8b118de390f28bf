// Tests pushes, rollbacks and candidates where policies must be signed, against an AWS emulator.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { PolicySignatures } from '../../src/sources/stored-policy.js';
import { sha256Of } from '../../cli/policy/change/stored.js';
import type { Workspace } from '../helpers/operator.js';
import {
  EXAMPLE_POLICY,
  policyAccount,
  STRICTER_POLICY,
  VAULTS,
  withVaults,
  writePolicy,
} from '../helpers/policies.js';
import { fails, scenarios } from '../helpers/scenarios.js';
import { createSigner, signedBy, type TestSigner } from '../helpers/signers.js';

const [alice, bob, carol, mallory] = ['alice', 'bob', 'carol', 'mallory'].map(createSigner) as [
  TestSigner,
  TestSigner,
  TestSigner,
  TestSigner,
];
const SIGNED = {
  policySigners: {
    quorum: 2,
    keys: { alice: alice.publicKey, bob: bob.publicKey, carol: carol.publicKey },
  },
};

function writeKey(place: Workspace, { name, privateKey }: TestSigner): void {
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  writeFileSync(join(place.directory, `${name}.pem`), pem, { mode: 0o600 });
}

t.test('signed policies', async (t) => {
  const { account, moto, proxy, scenario } = await scenarios(t);
  const policies = policyAccount(moto.endpoint);

  /** Writes a policy and its signatures to the workspace. */
  function sign(
    place: Workspace,
    text: string,
    serial: number,
    people: readonly TestSigner[],
    { file = 'policy.yaml', target = policies.parameter } = {},
  ): PolicySignatures {
    writePolicy(place, text, file);
    const signed = signedBy(people, { for: target, serial, sha256: sha256Of(text) });
    writeFileSync(join(place.directory, `${file}.sig`), JSON.stringify(signed));
    return signed;
  }

  async function begin(place: Workspace): Promise<void> {
    await policies.createBucket();
    place.settings(SIGNED);
  }

  const newest = async () => JSON.parse((await policies.object('signed/newest.json')) ?? 'null') as unknown;
  const push = (place: Workspace, ...args: readonly string[]) => place.run('policy', 'push', ...args);

  async function changesNothing(t: Test, place: Workspace, message: RegExp): Promise<void> {
    const before = await policies.state();
    const ran = await push(place);
    fails(t, ran, 'SIGNATURES_MISSING', message, 'npm run policy -- sign policy.yaml --key FILE -e dev');
    t.match(ran.stderr, 'nothing was changed');
    t.equal((await push(place, '--dry-run')).code, 1);
    t.strictSame(await policies.state(), before);
  }

  scenario('stores a policy with its signatures, then what was signed last', async (t, place) => {
    await begin(place);
    const signed = sign(place, EXAMPLE_POLICY, 1, [alice, bob]);
    const { code, stdout, stderr } = await push(place);
    t.equal(code, 0, stderr);
    t.match(stdout, '\nSigned      by alice, bob (2 needed), serial 1\n');
    const { policy, objects } = await policies.state();
    t.match(JSON.parse(policy[0] ?? ''), { sha256: sha256Of(EXAMPLE_POLICY), signed });
    t.strictSame(objects, [`policies/${signed.sha256}.yaml`, 'signed/newest.json']);
    t.strictSame(await newest(), signed);
    t.match(await place.json('policy', 'history'), {
      versions: [{ serial: 1, signers: ['alice', 'bob'], rules: 5 }],
    });

    t.match(await place.json('policy', 'push'), { changed: false });
    t.strictSame((await policies.state()).objects, objects);
    const again = sign(place, EXAMPLE_POLICY, 2, [bob, carol]);
    t.match(await place.json('policy', 'push'), {
      changed: true,
      signatures: { serial: 2, signers: ['bob', 'carol'], quorum: 2 },
    });
    t.strictSame(await newest(), again);
  });

  scenario('changes nothing without enough valid signatures, and says who must sign', async (t, place) => {
    await begin(place);
    sign(place, EXAMPLE_POLICY, 5, [alice, bob]);
    t.equal((await push(place)).code, 0);
    writePolicy(place, STRICTER_POLICY);
    await changesNothing(t, place, /the signatures are of another text/);
    sign(place, STRICTER_POLICY, 6, [carol]);
    await changesNothing(t, place, /1 of 2 signatures: 1 more of alice, bob must sign/);
    sign(place, STRICTER_POLICY, 6, [carol, mallory]);
    await changesNothing(t, place, /"mallory" has signed it, but is no signer/);
    sign(place, STRICTER_POLICY, 6, [carol, alice], { target: '/fireblocks/prod/policy' });
    await changesNothing(
      t,
      place,
      /signed for "\/fireblocks\/prod\/policy", not for \/fireblocks\/dev\/policy/,
    );
    sign(place, STRICTER_POLICY, 5, [carol, alice]);
    await changesNothing(t, place, /serial 5/);
    sign(place, STRICTER_POLICY, 4, [carol, alice]);
    await changesNothing(t, place, /serial 4/);
    writeFileSync(join(place.directory, 'policy.yaml.sig'), '{"for": 1}');
    t.match(await push(place), { code: 2, stderr: /policy\.yaml\.sig holds no signatures/ });
  });

  scenario('the lists that approving rules read must be pinned by their SHA-256', async (t, place) => {
    await begin(place);
    await policies.putObject('lists/vaults.txt', VAULTS);
    const from = `from: "s3://${policies.bucket}/lists/vaults.txt"`;
    sign(place, withVaults(from), 1, [alice, bob]);
    const before = await policies.state();
    fails(
      t,
      await push(place),
      'SIGNATURES_MISSING',
      /rule "small-internal" approves by the list "vaults"/,
      'add the SHA-256',
    );
    t.strictSame(await policies.state(), before);
    sign(place, withVaults(`${from}, sha256: ${sha256Of(VAULTS)}`), 1, [alice, bob]);
    t.match(await push(place), { code: 0, stdout: /\n +\+ sha256: [0-9a-f]{64}, as the policy demands\n/ });
  });

  scenario('an older signed policy can’t be put back through the parameter', async (t, place) => {
    await begin(place);
    sign(place, EXAMPLE_POLICY, 1, [alice, bob]);
    t.equal((await push(place)).code, 0);
    const old = (await policies.state()).policy[0] ?? '';
    sign(place, STRICTER_POLICY, 2, [alice, bob]);
    t.equal((await push(place)).code, 0);
    await account.put(policies.parameter, old, 'SecureString');
    sign(place, `${EXAMPLE_POLICY}# New.\n`, 2, [alice, bob]);
    await changesNothing(t, place, /serial 2/);
    sign(place, `${EXAMPLE_POLICY}# New.\n`, 3, [alice, bob]);
    t.equal((await push(place)).code, 0);
  });

  scenario('repairs what was signed last, and ignores it if nobody has signed it', async (t, place) => {
    await begin(place);
    const signed = sign(place, EXAMPLE_POLICY, 1, [alice, bob]);
    proxy.before = ({ action }) =>
      action.endsWith('/signed/newest.json') && action.startsWith('PUT')
        ? { status: 400, body: '' }
        : undefined;
    t.equal((await push(place)).code, 1);
    t.equal(await newest(), null);
    proxy.before = () => undefined;
    t.match(await push(place), { code: 0, stdout: /\nNo change: / });
    t.strictSame(await newest(), signed);

    await policies.putObject('signed/newest.json', JSON.stringify({ ...signed, serial: 1_000_000 }));
    const next = sign(place, STRICTER_POLICY, 2, [alice, bob]);
    t.equal((await push(place)).code, 0);
    t.strictSame(await newest(), next);
  });

  scenario('a rollback is signed anew', async (t, place) => {
    await begin(place);
    sign(place, EXAMPLE_POLICY, 1, [alice, bob]);
    t.equal((await push(place)).code, 0);
    sign(place, STRICTER_POLICY, 7, [alice, bob]);
    t.equal((await push(place)).code, 0);
    const before = await policies.state();
    const file = join(place.directory, 'policy-1.yaml');

    t.equal((await place.run('policy', 'rollback', '--dry-run')).code, 1);
    t.notOk(place.files().has('policy-1.yaml'));
    const refused = await place.run('policy', 'rollback');
    fails(
      t,
      refused,
      'SIGNATURES_MISSING',
      /a rollback is signed anew/,
      'npm run policy -- push policy-1.yaml -e dev',
    );
    t.match(refused.stderr, 'npm run policy -- sign policy-1.yaml');
    t.equal(readFileSync(file, 'utf8'), EXAMPLE_POLICY);
    t.strictSame(await policies.state(), before);
    writeFileSync(file, 'mine');
    t.match(await place.run('policy', 'rollback'), {
      code: 2,
      stderr: /policy-1\.yaml exists with other content/,
    });
    t.equal(readFileSync(file, 'utf8'), 'mine');

    for (const signer of [alice, carol, mallory]) writeKey(place, signer);
    t.match(await place.run('policy', 'rollback', '--key', 'alice.pem', 'mallory.pem'), {
      code: 2,
      stderr: /the key is not in the settings/,
    });
    t.strictSame(await policies.state(), before);
    t.match(await place.json('policy', 'rollback', '--key', 'alice.pem', 'carol.pem'), {
      changed: true,
      rollbackTo: 1,
      signatures: { serial: 8, signers: ['alice', 'carol'] },
    });
    t.equal((await place.run('policy', 'show')).stdout, EXAMPLE_POLICY);
    t.match(await newest(), { serial: 8 });
  });

  scenario('a rollback does not sign what was never signed by enough signers', async (t, place) => {
    await begin(place);
    sign(place, EXAMPLE_POLICY, 1, [alice, bob]);
    t.equal((await push(place)).code, 0);
    const planted = EXAMPLE_POLICY.replace('decimal("10000")', 'decimal("99999999")');
    for (const text of [planted, `${planted}# again\n`]) {
      await account.put(policies.parameter, text, 'SecureString');
    }
    for (const person of [alice, bob]) writeKey(place, person);
    const keys = ['--key', 'alice.pem', 'bob.pem'];
    const before = await policies.state();
    fails(
      t,
      await place.run('policy', 'rollback', '2', ...keys),
      'SIGNATURES_MISSING',
      /version 2 was never signed/,
      'history',
    );
    t.strictSame(await policies.state(), before);
    t.match(await place.run('policy', 'history'), { stdout: /<- refused: not signed by enough signers/ });

    const back = await place.run('policy', 'rollback', ...keys);
    t.equal(back.code, 0, back.stderr);
    t.match(back.stdout, /Skipped +version 2: not signed by enough signers/);
    t.equal((await place.run('policy', 'show')).stdout, EXAMPLE_POLICY);
  });

  scenario('a serial that someone has made up does not count', async (t, place) => {
    await begin(place);
    sign(place, EXAMPLE_POLICY, 1, [alice, bob]);
    t.equal((await push(place)).code, 0);
    const manifest = JSON.parse((await policies.state()).policy[0] ?? '') as { signed: PolicySignatures };
    const forged = { ...manifest, signed: { ...manifest.signed, serial: Number.MAX_SAFE_INTEGER } };
    await account.put(policies.parameter, JSON.stringify(forged), 'SecureString');
    sign(place, STRICTER_POLICY, 2, [alice, bob]);
    const ran = await push(place);
    t.equal(ran.code, 0, ran.stderr);
    t.match(await newest(), { serial: 2 });
  });

  scenario('a candidate needs no signatures, promoting it does', async (t, place) => {
    await begin(place);
    sign(place, EXAMPLE_POLICY, 1, [alice, bob]);
    t.equal((await push(place)).code, 0);
    sign(place, STRICTER_POLICY, 2, [alice]);
    t.match(await push(place, '--candidate'), { code: 0, stdout: /^Signed +not yet/ });
    const before = await policies.state();
    t.equal(before.candidate[0], STRICTER_POLICY);
    fails(t, await place.run('policy', 'promote'), 'SIGNATURES_MISSING', /it is not signed/, 'sign');
    t.strictSame(await policies.state(), before);

    const signed = sign(place, STRICTER_POLICY, 2, [alice, bob]);
    t.equal((await place.run('policy', 'promote', '--signatures', 'policy.yaml.sig', '--dry-run')).code, 0);
    t.equal((await push(place, '--candidate')).code, 0);
    t.match(JSON.parse((await policies.state()).candidate[0] ?? ''), { signed }, 'kept for promote');
    t.equal((await place.run('policy', 'show', 'candidate')).stdout, STRICTER_POLICY);
    t.equal(((await newest()) as PolicySignatures).serial, 1);
    t.match(await place.json('policy', 'promote'), { changed: true, candidateRemoved: true });
    t.strictSame(await newest(), signed);
    t.match(JSON.parse((await policies.state()).policy[0] ?? ''), { signed });
  });
});
