// Tests that no command decrypts the handler's private key, except once where its public key is not recorded.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeleteParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import t from 'tap';
import type { Status } from '../../cli/deploy/status.js';
import { accountAt, clientOptions, NAMES } from '../helpers/aws.js';
import { type AwsCall, awsError } from '../helpers/aws-proxy.js';
import { rsaPair } from '../helpers/keys.js';
import type { Workspace } from '../helpers/operator.js';
import { fails, scenarios } from '../helpers/scenarios.js';

t.setTimeout(600_000);

const PRIVATE = NAMES.parameters.callbackPrivateKey;
const PUBLIC = NAMES.publicKey;

/** Whether the call makes SSM decrypt the private key. */
function decrypts({ service, body }: AwsCall): boolean {
  return service === 'ssm' && body.includes(PRIVATE) && body.includes('"WithDecryption":true');
}

/** Whether the call stores the public key. */
function records({ action, body }: AwsCall): boolean {
  return action === 'PutParameter' && body.includes(`"Name":"${PUBLIC}"`);
}

function keyFile({ directory }: Workspace, name = 'callback_private.pem'): string {
  return join(directory, '.keys/dev', name);
}

t.test("the handler's key", async (t) => {
  const { moto, proxy, scenario } = await scenarios(t);
  const account = accountAt(moto.endpoint);
  const ssm = new SSMClient(clientOptions(moto.endpoint));
  const remove = (Name: string) => ssm.send(new DeleteParameterCommand({ Name }));
  const callbackKey = async (place: Workspace) =>
    (await place.json<Status>('deploy', '--status')).parameters.callbackKey;

  scenario('is never decrypted, because its public key is recorded', async (t, place) => {
    t.equal((await place.run('deploy', '--yes')).code, 0);
    const recorded = await account.parameter(PUBLIC);
    t.match(recorded, { Type: 'String', Value: readFileSync(keyFile(place, 'callback_public.pem'), 'utf8') });
    const [{ Description = '' } = {}] = await account.history(PUBLIC);
    t.match(Description, `Public key of version 1 of ${PRIVATE}, stored 20`);

    writeFileSync(join(place.directory, 'cosigner.pem'), rsaPair().publicPem);
    for (const [command, ...args] of [
      ['deploy', '--dry-run'],
      ['deploy', '--yes'],
      ['deploy', '--status'],
      ['deploy', '--yes', '--rotate-callback-key'],
      ['keys', 'cosigner', 'cosigner.pem', '--yes'],
      ['destroy', '--dry-run'],
      ['destroy', '--confirm', 'dev'],
    ] as const) {
      const { code, stderr } = await place.run(command, ...args);
      t.equal(code, 0, `${command} ${args.join(' ')} ${stderr}`);
    }
    t.strictSame(proxy.calls.filter(decrypts), []);
    t.ok(
      proxy.calls.some(({ body }) => body.includes(PRIVATE) && body.includes('"WithDecryption":false')),
      'the calls that read its version are seen',
    );
    t.equal(await account.parameter(PUBLIC), undefined, 'destroy deletes the record too');
  });

  scenario('is decrypted once to record its public key after an older deployment', async (t, place) => {
    t.equal((await place.run('deploy', '--yes')).code, 0);
    const { Value } = (await account.parameter(PUBLIC)) ?? {};
    await remove(PUBLIC);
    proxy.calls.length = 0;

    t.match(await callbackKey(place), {
      state: 'unknown',
      holds: [/no public key is recorded for version 1 of .*: to record it: npm run deploy -- -e dev/],
    });
    const plan = await place.run('deploy', '--dry-run');
    t.match(plan.stdout, /^keys +record the public key$/m);
    t.match(
      plan.stdout,
      /read the private key in .* once, because no public key is recorded for its version 1/,
    );
    writeFileSync(join(place.directory, 'cosigner.pem'), rsaPair().publicPem);
    t.match(
      (await place.run('keys', 'cosigner', 'cosigner.pem', '--yes')).stdout,
      'so the two were not compared',
    );
    t.match((await place.run('destroy', '--dry-run')).stdout, 'may delete the only copy');
    t.strictSame(proxy.calls.filter(decrypts), [], 'a preview decrypts nothing');

    t.equal((await place.run('deploy', '--yes')).code, 0);
    t.equal(proxy.calls.filter(decrypts).length, 1);
    t.equal((await account.parameter(PUBLIC))?.Value, Value);
    t.match(await place.run('deploy', '--yes'), { code: 0, stdout: /Nothing to change/ });
    t.equal(proxy.calls.filter(decrypts).length, 1);
    t.match(await callbackKey(place), { state: 'good' });
  });

  scenario('that was stored with the AWS CLI is recorded, or differs from the file', async (t, place) => {
    t.equal((await place.run('deploy', '--yes')).code, 0);
    const own = rsaPair();
    for (const how of ['as the next version', 'as version 1 again']) {
      if (how === 'as version 1 again') await remove(PRIVATE);
      await account.put(PRIVATE, own.privatePem, 'SecureString');
      t.match(await callbackKey(place), { state: 'unknown' }, how);
      fails(
        t,
        await place.run('deploy', '--yes'),
        'CALLBACK_KEY_DIFFERS',
        /holds the key [0-9a-f]{16} \(RS256\), but .*callback_private\.pem holds another key/,
        'to keep the key in use, move the file away',
      );
      t.notMatch((await account.parameter(PUBLIC))?.Value, own.publicPem);
    }
    rmSync(keyFile(place));
    const { code, stdout } = await place.run('deploy', '--yes');
    t.equal(code, 0);
    t.match(stdout, /is stored in .*, its public key in /);
    t.equal((await account.parameter(PUBLIC))?.Value, own.publicPem);
    t.equal(readFileSync(keyFile(place, 'callback_public.pem'), 'utf8'), own.publicPem);

    await account.put(PRIVATE, 'no key', 'SecureString');
    fails(
      t,
      await place.run('deploy', '--yes'),
      'KEY_NOT_PEM',
      /callback-private-key can't be used as the callback key/,
      'npm run deploy -- --rotate-callback-key -e dev',
    );
    proxy.calls.length = 0;
    t.equal((await place.run('deploy', '--yes', '--rotate-callback-key')).code, 0);
    t.strictSame(proxy.calls.filter(decrypts), [], 'without a file, there is nothing to compare');
  });

  scenario('is recorded by the next run if that was interrupted in a rotation', async (t, place) => {
    t.equal((await place.run('deploy', '--yes')).code, 0);
    const former = readFileSync(keyFile(place), 'utf8');
    proxy.before = (call) => (records(call) ? awsError(call, 'AccessDeniedException', 'no') : undefined);
    const failed = await place.run('deploy', '--yes', '--rotate-callback-key');
    fails(t, failed, 'PERMISSION_MISSING', /no/, 'npm run deploy -- --rotate-callback-key --yes --env dev');
    proxy.before = () => undefined;
    const rotated = readFileSync(keyFile(place), 'utf8');
    t.not(rotated, former);

    t.equal((await place.run('deploy', '--yes')).code, 0);
    t.equal((await account.parameter(PRIVATE))?.Value, rotated);
    t.match(await callbackKey(place), { state: 'good' });
    const copies = [...place.files('.keys').keys()].filter((name) =>
      /private\.[0-9a-f]{16}\.pem$/.test(name),
    );
    t.strictSame(
      copies.map((name) => readFileSync(join(place.directory, name), 'utf8')),
      [former],
    );
  });

  scenario('without a record is compared with the file before it is rotated', async (t, place) => {
    t.equal((await place.run('deploy', '--yes')).code, 0);
    const own = rsaPair().privatePem;
    for (const [content, outcome] of [
      [readFileSync(keyFile(place), 'utf8'), 'a new key replaces the same key'],
      [own, 'the key in the file replaces another key'],
    ] as const) {
      writeFileSync(keyFile(place), content);
      await remove(PUBLIC);
      const plan = await place.run('deploy', '--dry-run', '--rotate-callback-key');
      t.match(plan.stdout, /read the private key in .* once/);
      t.match(
        plan.stdout,
        /replace it with the key in .*; if it is the same key, create a key pair \(RS256\)/,
      );
      t.equal((await place.run('deploy', '--yes', '--rotate-callback-key')).code, 0);
      const stored = (await account.parameter(PRIVATE))?.Value;
      t.equal(stored === content, content === own, outcome);
      t.equal(stored, readFileSync(keyFile(place), 'utf8'));
    }
  });

  scenario('is not recorded if somebody stores another one in the meantime', async (t, place) => {
    t.equal((await place.run('deploy', '--yes')).code, 0);
    const other = rsaPair();
    let stored = false;
    proxy.after = async ({ action, body }) => {
      if (stored || action !== 'PutParameter' || !body.includes(PRIVATE)) return undefined;
      stored = true;
      await account.put(PRIVATE, other.privatePem, 'SecureString');
      return undefined;
    };
    const { code, stdout } = await place.run('deploy', '--yes', '--rotate-callback-key');
    t.equal(code, 0);
    t.match(stdout, 'unknown: it has just been replaced; run the same command again');
    t.match(await callbackKey(place), { state: 'unknown' });
  });
});
