// Tests that a deployment that is interrupted at any AWS call and run again has the same result as an uninterrupted
// one.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DescribeImagesCommand, ECRClient } from '@aws-sdk/client-ecr';
import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import t, { type Test } from 'tap';
import { accountAt, clientOptions, NAMES } from '../helpers/aws.js';
import { type AwsCall, awsProxy, isMutating } from '../helpers/aws-proxy.js';
import { emulateCodeBuild } from '../helpers/codebuild.js';
import { motoServer } from '../helpers/moto.js';
import { REGION, type Workspace, workspace } from '../helpers/operator.js';

// Runs dozens of deployments.
t.setTimeout(900_000);

/** The point after the last call that changes something. */
const WAIT = 'the wait for the service';

t.test('resumes after an interruption at any AWS call', async (t) => {
  const moto = await motoServer(t);
  const proxy = await awsProxy(t, moto.endpoint);
  const build = emulateCodeBuild(moto.endpoint);
  proxy.before = build;

  let expected: unknown;
  let points: readonly string[] = [];
  await t.test('makes the expected calls when not interrupted', async (t) => {
    const place = workspace(t, proxy.endpoint);
    const { code, stderr } = await place.run('deploy', '--yes');
    t.equal(code, 0, stderr);
    expected = await stateOf(moto.endpoint, place);
    points = pointsOf(proxy.calls);
    t.strictSame(points, [
      '1 CreateServiceLinkedRole',
      '2 CreateServiceLinkedRole',
      '1 CreateStack',
      '1 RevokeSecurityGroupEgress',
      '2 CreateStack',
      '3 CreateStack',
      '1 PUT /fireblocks-dev-source-123456789012-ap-northeast-1/source.zip',
      '1 StartBuild',
      '1 PutParameter',
      '2 PutParameter',
      '3 PutParameter',
      '1 ImportCertificate',
      '4 CreateStack',
    ]);
  });

  for (const [signal, when] of [
    ['SIGKILL', 'after'],
    ['SIGINT', 'before'],
  ] as const) {
    for (const point of [...points, WAIT]) {
      await t.test(`resumes after ${signal} ${when} ${point}`, async (t) => {
        await interrupt(t, point, signal, when);
      });
    }
  }

  async function interrupt(t: Test, point: string, signal: 'SIGINT' | 'SIGKILL', when: 'before' | 'after') {
    await moto.reset();
    proxy.calls.length = 0;
    const place = workspace(t, proxy.endpoint);
    const { child, ended } = place.start('deploy', '--yes');
    let interrupted = false;
    const isPoint = (call: AwsCall): boolean =>
      !interrupted &&
      (point === WAIT
        ? call.action === 'DescribeServices' && pointsOf(proxy.calls).at(-1) === '4 CreateStack'
        : isMutating(call) && pointsOf(proxy.calls).at(-1) === point);
    const interruptNow = async (): Promise<void> => {
      interrupted = true;
      child.kill(signal);
      await ended;
    };
    proxy.before = async (call) => {
      if (when === 'before' && isPoint(call)) {
        await interruptNow();
        // The process has ended, so the call is dropped.
        return { status: 500, body: '' };
      }
      const reply = await build(call);
      // Calls to the emulated CodeBuild do not reach moto, so `after` does not see them.
      if (reply !== undefined && when === 'after' && isPoint(call)) await interruptNow();
      return reply;
    };
    proxy.after = async (call) => {
      if (when === 'after' && isPoint(call)) await interruptNow();
      return undefined;
    };
    const { code, stderr } = await ended;
    t.ok(interrupted, 'the deployment made this call');
    if (signal === 'SIGINT') {
      t.equal(code, 130);
      t.match(stderr, 'To continue: npm run deploy -- --yes --env dev');
    }
    proxy.before = build;
    proxy.after = () => undefined;

    const again = await place.run('deploy', '--yes');
    t.equal(again.code, 0, again.stderr);
    t.strictSame(await stateOf(moto.endpoint, place), expected);
  }
});

/** @returns the calls that change something, numbered separately for each kind */
function pointsOf(calls: readonly AwsCall[]): readonly string[] {
  const counts = new Map<string, number>();
  return calls.filter(isMutating).map(({ action }) => {
    const count = (counts.get(action) ?? 0) + 1;
    counts.set(action, count);
    return `${count} ${action}`;
  });
}

/** @returns everything that a deployment creates, except values that differ each time */
async function stateOf(endpoint: string, place: Workspace): Promise<unknown> {
  const account = accountAt(endpoint);
  const stacks = await account.stacks();
  const { imageDetails = [] } = await new ECRClient(clientOptions(endpoint)).send(
    new DescribeImagesCommand({ repositoryName: NAMES.repository }),
  );
  const source = await new S3Client({ ...clientOptions(endpoint), forcePathStyle: true }).send(
    new HeadObjectCommand({ Bucket: `fireblocks-dev-source-123456789012-${REGION}`, Key: 'source.zip' }),
  );
  const key = await account.parameter(NAMES.parameters.callbackPrivateKey);
  const publicKey = await account.parameter(NAMES.publicKey);
  const policy = await account.parameter(NAMES.parameters.policy);
  const read = (name: string): string => readFileSync(join(place.directory, name), 'utf8');
  const service = await account.service();
  return {
    stacks: await Promise.all(
      stacks.map(async ({ name, status, parameters: { ImageTag, CertificateArn } }) => ({
        name,
        status,
        image: ImageTag === place.tag,
        certificate: CertificateArn !== undefined,
        template: await account.template(name),
      })),
    ),
    // A second certificate would remain unused.
    certificates: await account.certificates(),
    images: imageDetails.flatMap(({ imageTags = [] }) => imageTags).map((tag) => tag === place.tag),
    source: (source.ContentLength ?? 0) > 0,
    key: [key?.Type, key?.Version, key?.Value === read('.keys/dev/callback_private.pem')],
    publicKey: [
      publicKey?.Type,
      publicKey?.Version,
      publicKey?.Value === read('.keys/dev/callback_public.pem'),
    ],
    policy: [policy?.Type, policy?.Version, policy?.Value === read('policy.yaml')],
    service: [service?.serviceName, service?.desiredCount],
    // The Co-signer must be given the certificate that the load balancer presents.
    pinned: (await account.certificate()) === read('.keys/dev/tls.pem').trim(),
    files: [...place.files('.keys')],
  };
}
