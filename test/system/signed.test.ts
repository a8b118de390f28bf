// Tests the real process with signed policies and a candidate in AWS, which moto_server emulates.
import { createHash } from 'node:crypto';
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import t, { type Test } from 'tap';
import { createCosigner } from '../../cli/cosigner/client.js';
import { samplePayload } from '../../cli/cosigner/request.js';
import { NEWEST_SIGNATURES, type PolicySignatures } from '../../src/sources/stored-policy.js';
import { rsaPair } from '../helpers/keys.js';
import { type Moto, motoServer, PARAMETERS } from '../helpers/moto.js';
import { type Handler, startHandler } from '../helpers/process.js';
import { createSigner, signedBy, type TestSigner } from '../helpers/signers.js';

const callback = rsaPair();
const cosigner = rsaPair();
const [alice, bob] = [createSigner('alice'), createSigner('bob')];
const BUCKET = 'policies';

const policyThat = (otherwise: string): string => `version: 1\nrules: []\notherwise: ${otherwise}\n`;

/** A bucket like the stack's, and a parameter that names the policy in it. */
function storage(moto: Moto) {
  const s3 = new S3Client({
    endpoint: moto.endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    forcePathStyle: true,
  });
  const put = async (Key: string, Body: string): Promise<string | undefined> =>
    (await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }))).VersionId;
  return {
    async create() {
      const LocationConstraint = 'eu-central-1';
      await s3.send(
        new CreateBucketCommand({ Bucket: BUCKET, CreateBucketConfiguration: { LocationConstraint } }),
      );
      const VersioningConfiguration = { Status: 'Enabled' } as const;
      await s3.send(new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration }));
    },
    /** @returns the signatures */
    async store(
      text: string,
      serial: number,
      by: readonly TestSigner[] = [alice, bob],
    ): Promise<PolicySignatures> {
      const sha256 = createHash('sha256').update(text).digest('hex');
      const version = await put(`policies/${sha256}.yaml`, text);
      const signed = signedBy(by, { for: PARAMETERS.policy, serial, sha256 });
      const object = `s3://${BUCKET}/policies/${sha256}.yaml`;
      await moto.put('policy', JSON.stringify({ object, version, sha256, signed }));
      return signed;
    },
    remember: (signed: PolicySignatures) => put(NEWEST_SIGNATURES, JSON.stringify(signed)),
  };
}

function start(t: Test, moto: Moto): Handler {
  return startHandler(t, {
    ...{ built: true, cwd: t.testdir() },
    env: {
      ...moto.env,
      ...{ POLICY_FILE: '', POLICY_PARAMETER: PARAMETERS.policy, POLICY_REFRESH_SECONDS: '1' },
      ...{ POLICY_BUCKET: BUCKET, POLICY_CANDIDATE_PARAMETER: PARAMETERS.candidate },
      POLICY_SIGNERS: `alice=${alice.publicKey},bob=${bob.publicKey}`,
    },
  });
}

t.test('signed policies in AWS', async (t) => {
  const moto = await motoServer(t);
  await moto.put('callback', callback.privatePem);
  await moto.put('cosigner', cosigner.publicPem);
  const bucket = storage(moto);
  await bucket.create();

  t.test('takes a signed policy, refuses an older one, and remembers it through a restart', async (t) => {
    await bucket.store(policyThat('reject'), 2);
    const handler = start(t, moto);
    await handler.listening();
    t.match(await handler.line({ event: 'policy_newest_ignored' }), { reason: /does not exist/ });
    t.match(await handler.line({ event: 'policy_loaded' }), { serial: 2, signers: ['alice', 'bob'] });

    await bucket.remember(await bucket.store(policyThat('retry'), 3));
    t.match(await handler.line({ event: 'policy_loaded', serial: 3 }), { signers: ['alice', 'bob'] });
    await bucket.store(policyThat('reject'), 2);
    t.match(await handler.line({ event: 'policy_refused' }), {
      problems: [{ message: /the serial 2, but .* 3/ }],
    });
    await handler.stop();

    const again = start(t, moto);
    t.equal(await again.exited, 1);
    t.match(again.failure(), { event: 'boot_failed', problems: [{ message: /the serial 2, but .* 3/ }] });
  });

  t.test('does not start with too few signatures', async (t) => {
    await bucket.store(policyThat('retry'), 4, [alice]);
    const handler = start(t, moto);
    t.equal(await handler.exited, 1);
    t.match(handler.failure(), { event: 'boot_failed', problems: [{ message: /^1 of 2 signatures/ }] });
  });

  t.test('compares a candidate that nobody has signed, and answers by the policy in force', async (t) => {
    await bucket.store(policyThat('reject'), 5);
    await moto.put('candidate', policyThat('retry'));
    const handler = start(t, moto);
    const url = await handler.listening();
    const { after } = await handler.line({ event: 'candidate_loaded' });
    const keys = { privateKey: cosigner.privateKey, callbackPublicKeys: [callback.publicKey] };
    const client = createCosigner({ url, keys });
    t.teardown(() => client.close());
    const payload = samplePayload('transaction');
    t.match((await client.send('transaction', payload)).answer, { action: 'REJECT' });
    t.match(await handler.line({ event: 'candidate_differs' }), {
      ...{ requestId: payload['requestId'], action: 'REJECT', rule: 'otherwise' },
      candidate: { action: 'RETRY', rule: 'otherwise', policy: after },
    });
    t.match(await (await fetch(`${url}/health`)).json(), { candidate: after });
    await moto.put('candidate', policyThat('approve'));
    await handler.line({ event: 'candidate_refused' });
    t.match(await (await fetch(`${url}/health`)).json(), { candidate: null });
    await moto.remove('candidate');
    t.match((await client.send('transaction', samplePayload('transaction'))).answer, { action: 'REJECT' });
    client.close();
  });
});
