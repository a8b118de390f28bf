// Explains errors from AWS, the network and the file system: the cause, and what to do next.
import { SourceError } from '../../src/sources/source.js';
import { DeployError, type DeployErrorCode } from './error.js';
import { findLimit } from './limits.js';

/** The properties that errors from the various sources may have. */
interface Fault {
  readonly error: Error;
  /** The AWS error code, or the error class. */
  readonly name: string;
  readonly message: string;
  /** Set by Node.js, such as `ECONNREFUSED`. */
  readonly code: string;
  /** Set by Node.js in errors about files. */
  readonly path: string | undefined;
  /** What failed, such as `SSM GetParameter`; see clients.ts. */
  readonly call: string;
  /** Set if AWS responded. */
  readonly httpStatus: number | undefined;
  readonly profile: string | undefined;
}

interface Explanation {
  readonly matches: (fault: Fault) => boolean;
  readonly code: DeployErrorCode;
  readonly message: (fault: Fault) => string;
  readonly next: (fault: Fault) => string;
}

const CREDENTIALS_MISSING = /CredentialsProviderError|TokenProviderError|CredentialsError/;
const CREDENTIALS_REFUSED =
  /ExpiredToken|InvalidClientTokenId|UnrecognizedClient|InvalidSignature|SignatureDoesNotMatch|InvalidAccessKey|AuthFailure|RequestExpired/;
const PERMISSION_MISSING = /AccessDenied|UnauthorizedOperation|NotAuthorized/;
const THROTTLED = /Throttl|TooManyRequests|RequestLimitExceeded|TooManyUpdates/;
const NOT_RESOLVED = ['ENOTFOUND', 'EAI_AGAIN'];
const NOT_CONNECTED = ['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT'];

/** The first entry that matches is used. */
const EXPLANATIONS: readonly Explanation[] = [
  {
    matches: ({ name }) => CREDENTIALS_MISSING.test(name),
    code: 'CREDENTIALS_MISSING',
    message: ({ profile }) =>
      profile === undefined
        ? 'no AWS credentials were found'
        : `profile ${profile} provides no AWS credentials`,
    next: (fault) =>
      `list your profiles with "aws configure list-profiles", choose one with --profile, and sign in: ${signIn(fault)}`,
  },
  {
    matches: ({ name }) => CREDENTIALS_REFUSED.test(name),
    code: 'CREDENTIALS_REFUSED',
    message: (fault) => `AWS does not accept the credentials${ofProfile(fault)} (${fault.name})`,
    next: (fault) =>
      `sign in again: ${signIn(fault)}\nif that does not help, check this machine's clock, and that the account has the region enabled`,
  },
  {
    matches: ({ name, httpStatus }) => PERMISSION_MISSING.test(name) || httpStatus === 403,
    code: 'PERMISSION_MISSING',
    message: (fault) => `the credentials${ofProfile(fault)} lack a permission: ${fault.message}`,
    next: () =>
      'ask an administrator of the account for that permission, then run the same command again; docs/permissions.md has the policies for operators and for CloudFormation',
  },
  {
    matches: ({ error, code, path }) =>
      error instanceof SourceError || (path !== undefined && /^E[A-Z]+$/.test(code)),
    code: 'FILE_UNUSABLE',
    message: ({ message }) => message,
    next: () => 'check that the file exists, and that you may read and write it',
  },
  {
    matches: ({ code }) => NOT_RESOLVED.includes(code),
    code: 'AWS_NOT_FOUND',
    message: ({ message }) => `the AWS hostname can't be resolved (${message})`,
    next: () => "check the region and this machine's internet connection",
  },
  {
    matches: ({ code, name }) => NOT_CONNECTED.includes(code) || name === 'TimeoutError',
    code: 'AWS_UNREACHABLE',
    message: ({ message, code, name }) => `AWS can't be reached (${message || code || name})`,
    next: () => 'check the network, the proxy and AWS_ENDPOINT_URL, then run the same command again',
  },
  {
    matches: ({ name }) => THROTTLED.test(name),
    code: 'AWS_BUSY',
    message: ({ name, message, call }) => `AWS throttled ${call} (${name}: ${message})`,
    next: () => 'run the same command again in a minute',
  },
  {
    matches: ({ httpStatus = 0 }) => httpStatus >= 500,
    code: 'AWS_FAILED',
    message: ({ httpStatus = 0, call }) => `${call} failed with HTTP ${httpStatus}`,
    next: () =>
      'check the region and AWS_ENDPOINT_URL; if both are right, run the same command again in a minute',
  },
  {
    matches: ({ httpStatus }) => httpStatus !== undefined,
    code: 'AWS_REFUSED',
    message: ({ name, message, call }) => `AWS rejected ${call} (${name}): ${message}`,
    next: () => 'fix the reported problem, then run the same command again',
  },
];

/**
 * Explains an error caused by AWS, the network or the file system.
 * @returns a `DeployError`, or the error itself if it is already explained or is a bug in this project
 */
export function explainError(error: unknown, profile: string | undefined): unknown {
  if (error instanceof AggregateError && error.errors.length > 0)
    return explainError(error.errors[0], profile);
  if (!(error instanceof Error) || error instanceof DeployError) return error;
  const fault = toFault(error, profile);
  const limit = fault.httpStatus === undefined ? undefined : findLimit(`${fault.name}: ${fault.message}`);
  if (limit !== undefined) {
    const { code, message, next } = limit;
    const cause = `${fault.name}: ${fault.message}`;
    return new DeployError(
      code,
      message === undefined ? `AWS refused (${cause})` : `${message} (${cause})`,
      next,
    );
  }
  const explanation = EXPLANATIONS.find(({ matches }) => matches(fault));
  if (explanation === undefined) return error;
  return new DeployError(explanation.code, explanation.message(fault), explanation.next(fault));
}

function toFault(error: Error, profile: string | undefined): Fault {
  const {
    code,
    path,
    call = 'the request',
    $metadata,
  } = error as Error & {
    readonly code?: unknown;
    readonly path?: string;
    readonly call?: string;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  return {
    error,
    name: error.name,
    message: error.message,
    code: typeof code === 'string' ? code : '',
    path,
    call,
    httpStatus: $metadata && ($metadata.httpStatusCode ?? 0),
    profile,
  };
}

function ofProfile({ profile }: Fault): string {
  return profile === undefined ? '' : ` from profile ${profile}`;
}

function signIn({ profile }: Fault): string {
  return `aws sso login${profile === undefined ? '' : ` --profile ${profile}`}`;
}
