// Tests that keys, policy, certificate and image change only on request, and that destroy deletes everything.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Status } from '../../cli/deploy/status.js';
import { NAMES } from '../helpers/aws.js';
import { type AwsCall, type AwsReply, isMutating, parameter, xml } from '../helpers/aws-proxy.js';
import { emulateCodeBuild, putImage } from '../helpers/codebuild.js';
import { p256Pair, rsaPair } from '../helpers/keys.js';
import { fails, scenarios } from '../helpers/scenarios.js';

// Runs dozens of deployments.
t.setTimeout(900_000);

t.test('changes', async (t) => {
  const { account, recovers, moto, proxy, scenario } = await scenarios(t);

  scenario('rejects an invalid policy in the file or in SSM', async (t, place) => {
    const file = join(place.directory, 'policy.yaml');
    const valid = readFileSync(file, 'utf8');
    writeFileSync(file, 'version: 1\nrules: [oops]\n');
    const ran = await place.run('deploy', '--yes');
    fails(t, ran, 'POLICY_UNSOUND', /policy\.yaml can't be used as the policy/, 'npm run policy -- check');
    t.strictSame(proxy.calls.filter(isMutating), []);
    writeFileSync(file, valid);
    await recovers(t, place);
    await account.put(NAMES.parameters.policy, 'version: 1\nrules: [oops]\n', 'SecureString');
    fails(
      t,
      await place.run('deploy', '--yes'),
      'POLICY_UNSOUND',
      /\/fireblocks\/dev\/policy/,
      'npm run policy -- push -e dev',
    );
  });

  scenario('creates a new certificate if the host name changes', async (t, place) => {
    t.equal((await place.run('deploy', '--yes')).code, 0);
    place.settings({ hostName: 'handler.internal' });
    const { code, stdout } = await place.run('deploy', '--yes');
    t.equal(code, 0);
    t.match(stdout, 'create a CA and a certificate for handler.internal');
    t.match(stdout, /^service +wait until it is steady$/m, 'waits for the change');
    const certificate = new X509Certificate(readFileSync(join(place.directory, '.keys/dev/tls.pem')));
    t.equal(certificate.checkHost('handler.internal'), 'handler.internal');
    t.equal((await place.run('destroy', '--confirm', 'dev')).code, 0);
    t.strictSame(await account.certificates(), [], 'the previous certificate is deleted too');
  });

  scenario('replaces the callback key only with --rotate-callback-key', async (t, place) => {
    t.equal((await place.run('deploy', '--yes')).code, 0);
    const name = NAMES.parameters.callbackPrivateKey;
    const inUse = (await account.parameter(name))?.Value;
    const other = rsaPair().privatePem;
    const file = join(place.directory, '.keys/dev/callback_private.pem');
    writeFileSync(file, other);
    fails(
      t,
      await place.run('deploy', '--yes'),
      'CALLBACK_KEY_DIFFERS',
      /callback_private\.pem holds another key/,
      '--rotate-callback-key',
    );
    t.equal((await account.parameter(name))?.Value, inUse);

    t.equal((await place.run('deploy', '--yes', '--rotate-callback-key')).code, 0);
    t.equal((await account.parameter(name))?.Value, other, 'the key in the directory');
    const rotated = (): readonly string[] =>
      [...place.files('.keys').keys()]
        .filter((name) => /callback_private\.[0-9a-f]{16}\.pem$/.test(name))
        .map((name) => readFileSync(join(place.directory, name), 'utf8'));
    t.strictSame(rotated(), [], 'the former key was no longer on this machine');
    t.equal((await account.history(name)).at(-1)?.Version, 1, 'SSM keeps it');

    const { code, stdout } = await place.run('deploy', '--yes', '--rotate-callback-key');
    t.equal(code, 0);
    t.match(stdout, 'Give the Co-signer the new public key now');
    t.strictSame(rotated(), [other], 'a key that is on this machine is not lost');
    t.notMatch((await account.parameter(name))?.Value, other, 'a new key');
    t.equal((await account.parameter(name))?.Value, readFileSync(file, 'utf8'));

    writeFileSync(file, 'no key');
    fails(
      t,
      await place.run('deploy', '--yes'),
      'KEY_NOT_PEM',
      /callback_private\.pem can't be used/,
      'move .keys/dev/callback_private.pem away',
    );
  });

  scenario('stores a P-256 key if the settings specify ES256', async (t, place) => {
    place.settings({ callbackKeyAlgorithm: 'ES256' });
    const { code, stdout } = await place.run('deploy', '--yes');
    t.equal(code, 0);
    t.match(stdout, 'create a key pair for ES256 in .keys/dev');
    t.match(stdout, /accept ES256 from version 2026\.08\.19 on, older ones only RS256: check the version/);
    t.match(stdout, 'It is a P-256 key (ES256)');
    const pem = (await account.parameter(NAMES.parameters.callbackPrivateKey))?.Value ?? '';
    t.match(pem, /^-----BEGIN PRIVATE KEY-----/, 'PKCS#8');
    t.match(createPrivateKey(pem).asymmetricKeyDetails, { namedCurve: 'prime256v1' });
    t.match((await place.run('deploy', '--status')).stdout, /^callback key .*\n +algorithm ES256$/m);
    t.match(await place.json('deploy', '--status'), {
      callbackAlgorithm: 'ES256',
      callbackAlgorithmBySettings: 'ES256',
    });
    writeFileSync(join(place.directory, 'cosigner.pem'), rsaPair().publicPem);
    t.match(
      (await place.run('keys', 'cosigner', 'cosigner.pem', '--yes')).stdout,
      'signs its answers with ES256',
    );
    t.match(await place.json('keys', 'cosigner', 'cosigner.pem'), { callbackAlgorithm: 'ES256' });
  });

  scenario('changes the algorithm of the stored key only with --rotate-callback-key', async (t, place) => {
    const stored = async () => (await account.parameter(NAMES.parameters.callbackPrivateKey))?.Value ?? '';
    const kind = async () => createPrivateKey(await stored()).asymmetricKeyType;
    t.equal((await place.run('deploy', '--yes')).code, 0);
    const first = await stored();

    place.settings({ callbackKeyAlgorithm: 'ES256' });
    proxy.calls.length = 0;
    const kept = await place.run('deploy', '--yes');
    t.match(kept, {
      code: 0,
      stdout: /keep [0-9a-f]{16} \(RS256\) in .*, although the settings specify ES256/,
    });
    t.match(kept.stdout, /stays in use\. To replace it: npm run deploy -- --rotate-callback-key -e dev/);
    t.strictSame(proxy.calls.filter(isMutating), []);
    t.equal(await stored(), first);
    t.match(
      (await place.run('deploy', '--status')).stdout,
      'RS256; the settings specify ES256: deploy with --rotate-callback-key',
    );

    const preview = await place.run('deploy', '--dry-run', '--rotate-callback-key');
    t.match(preview.stdout, /replace [0-9a-f]{16} \(RS256\) in .* with the new private key \(ES256\)/);
    t.match(preview.stdout, /accept ES256 from version 2026\.08\.19 on/);
    t.equal(await stored(), first);
    const rotated = await place.run('deploy', '--yes', '--rotate-callback-key');
    t.match(rotated, { code: 0, stdout: /the service uses the new one \(ES256\) within a minute/ });
    t.equal(await kind(), 'ec');

    place.settings({});
    const back = await place.run('deploy', '--yes', '--rotate-callback-key');
    t.match(back, { code: 0, stdout: /\(ES256\) in .* with the new private key \(RS256\)/ });
    t.notMatch(back.stdout, 'accept ES256');
    t.equal(await kind(), 'rsa');
  });

  scenario('rejects a key file for another algorithm than the settings specify', async (t, place) => {
    const file = join(place.directory, '.keys/dev/callback_private.pem');
    const directory = join(place.directory, '.keys/dev');
    mkdirSync(directory, { recursive: true });
    const own = p256Pair().privatePem;
    writeFileSync(file, own);
    const next =
      'to use this key, set "callbackKeyAlgorithm" to "ES256"; to create an RSA key, move the file';
    const message = /callback_private\.pem holds a P-256 key, which signs with ES256/;
    fails(t, await place.run('deploy', '--yes'), 'CALLBACK_KEY_ALGORITHM_DIFFERS', message, next);
    t.strictSame(proxy.calls.filter(isMutating), []);

    place.settings({ callbackKeyAlgorithm: 'ES256' });
    t.equal((await place.run('deploy', '--yes')).code, 0);
    t.equal((await account.parameter(NAMES.parameters.callbackPrivateKey))?.Value, own);

    writeFileSync(file, rsaPair().privatePem);
    const rotation = await place.run('deploy', '--yes', '--rotate-callback-key');
    fails(t, rotation, 'CALLBACK_KEY_ALGORITHM_DIFFERS', /an RSA key, which signs with RS256/, 'a P-256 key');
    t.equal((await account.parameter(NAMES.parameters.callbackPrivateKey))?.Value, own);
  });

  scenario(
    'warns that requests are not authenticated, and confirms it separately in prod',
    async (t, place) => {
      // The emulator makes every zone a public one, so the second environment needs another name.
      place.settings({ auth: 'json', environments: { prod: { hostName: 'callback.prod.internal' } } });
      const warning = /^Warning {2}Requests are not authenticated, because "auth" is "json"/m;
      t.match((await place.run('deploy', '-e', 'prod', '--dry-run')).stdout, warning);
      t.match(await place.json('deploy', '-e', 'prod', '--dry-run'), {
        notes: [/^Nobody receives the alarms/, /^Requests are not authenticated/],
      });
      const refused = await place.run('deploy', '-e', 'prod', '--yes');
      t.match(refused, { code: 2, stdout: warning, stderr: /add --accept-json to confirm that/ });
      const piped = await place.run('deploy', '-e', 'prod');
      t.match(piped, {
        code: 2,
        stderr: /no terminal for the confirmation prompt: add --yes and --accept-json/,
      });
      t.match(await place.run('deploy', '-e', 'prod', '--accept-json'), { code: 2, stderr: /add --yes/ });
      t.strictSame(await account.stacks(), []);

      t.match(await place.run('deploy', '-e', 'dev', '--yes'), { code: 0, stdout: warning });
      t.match(await place.run('deploy', '-e', 'prod', '--yes', '--accept-json'), {
        code: 0,
        stdout: warning,
      });
      t.match(await place.run('deploy', '-e', 'prod', '--yes'), { code: 0, stdout: /Nothing to change/ });
      place.settings({});
      t.match(await place.run('deploy', '-e', 'prod', '--yes', '--accept-json'), {
        code: 2,
        stderr: /--accept-json applies to "auth": "json" only/,
      });
    },
  );

  scenario('uses keys in the form in which they were pasted', async (t, place) => {
    const own = rsaPair();
    mkdirSync(join(place.directory, '.keys/dev'), { recursive: true });
    const pasted = own.privatePem.trim().replaceAll('\n', ' ');
    writeFileSync(join(place.directory, '.keys/dev/callback_private.pem'), pasted);
    t.equal((await place.run('deploy', '--yes')).code, 0);
    t.equal(readFileSync(join(place.directory, '.keys/dev/callback_public.pem'), 'utf8'), own.publicPem);

    const [first, second] = [rsaPair().publicPem, rsaPair().publicPem];
    const name = NAMES.parameters.cosignerPublicKey;
    await account.put(name, Buffer.from(first).toString('base64'), 'SecureString');
    writeFileSync(join(place.directory, 'second.pem'), second.trim().replaceAll('\n', ' '));
    t.equal((await place.run('keys', 'cosigner', 'second.pem', '--add', '--yes')).code, 0);
    t.equal((await account.parameter(name))?.Value, first + second, 'standard PEM');
  });

  scenario('warns about JWT with a private certificate', async (t, place) => {
    const { stdout } = await place.run('deploy', '--dry-run');
    t.match(stdout, /^Warning {2}"certificate": "private" with JWT needs .* option 4 or 5.* 2026\.08\.19/m);
    t.notMatch(stdout, 'not authenticated');
    t.match(await place.json('deploy', '--dry-run'), { notes: [/option 4 or 5/] });
  });

  scenario('--status shows an emergency stop, and destroy deletes it', async (t, place) => {
    t.equal((await place.run('deploy', '--yes')).code, 0);
    const name = NAMES.parameters.policyStop;
    t.equal(await account.parameter(name), undefined, 'a deployment creates none');
    const status = async () => (await place.json<Status>('deploy', '--status')).emergencyStop;
    t.match(await status(), { name, state: 'running', action: undefined });
    for (const [value, type, action, problem] of [
      ['RETRY', 'String', 'RETRY', undefined],
      ['REJECT', 'SecureString', 'REJECT', undefined],
      ['stop', 'SecureString', 'RETRY', /RETRY, REJECT or RUN/],
    ] as const) {
      await account.put(name, value, type);
      t.match(await status(), { state: 'stopped', action, problem, since: /^\d{4}-\d\d-\d\dT/ });
      const ran = await place.run('deploy', '--status');
      t.match(ran, { code: 0, stdout: new RegExp(`^emergency stop +${action} since `, 'm') });
    }
    await account.put(name, 'RUN', 'SecureString');
    t.match(await status(), { state: 'running', since: undefined });
    const { stdout } = await place.run('destroy', '--confirm', 'dev');
    t.match(stdout, `parameter ${name}`);
    t.equal(await account.parameter(name), undefined);
  });

  scenario('rejects a key that is stored unencrypted', async (t, place) => {
    await account.put(NAMES.parameters.callbackPrivateKey, rsaPair().privatePem, 'String');
    fails(
      t,
      await place.run('deploy', '--yes'),
      'PARAMETER_NOT_ENCRYPTED',
      /is a String, not a SecureString/,
      'do not use that key again',
    );
    t.strictSame(await account.stacks(), []);
  });

  scenario('warns before a certificate expires, and renews it', async (t, place) => {
    t.equal((await place.run('deploy', '--yes')).code, 0);
    const before = readFileSync(join(place.directory, '.keys/dev/tls.pem'), 'utf8');
    const soon = (call: AwsCall, reply: AwsReply): AwsReply | undefined =>
      call.action === 'DescribeCertificate'
        ? {
            ...reply,
            body: reply.body.replace(
              /"NotAfter": ?[\d.]+/,
              `"NotAfter": ${Date.now() / 1000 + 10 * 86_400 + 60}`,
            ),
          }
        : undefined;
    proxy.after = soon;
    t.match(
      (await place.run('deploy', '--status')).stdout,
      /^Warning .*the certificate ends in 10 days, on /m,
    );
    t.match(
      (await place.run('deploy', '--yes')).stdout,
      /expires in 10 days: replace it with --renew-certificate/,
    );
    proxy.after = () => undefined;
    const { code, stdout } = await place.run('deploy', '--yes', '--renew-certificate');
    t.equal(code, 0);
    t.match(stdout, 'give the Co-signer the new one now');
    t.strictSame(await account.certificates(), ['callback.internal'], 'replaced, not added');
    t.not(readFileSync(join(place.directory, '.keys/dev/tls.pem'), 'utf8'), before);
  });

  scenario('reports an image that does not exist', async (t, place) => {
    fails(
      t,
      await place.run('deploy', '--yes', '--image-tag', 'v9'),
      'IMAGE_MISSING',
      /there is no image v9/,
      'leave out --image-tag',
    );
    t.strictSame(proxy.calls.filter(isMutating), []);
    t.equal((await place.run('deploy', '--yes')).code, 0);
    await putImage(moto.endpoint, 'v8');
    fails(
      t,
      await place.run('deploy', '--yes', '--image-tag', 'v9'),
      'IMAGE_MISSING',
      /no image v9/,
      'choose one of v8',
    );
    const { steps } = await place.json<{ steps: { step: string; details: string[] }[] }>(
      'deploy',
      '--yes',
      '--image-tag',
      'v8',
    );
    t.match(steps.find(({ step }) => step === 'callback')?.details, [`ImageTag: ${place.tag} → v8`]);
    t.match((await account.stacks())[0], { parameters: { ImageTag: 'v8' } });
  });

  scenario('disables deletion protection to destroy prod, and keeps its keys', async (t, place) => {
    t.equal((await place.run('deploy', '--yes', '-e', 'prod')).code, 0);
    const turnedOn = proxy.calls.filter(({ action }) => action === 'ModifyLoadBalancerAttributes');
    t.strictSame(
      turnedOn.map((call) => parameter(call, 'Attributes.member.1.Value')),
      ['true'],
    );
    proxy.calls.length = 0;
    // moto does not implement this call.
    proxy.before = (call) =>
      call.action === 'UpdateTerminationProtection' ? xml(call, '<StackId>1</StackId>') : undefined;
    const { code, stdout } = await place.run('destroy', '-e', 'prod', '--confirm', 'prod');
    t.equal(code, 0);
    t.match(stdout, /keep +AWS::KMS::Key/);
    t.match(stdout, /keep +AWS::DynamoDB::Table fireblocks-prod-store/);
    t.match(stdout, /keep +AWS::S3::Bucket fireblocks-prod-archive-/);
    t.match(stdout, "The archive can't be deleted before its retention ends");
    t.match(stdout, /keep +parameter \/fireblocks\/prod\/jwt\/callback-private-key/);
    t.strictSame(
      proxy.calls
        .filter(({ action }) => /^(Modify|UpdateTermination|DeleteStack)/.test(action))
        .map((call) => [
          call.action,
          parameter(call, 'StackName')?.replace('fireblocks-prod-', '') ??
            parameter(call, 'Attributes.member.1.Value'),
        ]),
      [
        ['ModifyLoadBalancerAttributes', 'false'],
        ...['callback', 'image', 'security', 'foundation'].flatMap((name) => [
          ['UpdateTerminationProtection', name],
          ['DeleteStack', name],
        ]),
      ],
    );
    t.strictSame(await account.stacks(), []);
    t.ok(await account.parameter('/fireblocks/prod/jwt/callback-private-key'));
    t.strictSame(await account.certificates(), ['callback.internal']);
    t.strictSame(
      proxy.calls.filter(({ service }) => service === 'dynamodb'),
      [],
      'the table keeps its protection',
    );
  });

  scenario('empties a bucket before it deletes the stack', async (t, place) => {
    proxy.before = emulateCodeBuild(moto.endpoint);
    t.equal((await place.run('deploy', '--yes')).code, 0);
    const { code, stdout } = await place.run('destroy', '--confirm', 'dev');
    t.equal(code, 0);
    t.match(stdout, 'fireblocks-dev-source-123456789012-ap-northeast-1: 1 objects deleted');
    t.strictSame(await account.stacks(), []);
  });
});
