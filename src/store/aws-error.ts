// What errors of the AWS SDK mean for a store.
import { codeOf } from '../protocol/error.js';

export interface AwsFault {
  /**
   * `throttled` and `unsent`: nothing was done. `unknown`: it may have been done. Repeating may help with these three.
   * `refused`: nothing was done, and the same request would be refused again.
   */
  readonly kind: 'throttled' | 'unsent' | 'unknown' | 'refused';
  /** For messages: what happened, and what to do. */
  readonly reason: string;
}

/** AWS left out a part of a request, or refused it as a whole, because of too many requests. */
export class ThrottledError extends Error {
  /** @param reason AWS's name for it */
  constructor(reason: string) {
    super('throttled');
    this.name = reason;
  }
}

/** The properties that errors of the SDK and of Node.js may have. */
interface Raw {
  readonly name?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const CREDENTIALS =
  /UnrecognizedClient|InvalidSignature|SignatureDoesNotMatch|InvalidClientTokenId|ExpiredToken|InvalidAccessKey|InvalidToken/;
const THROTTLED =
  /Throttl|ProvisionedThroughputExceeded|RequestLimitExceeded|LimitExceeded|TooManyRequests|SlowDown|TransactionInProgress|Unprocessed|ConditionalRequestConflict/;
/** No connection was made. */
const UNSENT = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];

/** @param permissions what the task role needs, for messages */
export function explainAwsError(error: unknown, permissions: string): AwsFault {
  const { name = '', message = '', $metadata }: Raw = error instanceof Error ? error : {};
  const status = $metadata?.httpStatusCode;
  const code = networkCodeOf(error);
  if (CREDENTIALS.test(name)) {
    const hint = 'check the task role, or the AWS_ variables and profile';
    return { kind: 'refused', reason: `AWS does not accept the credentials (${name}): ${hint}` };
  }
  if (name === 'CredentialsProviderError') {
    return { kind: 'unsent', reason: 'no AWS credentials were found: check the task role, or the profile' };
  }
  if (message === 'Region is missing')
    return { kind: 'refused', reason: 'no AWS region is set: set AWS_REGION' };
  if (code === 'ERR_INVALID_URL') {
    return { kind: 'refused', reason: 'the AWS endpoint is not a URL: check AWS_ENDPOINT_URL' };
  }
  if (THROTTLED.test(name)) return { kind: 'throttled', reason: `AWS throttles it (${name})` };
  if (/AccessDenied|NotAuthorized|Forbidden/.test(name) || status === 403) {
    return { kind: 'refused', reason: `AWS denies access (${name}): grant the task role ${permissions}` };
  }
  if (/ResourceNotFound|NoSuchBucket/.test(name)) {
    return { kind: 'refused', reason: `it does not exist (${name}): check its name and AWS_REGION` };
  }
  if (code !== undefined && UNSENT.includes(code))
    return { kind: 'unsent', reason: `no connection (${code})` };
  // The SDK parses the body first: without its format, the error is a SyntaxError, whatever the status.
  if (name === 'SyntaxError') {
    return {
      kind: 'unknown',
      reason: "the response is not in AWS's format: check AWS_ENDPOINT_URL and proxies",
    };
  }
  if (status !== undefined && status >= 400 && status < 500) {
    return { kind: 'refused', reason: `${name}: ${message}` };
  }
  return { kind: 'unknown', reason: `${code ?? name}: ${message}` };
}

/** Of an error, or of the first one of several attempts to connect. */
function networkCodeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError && error.errors.length > 0) return networkCodeOf(error.errors[0]);
  return codeOf(error);
}
