// Creates the keys and the certificate for the local copy of production, stores the same parameters in SSM as in
// production, and creates the store's table and archive. On later runs, it creates only what is missing, but stores
// everything again, because the local AWS loses what it has when it stops.
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BucketLocationConstraint, CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { isAwsError } from '../cli/aws/error.js';
import { makeCertificate } from '../cli/aws/private-certificate.js';
import { createTable } from '../cli/store/table.js';
import { KEY_FILES, createMissingKeys } from '../src/keys/directory.js';

const HOST_NAME = 'callback.internal';

const { values } = parseArgs({
  options: {
    // Directory for the keys of both sides and for the CA that the Co-signer trusts.
    keys: { type: 'string', default: '/run/keys' },
    // Directory for the TLS front end's certificate.
    tls: { type: 'string', default: '/run/tls' },
    policy: { type: 'string', default: 'examples/local-policy.yaml' },
  },
});

await createMissingKeys(values.keys);
await createMissingCertificate(join(values.keys, 'ca.pem'), values.tls);
await storeParameters({
  CALLBACK_PRIVATE_KEY_PARAMETER: join(values.keys, KEY_FILES.callbackPrivate),
  COSIGNER_PUBLIC_KEY_PARAMETER: join(values.keys, KEY_FILES.cosignerPublic),
  POLICY_PARAMETER: values.policy,
});
// The image is verified without a store.
if (process.env['STORE_TABLE'] !== undefined) {
  await createMissingTable(variable('STORE_TABLE'));
  await createMissingBucket(new URL(variable('STORE_ARCHIVE')).hostname);
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

async function createMissingCertificate(caFile: string, directory: string): Promise<void> {
  const files = { certificate: join(directory, 'tls.crt'), privateKey: join(directory, 'tls.key') };
  if ([caFile, files.certificate, files.privateKey].every((file) => existsSync(file))) return;
  const { ca, certificate, privateKey } = await makeCertificate(HOST_NAME);
  await mkdir(directory, { recursive: true });
  await writeFile(caFile, ca);
  await writeFile(files.certificate, certificate);
  await writeFile(files.privateKey, privateKey, { mode: 0o600 });
  console.log(`created    a certificate for ${HOST_NAME} and its CA`);
}

/** @param files keyed by the environment variable that holds the parameter's name */
async function storeParameters(files: Readonly<Record<string, string>>): Promise<void> {
  const ssm = new SSMClient();
  for (const [name, file] of Object.entries(files)) {
    const Name = variable(name);
    const Value = await readFile(file, 'utf8');
    await ssm.send(new PutParameterCommand({ Name, Value, Type: 'SecureString', Overwrite: true }));
    console.log(`stored     ${Name}`);
  }
}

async function createMissingTable(name: string): Promise<void> {
  const { created } = await createTable(new DynamoDBClient(), name);
  if (created) console.log(`created    the table ${name}`);
}

async function createMissingBucket(name: string): Promise<void> {
  const s3 = new S3Client();
  const LocationConstraint = (await s3.config.region()) as BucketLocationConstraint;
  try {
    await s3.send(
      new CreateBucketCommand({
        Bucket: name,
        ObjectLockEnabledForBucket: true,
        CreateBucketConfiguration: { LocationConstraint },
      }),
    );
  } catch (error) {
    if (isAwsError(error, 'BucketAlreadyOwnedByYou')) return;
    throw error;
  }
  console.log(`created    the bucket ${name}`);
}
