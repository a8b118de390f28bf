// Makes the keys and the certificate of the local copy of production, and puts into SSM what production has there.
// Run again, it makes only what is missing and puts everything again: the SSM of the copy forgets when it stops.
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { makeCertificate } from '../cli/aws/private-certificate.js';
import { KEY_FILES, createMissingKeys } from '../src/keys/directory.js';

const HOST_NAME = 'callback.internal';

const { values } = parseArgs({
  options: {
    // Where both sides' keys go, and the CA that the Co-signer is given.
    keys: { type: 'string', default: '/run/keys' },
    // Where the TLS front finds its certificate.
    tls: { type: 'string', default: '/run/tls' },
    policy: { type: 'string', default: 'examples/local-policy.yaml' },
  },
});

await createMissingKeys(values.keys);
await makeMissingCertificate(join(values.keys, 'ca.pem'), values.tls);
await putParameters({
  CALLBACK_PRIVATE_KEY_PARAMETER: join(values.keys, KEY_FILES.callbackPrivate),
  COSIGNER_PUBLIC_KEY_PARAMETER: join(values.keys, KEY_FILES.cosignerPublic),
  POLICY_PARAMETER: values.policy,
});

async function makeMissingCertificate(caFile: string, directory: string): Promise<void> {
  const files = { certificate: join(directory, 'tls.crt'), privateKey: join(directory, 'tls.key') };
  if ([caFile, files.certificate, files.privateKey].every((file) => existsSync(file))) return;
  const made = await makeCertificate(HOST_NAME);
  await mkdir(directory, { recursive: true });
  await writeFile(caFile, made.ca);
  await writeFile(files.certificate, made.certificate);
  await writeFile(files.privateKey, made.privateKey, { mode: 0o600 });
  console.log(`made       a certificate for ${HOST_NAME}, and its CA`);
}

/** @param files by the environment variable with the parameter's name */
async function putParameters(files: Readonly<Record<string, string>>): Promise<void> {
  const ssm = new SSMClient();
  for (const [variable, file] of Object.entries(files)) {
    const Name = process.env[variable];
    if (Name === undefined) throw new Error(`${variable} is not set`);
    const Value = await readFile(file, 'utf8');
    await ssm.send(new PutParameterCommand({ Name, Value, Type: 'SecureString', Overwrite: true }));
    console.log(`put        ${Name}`);
  }
}
