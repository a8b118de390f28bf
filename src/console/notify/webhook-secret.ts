// The secrets that messages to the webhook are signed with: in an SSM parameter or, in local mode, in a file.
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from '../../protocol/error.js';
import { readFileValue } from '../../sources/file.js';
import { type Source, SourceError, type StoredValue } from '../../sources/source.js';
import { NotifyError } from './channel.js';
import type { WebhookConfig } from './config.js';

const PREFIX = 'whsec_';
/** Sizes that Standard Webhooks permits, in bytes. */
const MIN_BYTES = 24;
const MAX_BYTES = 64;
const CREATED_BYTES = 32;
const MAX_SECRETS = 5;
/** How long a process uses secrets before it reads them again, in ms: a new one is in use a minute after it is stored. */
const KNOWN_MS = 60_000;

/** @returns reads the secrets, once a minute at most. It throws {NotifyError} if there is none that can be used */
export function secretReader(
  read: Source<StoredValue>,
  now: () => number = Date.now,
): () => Promise<readonly Buffer[]> {
  let known: { readonly secrets: readonly Buffer[]; readonly until: number } | undefined;
  return async () => {
    if (known !== undefined && now() < known.until) return known.secrets;
    const secrets = parseSecrets(await stored(read));
    known = { secrets, until: now() + KNOWN_MS };
    return secrets;
  };
}

/** Where the secret of a configuration is. A file is created if it does not exist. @throws {SourceError} */
export async function secretSource(secret: WebhookConfig['secret']): Promise<Source<StoredValue>> {
  if ('file' in secret) {
    await createMissingSecret(secret.file);
    return () => readFileValue(secret.file);
  }
  // Only here, because loading the AWS SDK takes long.
  const { parameterReader } = await import('../../sources/ssm.js');
  const read = parameterReader();
  return async () => (await read([secret.parameter]))[0];
}

/** Several secrets are separated by white space, so that they can be rotated. @throws {NotifyError} which quotes nothing */
function parseSecrets({ name, value }: StoredValue): readonly Buffer[] {
  const texts = (value ?? '').split(/\s+/).filter((text) => text !== '');
  if (texts.length === 0) throw new NotifyError(`${name} has no secret of the webhook: store one in it`);
  const secrets = texts.map(parseSecret);
  if (texts.length > MAX_SECRETS || !secrets.every((secret) => secret !== undefined)) {
    throw new NotifyError(
      `${name} must be ${PREFIX} and ${MIN_BYTES} to ${MAX_BYTES} bytes in base64; ${MAX_SECRETS} of them at most, with spaces between`,
    );
  }
  return secrets;
}

function parseSecret(text: string): Buffer | undefined {
  const encoded = text.slice(PREFIX.length);
  const bytes = Buffer.from(encoded, 'base64');
  const isBase64 = bytes.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, '');
  const isValid = text.startsWith(PREFIX) && isBase64;
  return isValid && bytes.length >= MIN_BYTES && bytes.length <= MAX_BYTES ? bytes : undefined;
}

async function stored(read: Source<StoredValue>): Promise<StoredValue> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof SourceError ? new NotifyError(error.message, error) : error;
  }
}

/** With mode 700 for the directory and 600 for the file. An existing file is left as it is. @throws {SourceError} */
async function createMissingSecret(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeNew(path, `${PREFIX}${randomBytes(CREATED_BYTES).toString('base64')}\n`);
  } catch (error) {
    throw new SourceError(`${path} can't be created: check the directory's owner and mode`, {
      transient: false,
      cause: error,
    });
  }
}

async function writeNew(path: string, content: string): Promise<void> {
  try {
    await writeFile(path, content, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}
