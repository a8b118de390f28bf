// Tests lists from elsewhere with the real process: a list in S3, which moto_server emulates, and one in a file.
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import t from 'tap';
import { createCosigner } from '../../cli/cosigner/client.js';
import { keysIn } from '../../cli/cosigner/keys.js';
import { samplePayload } from '../../cli/cosigner/request.js';
import { runPolicy } from '../helpers/cli.js';
import { rsaPair } from '../helpers/keys.js';
import { startLoad } from '../helpers/load.js';
import { type Moto, motoServer, PARAMETERS } from '../helpers/moto.js';
import { type Handler, startHandler, until } from '../helpers/process.js';

const callback = rsaPair();
const cosigner = rsaPair();
const BUCKET = 'lists';
const OTHER = '0x0000000000000000000000000000000000000001\n';

const sha256Of = (content: string): string => createHash('sha256').update(content).digest('hex');

/** Rejects what is sent to a listed address, and approves everything else. */
function policyWith(from: string, more = ''): string {
  return `version: 1
lists: { sanctioned: { from: "${from}"${more} } }
rules:
  - id: sanctioned
    for: transaction
    when: tx.destinations.exists(d, d.address in lists.sanctioned)
    action: reject
  - { id: rest, for: transaction, when: "true", action: approve }
`;
}

/** Where the sample transaction goes. */
function destination(): string {
  const { destinations } = samplePayload('transaction') as { destinations: { displayDstAddress: string }[] };
  return destinations[0]?.displayDstAddress ?? '';
}

const LISTED = `# listed\n${destination().toUpperCase().replace('0X', '0x')}\n`;

function s3For(endpoint: string) {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new S3Client({ endpoint, region: 'eu-central-1', credentials, forcePathStyle: true });
  const LocationConstraint = 'eu-central-1';
  return {
    async create(): Promise<void> {
      await client.send(
        new CreateBucketCommand({ Bucket: BUCKET, CreateBucketConfiguration: { LocationConstraint } }),
      );
      const VersioningConfiguration = { Status: 'Enabled' } as const;
      await client.send(new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration }));
    },
    /** @returns the version id */
    async put(key: string, content: string): Promise<string> {
      const { VersionId = '' } = await client.send(
        new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: content }),
      );
      return VersionId;
    },
  };
}

interface Health {
  readonly policy: string;
  readonly lists: Readonly<Record<string, { readonly sha256: string; readonly entries: number }>>;
}

async function healthOf(url: string): Promise<Health> {
  return (await (await fetch(`${url}/health`)).json()) as Health;
}

async function motoWith(policy: string, scope: Parameters<typeof motoServer>[0]): Promise<Moto> {
  const moto = await motoServer(scope);
  await moto.put('callback', callback.privatePem);
  await moto.put('cosigner', cosigner.publicPem);
  await moto.put('policy', policy, 'String');
  return moto;
}

t.test('a list in S3', async (t) => {
  const moto = await motoWith(policyWith(`s3://${BUCKET}/sdn.txt`), t);
  const s3 = s3For(moto.endpoint);
  await s3.create();
  const env = {
    ...moto.env,
    ...{ POLICY_FILE: '', POLICY_PARAMETER: PARAMETERS.policy, POLICY_REFRESH_SECONDS: '1' },
  };
  const start = (): Handler => startHandler(t, { built: true, cwd: t.testdirName, env });
  t.testdir({});

  t.test('keeps the service from starting if it does not exist or is invalid', async (t) => {
    const missing = start();
    t.equal(await missing.exited, 1);
    t.match(missing.failure(), {
      ...{ level: 'fatal', event: 'boot_failed' },
      reason: /s3:\/\/lists\/sdn.txt does not exist \(NoSuchKey\)/,
    });
    await s3.put('sdn.txt', `${OTHER}0x0000000000`);
    const cutOff = start();
    t.equal(await cutOff.exited, 1);
    t.match(cutOff.failure(), {
      event: 'boot_failed',
      problems: [{ file: 's3://lists/sdn.txt', line: 2, message: /ends in the middle of this line/ }],
    });
  });

  t.test('is replaced and refused as a whole, and survives without S3', async (t) => {
    await s3.put('sdn.txt', OTHER);
    const handler = start();
    const url = await handler.listening();
    const client = createCosigner({
      url,
      keys: { privateKey: cosigner.privateKey, callbackPublicKeys: [callback.publicKey] },
    });
    t.teardown(() => client.close());
    const send = async () => (await client.send('transaction', samplePayload('transaction'))).answer?.action;
    t.match(await handler.line({ event: 'list_loaded' }), {
      list: 'sanctioned',
      entries: 1,
      after: sha256Of(OTHER),
    });
    t.equal(await send(), 'APPROVE');
    t.match(await handler.line({ event: 'decision' }), { lists: { sanctioned: sha256Of(OTHER) } });

    await s3.put('sdn.txt', LISTED);
    await handler.line({ event: 'list_loaded', before: sha256Of(OTHER), after: sha256Of(LISTED) });
    t.equal(await send(), 'REJECT');
    const expected = { lists: { sanctioned: { sha256: sha256Of(LISTED), entries: 1 } } };
    t.match(await healthOf(url), expected);

    for (const [content, line] of [
      [`${OTHER}garbage\n`, 2],
      [`${OTHER}${OTHER}0x00000`, 3],
      ['', 1],
    ] as const) {
      const before = handler.lines.length;
      await s3.put('sdn.txt', content);
      const refused = await nextLine(handler, before, 'list_refused');
      t.match(refused, {
        level: 'error',
        list: 'sanctioned',
        problems: [{ file: 's3://lists/sdn.txt', line }],
      });
      t.equal(await send(), 'REJECT');
    }
    t.match(await healthOf(url), expected);

    await s3.put('sdn.txt', OTHER);
    await nextLine(handler, handler.lines.length, 'list_loaded');
    t.equal(await send(), 'APPROVE', 'corrected');

    // A policy whose list can't be read or used does not come into force.
    const { policy } = await healthOf(url);
    await moto.put('policy', policyWith(`s3://${BUCKET}/none.txt`), 'String');
    t.match(await handler.line({ event: 'policy_refresh_failed' }), { reason: /none.txt does not exist/ });
    await moto.put(
      'policy',
      policyWith(`s3://${BUCKET}/sdn.txt`, `, sha256: "${sha256Of(LISTED)}"`),
      'String',
    );
    t.match(await handler.line({ event: 'policy_refused' }), {
      problems: [{ file: PARAMETERS.policy, line: 2, message: /the policy demands the SHA-256/ }],
    });
    t.equal((await healthOf(url)).policy, policy);
    // The list is corrected, and the same policy comes into force.
    await s3.put('sdn.txt', LISTED);
    await handler.line({ event: 'policy_loaded', before: policy });
    t.equal(await send(), 'REJECT');

    const cwd = t.testdir({ 'policy.yaml': policyWith(`s3://${BUCKET}/sdn.txt`) });
    const checked = await runPolicy(['check', 'policy.yaml', '--fetch'], { cwd, env });
    t.match(checked, { code: 0, stdout: /1 list with 1 entry/ });
    const absent = await runPolicy(['check', 'policy.yaml'], { cwd, env });
    t.match(absent, { code: 0, stdout: /not read {2}list sanctioned from s3:[^]*1 list with 0 entries/ });

    await moto.stop();
    t.match(await handler.line({ event: 'list_refresh_failed' }, 60_000), {
      level: 'error',
      list: 'sanctioned',
    });
    t.equal(await send(), 'REJECT', 'S3 unreachable');
    t.equal(await handler.stop(), 0);
  });
});

/** The first line with this event after those that were there before. */
async function nextLine(handler: Handler, from: number, event: string) {
  return until(() => handler.lines.slice(from).find((line) => line['event'] === event), 15_000);
}

t.test('a policy in S3 that the parameter names by version and SHA-256', async (t) => {
  const moto = await motoWith('replaced below', t);
  const s3 = s3For(moto.endpoint);
  await s3.create();
  const text = `# ${'x'.repeat(10_000)}\nversion: 1\nrules: []\notherwise: retry\n`;
  const version = await s3.put('policies/p.yaml', text);
  await s3.put('policies/p.yaml', 'a later version');
  const manifest = (sha256: string): string =>
    JSON.stringify({ object: `s3://${BUCKET}/policies/p.yaml`, version, sha256 });
  const env = {
    ...moto.env,
    ...{ POLICY_FILE: '', POLICY_PARAMETER: PARAMETERS.policy, POLICY_REFRESH_SECONDS: '1' },
  };
  await moto.put('policy', manifest(sha256Of(text)), 'String');
  const handler = startHandler(t, { built: true, cwd: t.testdir(), env });
  const url = await handler.listening();
  t.equal((await healthOf(url)).policy, sha256Of(text));

  await moto.put('policy', manifest('0'.repeat(64)), 'String');
  t.match(await handler.line({ event: 'policy_refused' }), {
    problems: [{ file: PARAMETERS.policy, message: /but the manifest demands 0000/ }],
  });
  t.equal((await healthOf(url)).policy, sha256Of(text));
  t.equal(await handler.stop(), 0);
});

t.test('a list in a file is replaced under load without a failed request or a mixture', async (t) => {
  const cwd = t.testdir({ '.local': { 'policy.yaml': policyWith('lists.txt'), 'lists.txt': OTHER } });
  const file = join(cwd, '.local/lists.txt');
  const handler = startHandler(t, {
    ...{ built: true, cwd, args: ['--local'] },
    env: { POLICY_REFRESH_SECONDS: '1' },
  });
  const url = await handler.listening();
  const client = createCosigner({ url, keys: keysIn(join(cwd, '.local/keys')), maxSockets: 16 });
  t.teardown(() => client.close());
  const load = startLoad(() => client, 8);
  const filler = Array.from({ length: 50_000 }, (_, index) => `0x${String(index).padStart(40, '0')}\n`).join(
    '',
  );
  const contents = [`${filler}${LISTED}`, filler, `${LISTED}${filler}`];
  for (const content of contents) {
    writeFileSync(`${file}.new`, content);
    renameSync(`${file}.new`, file);
    await handler.line({ event: 'list_loaded', after: sha256Of(content) }, 30_000);
    await load.untilAnswered(20);
  }
  appendFileSync(file, 'not an address\n');
  await handler.line({ event: 'list_refused' }, 30_000);
  await load.untilAnswered(20);
  await load.stop();
  t.strictSame([...load.failed.values()], []);
  t.equal(await handler.stop(), 0);

  const actions = new Map<unknown, Set<unknown>>();
  for (const { lists, action } of handler.lines.filter(({ event }) => event === 'decision')) {
    const { sanctioned } = lists as { sanctioned: string };
    actions.set(sanctioned, (actions.get(sanctioned) ?? new Set()).add(action));
  }
  t.strictSame(
    [OTHER, ...contents].map((content) => [...(actions.get(sha256Of(content)) ?? [])]),
    [['APPROVE'], ['REJECT'], ['APPROVE'], ['REJECT']],
    'each decision names the list that it was made by',
  );
});
