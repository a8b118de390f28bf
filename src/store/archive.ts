// Blobs in S3, for what is too large for the table.
import {
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { AwsCalls, CLIENT_OPTIONS } from './aws-calls.js';
import type { Blobs } from './blobs.js';
import { assertHash } from './stored-blobs.js';
import { type Clock } from './time.js';

/** Time limits, with repetitions, in ms. A record is written before the answer, of which the Co-signer waits for 30 s. */
const LOOK_TIMEOUT_MS = 3000;
const PUT_TIMEOUT_MS = 10_000;
const GET_TIMEOUT_MS = 60_000;
/** An object in use is stored again at this age, in ms: the bucket removes objects by their age. */
const RENEW_AFTER_MS = 30 * 24 * 60 * 60 * 1000;

const PERMISSIONS =
  's3:GetObject and s3:PutObject on it, s3:ListBucket on the bucket, and kms:Decrypt and kms:GenerateDataKey on its key';

export interface ArchivePlace {
  readonly bucket: string;
  /** Before the hash: empty, or with a slash at its end. */
  readonly prefix: string;
}

export interface ArchiveOptions {
  readonly now?: Clock;
  /** @default takes region, credentials and endpoint from the environment, like all AWS tools */
  readonly createClient?: () => S3Client;
}

/** The bucket decides how long objects are kept: `expires` is not used. */
export class ArchiveBlobs implements Blobs {
  readonly #name: string;
  readonly #place: ArchivePlace;
  readonly #calls: AwsCalls<S3Client>;
  readonly #now: Clock;

  constructor(place: ArchivePlace, { now = Date.now, createClient = defaultClient }: ArchiveOptions = {}) {
    this.#place = place;
    this.#name = `archive s3://${place.bucket}/${place.prefix}`;
    this.#calls = new AwsCalls({ name: this.#name, permissions: PERMISSIONS, createClient });
    this.#now = now;
  }

  async put(sha256: string, bytes: Buffer): Promise<void> {
    const age = await this.#ageOf(sha256);
    if (age !== undefined && age < RENEW_AFTER_MS) return;
    const command = new PutObjectCommand({
      ...this.#objectOf(sha256),
      Body: bytes,
      // S3 refuses other content.
      ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
      ...(age === undefined && { IfNoneMatch: '*' }),
    });
    await this.#calls.run(
      { what: 'be written', timeoutMs: PUT_TIMEOUT_MS, writes: true },
      (client, abortSignal) => client.send(command, { abortSignal }).catch(unlessStatus(412)),
    );
  }

  async get(sha256: string): Promise<Buffer | undefined> {
    const bytes = await this.#calls.run(
      { what: 'be read', timeoutMs: GET_TIMEOUT_MS },
      async (client, abortSignal) => {
        const command = new GetObjectCommand(this.#objectOf(sha256));
        const output = await client.send(command, { abortSignal }).catch(unlessStatus(404));
        return output?.Body?.transformToByteArray();
      },
    );
    return bytes && assertHash(Buffer.from(bytes), sha256, this.#name);
  }

  destroy(): void {
    this.#calls.destroy();
  }

  /** @returns in ms, or `undefined` if there is no such object */
  async #ageOf(sha256: string): Promise<number | undefined> {
    const head = await this.#calls.run(
      { what: 'be read', timeoutMs: LOOK_TIMEOUT_MS },
      (client, abortSignal) =>
        client.send(new HeadObjectCommand(this.#objectOf(sha256)), { abortSignal }).catch(unlessStatus(404)),
    );
    return head && this.#now() - (head.LastModified?.getTime() ?? 0);
  }

  #objectOf(sha256: string) {
    return { Bucket: this.#place.bucket, Key: `${this.#place.prefix}${sha256}` };
  }
}

function defaultClient(): S3Client {
  return new S3Client({ ...CLIENT_OPTIONS, responseChecksumValidation: 'WHEN_REQUIRED' });
}

/** For errors that are an answer: 404 there is no such object, 412 there is one already. */
function unlessStatus(expected: number): (error: unknown) => undefined {
  return (error) => {
    const isAnswer = error instanceof S3ServiceException && error.$metadata.httpStatusCode === expected;
    if (!isAnswer || error.name === 'NoSuchBucket') throw error;
    return undefined;
  };
}
