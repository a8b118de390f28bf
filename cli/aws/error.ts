// What went wrong with a deployment, said so that the operator knows the cause and the next command.
import type { KeyErrorCode } from '../../src/protocol/key.js';
import { SourceError } from '../../src/sources/source.js';

/** Explained in DEPLOYMENT.md. */
export const DEPLOY_ERROR_CODES = [
  'ACCOUNT_DIFFERS',
  'AWS_BUSY',
  'AWS_FAILED',
  'AWS_NOT_FOUND',
  'AWS_REFUSED',
  'AWS_UNREACHABLE',
  'BUCKET_NOT_EMPTIED',
  'BUILD_FAILED',
  'BUILD_MISSING',
  'CALLBACK_KEY_DIFFERS',
  'CERTIFICATE_MISSING',
  'CERTIFICATE_NOT_ISSUED',
  'CERTIFICATE_OF_OTHER_NAME',
  'COSIGNER_HOSTED',
  'CREDENTIALS_MISSING',
  'CREDENTIALS_REFUSED',
  'FILE_UNUSABLE',
  'IMAGE_MISSING',
  'KEY_MISSING',
  'NODE_TOO_OLD',
  'NOT_CONFIRMED',
  'NO_ENGINE',
  'NO_LOG',
  'NO_REVISION',
  'NO_SERVICE',
  'PARAMETER_EXISTS',
  'PARAMETER_NOT_ENCRYPTED',
  'PARAMETER_TOO_LARGE',
  'PERMISSION_MISSING',
  'POLICY_UNSOUND',
  'REGION_DIFFERS',
  'REGION_UNUSABLE',
  'SERVICE_NOT_STEADY',
  'STACK_BUSY',
  'STACK_FAILED',
  'STACK_LEFT_OVER',
  'STACK_NOT_DELETED',
  'STACK_STUCK',
] as const;
type DeployErrorCode = (typeof DEPLOY_ERROR_CODES)[number] | KeyErrorCode;

/** The operation can't go on: exit code 1. */
export class DeployError extends Error {
  readonly code: DeployErrorCode;
  /** What to do or to run next. */
  readonly next: string;
  /** More to look at, such as the last lines of a log. */
  readonly details: readonly string[];

  constructor(code: DeployErrorCode, message: string, next: string, details: readonly string[] = []) {
    super(message);
    this.name = 'DeployError';
    this.code = code;
    this.next = next;
    this.details = details;
  }
}

/** Whether AWS answered with one of these error codes. */
export function isAwsError(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}

interface AwsError extends Error {
  readonly code?: string;
  /** Of errors about files. */
  readonly path?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** Turns what AWS, the network and files throw into a cause and a next step; the rest are mistakes of ours, and stay. */
export function explainError(error: unknown, profile: string | undefined): unknown {
  if (error instanceof AggregateError && error.errors.length > 0)
    return explainError(error.errors[0], profile);
  if (!(error instanceof Error) || error instanceof DeployError) return error;
  const { name, message, code, path, $metadata } = error as AwsError;
  const of = profile === undefined ? '' : ` of profile ${profile}`;
  const login = profile === undefined ? '' : ` --profile ${profile}`;

  if (/CredentialsProviderError|TokenProviderError|CredentialsError/.test(name)) {
    return new DeployError(
      'CREDENTIALS_MISSING',
      profile === undefined ? 'no AWS credentials were found' : `profile ${profile} gives no AWS credentials`,
      `aws configure list-profiles tells the profiles; name one with --profile, and sign in: aws sso login${login}`,
    );
  }
  if (
    /ExpiredToken|InvalidClientTokenId|UnrecognizedClient|InvalidSignature|SignatureDoesNotMatch|InvalidAccessKey|AuthFailure|RequestExpired/.test(
      name,
    )
  ) {
    return new DeployError(
      'CREDENTIALS_REFUSED',
      `AWS does not accept the credentials${of} (${name})`,
      `sign in again: aws sso login${login}; and see that the clock of this machine is right`,
    );
  }
  if (/AccessDenied|UnauthorizedOperation|NotAuthorized/.test(name) || $metadata?.httpStatusCode === 403) {
    return new DeployError(
      'PERMISSION_MISSING',
      `AWS denies this to the credentials${of}: ${message}`,
      'ask whoever administers the account for that permission, then run the same command again',
    );
  }
  if (error instanceof SourceError || (path !== undefined && /^E[A-Z]+$/.test(code ?? ''))) {
    return new DeployError('FILE_UNUSABLE', message, 'see that it is there, and yours to read and to write');
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new DeployError(
      'AWS_NOT_FOUND',
      `AWS can't be found (${message})`,
      'check the region, and the way of this machine to the internet',
    );
  }
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'ETIMEDOUT' || name === 'TimeoutError') {
    return new DeployError(
      'AWS_UNREACHABLE',
      `AWS can't be reached (${message === '' ? (code ?? name) : message})`,
      'check the network, a proxy, and AWS_ENDPOINT_URL; then run the same command again',
    );
  }
  if (/Throttl|TooManyRequests|RequestLimitExceeded|AccountLimitExceeded/.test(name)) {
    return new DeployError(
      'AWS_BUSY',
      `AWS asks for patience (${name}: ${message})`,
      'run the same command again in a minute',
    );
  }
  if ($metadata?.httpStatusCode !== undefined && $metadata.httpStatusCode >= 500) {
    return new DeployError(
      'AWS_FAILED',
      `AWS failed with HTTP ${$metadata.httpStatusCode}`,
      'check the region and AWS_ENDPOINT_URL; if both are right, run the same command again in a minute',
    );
  }
  if ($metadata !== undefined) {
    return new DeployError(
      'AWS_REFUSED',
      `AWS refused (${name}): ${message}`,
      'mend what it names, then run the same command again',
    );
  }
  return error;
}
