// Reads objects from S3.
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  S3Client,
  type S3ServiceException,
} from '@aws-sdk/client-s3';
import { codeOf } from '../protocol/error.js';
import { CONNECTIONS } from '../aws-connections.js';
import { within } from './read.js';
import { SourceError } from './source.js';
import { type ByteStream, changedWhileRead, fillBuffer, type Stamped } from './stream.js';

/** How long S3 may take to answer, in ms. */
const ANSWER_LIMIT_MS = 15_000;
const CONNECTION_TIMEOUT_MS = 5_000;

export interface S3Object {
  /** `s3://bucket/key`, for messages. */
  readonly url: string;
  readonly version?: string;
}

/**
 * Reads an object.
 * @param knownEtag the stamp of the content that is already known
 * @param maxBytes larger objects are not read
 * @returns `undefined` if the content is the known one
 * @throws {SourceError}
 */
export type ObjectReader = (
  object: S3Object,
  maxBytes: number,
  knownEtag?: string,
) => Promise<Stamped | 'too large' | undefined>;

/** @param client by default, takes region, credentials and endpoint from the environment, like all AWS tools */
export function objectReader(client = createClient(), create = createClient): ObjectReader {
  let current = client;
  return async (object, maxBytes, knownEtag) => {
    const used = current;
    const onTimeout = (): void => {
      // A client waits forever for credentials that it has requested once, whatever the signal says.
      used.destroy();
      if (current === used) current = create();
    };
    try {
      const { Body, ContentLength, ETag = '' } = await getObject(used, object, knownEtag, onTimeout);
      const stream = Body as ByteStream;
      if (ContentLength === undefined) throw changedWhileRead(object.url);
      if (ContentLength > maxBytes) {
        stream.destroy();
        return 'too large';
      }
      return { stamp: ETag, ...(await fillBuffer(stream, ContentLength, object.url)) };
    } catch (error) {
      if (isUnchanged(error)) return undefined;
      throw error instanceof SourceError ? error : toSourceError(error, object);
    }
  };
}

function getObject(
  client: S3Client,
  object: S3Object,
  knownEtag: string | undefined,
  onTimeout: () => void,
): Promise<GetObjectCommandOutput> {
  return within(ANSWER_LIMIT_MS, cannotRead(object, 'no response'), (abortSignal) => {
    abortSignal.addEventListener('abort', onTimeout);
    return client.send(commandFor(object, knownEtag), { abortSignal });
  });
}

function createClient(): S3Client {
  return new S3Client({
    requestHandler: { ...CONNECTIONS, connectionTimeout: CONNECTION_TIMEOUT_MS },
    // The checksum of 50 MB takes JavaScript as long as reading the list. TLS protects the transfer, and the length is
    // checked.
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}

function commandFor({ url, version }: S3Object, knownEtag: string | undefined): GetObjectCommand {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.+)$/s.exec(url) ?? [];
  return new GetObjectCommand({
    Bucket: bucket,
    Key: key,
    ...(version !== undefined && { VersionId: version }),
    ...(knownEtag !== undefined && { IfNoneMatch: knownEtag }),
  });
}

function isUnchanged(error: unknown): boolean {
  return error instanceof Error && (error as Partial<S3ServiceException>).$metadata?.httpStatusCode === 304;
}

function cannotRead({ url }: S3Object, reason: string): string {
  return `${url} can't be read from S3: ${reason}`;
}

const CREDENTIALS =
  /UnrecognizedClient|SignatureDoesNotMatch|InvalidClientTokenId|ExpiredToken|InvalidAccessKey|InvalidToken/;

function toSourceError(error: unknown, object: S3Object): SourceError {
  const {
    name = 'unknown error',
    message = '',
    $fault,
    $metadata,
  }: Partial<S3ServiceException> = error instanceof Error ? error : {};
  const permanent = (text: string) => new SourceError(text, { transient: false, cause: error });
  const { url, version } = object;

  if (CREDENTIALS.test(name)) {
    return permanent(
      `AWS does not accept the credentials (${name}): check the task role, or the AWS_ variables and profile`,
    );
  }
  if (name === 'NoSuchKey' || name === 'NoSuchBucket' || name === 'NoSuchVersion') {
    return permanent(
      `${url}${version === undefined ? '' : ` (version ${version})`} does not exist (${name}): upload it, or correct where the policy says it is`,
    );
  }
  if (name === 'PermanentRedirect' || $metadata?.httpStatusCode === 301) {
    return permanent(
      `${url} is in a bucket of another region (${name}): use a bucket in the service's region`,
    );
  }
  // Without s3:ListBucket, S3 also denies access to an object that does not exist.
  if (/AccessDenied|Forbidden/.test(name) || $metadata?.httpStatusCode === 403) {
    const action = version === undefined ? 's3:GetObject' : 's3:GetObjectVersion';
    return permanent(
      `S3 denies access to ${url} (${name}), or it does not exist: grant the task role ${action} on it, and kms:Decrypt on the key that encrypts it`,
    );
  }
  if (message === 'Region is missing') return permanent('No AWS region is set: set AWS_REGION');
  if (codeOf(error) === 'ERR_INVALID_URL') {
    return permanent('The AWS endpoint is not a URL: check AWS_ENDPOINT_URL');
  }
  const throttled = /SlowDown|Throttl|TooManyRequests|RequestTimeout|ServiceUnavailable/.test(name);
  return new SourceError(cannotRead(object, explain(name, message)), {
    transient: throttled || $fault !== 'client' || ($metadata?.httpStatusCode ?? 0) >= 500,
    cause: error,
  });
}

function explain(name: string, message: string): string {
  if (name === 'CredentialsProviderError') {
    return 'no AWS credentials were found: check the task role, or the profile';
  }
  return name === 'SyntaxError'
    ? "the response is not in S3's format: check AWS_ENDPOINT_URL and proxies"
    : `${name}: ${message}`;
}
