// Values in SSM Parameter Store.
import {
  GetParametersCommand,
  type Parameter,
  SSMClient,
  type SSMServiceException,
} from '@aws-sdk/client-ssm';
import { codeOf } from '../protocol/error.js';
import { SourceError, type StoredValue } from './source.js';

/** How long one read may take, retries of the SDK included, in ms. */
const READ_TIMEOUT_MS = 10_000;

/** Reads parameters by name or ARN, decrypted, in one call; each in the place of its name. @throws {SourceError} */
export type ParameterReader = <const Names extends readonly string[]>(
  names: Names,
) => Promise<{ readonly [Place in keyof Names]: StoredValue }>;

/** Region, credentials and endpoint are found by the AWS SDK as everywhere else (`AWS_REGION`, the task role, …). */
export function parameterReader(client = new SSMClient({})): ParameterReader {
  return async (names) => {
    const parameters = await getParameters(client, [...names]);
    return names.map((name) => ({
      name,
      value: parameters.find((parameter) => answersTo(parameter, name))?.Value,
    })) as never;
  };
}

async function getParameters(client: SSMClient, names: string[]): Promise<Parameter[]> {
  try {
    const { Parameters } = await client.send(
      new GetParametersCommand({ Names: names, WithDecryption: true }),
      { abortSignal: AbortSignal.timeout(READ_TIMEOUT_MS) },
    );
    return Parameters ?? [];
  } catch (error) {
    throw toSourceError(error, names);
  }
}

/** A parameter can be asked for by name, by ARN, or by either with a version or label behind a colon. */
function answersTo({ Name, ARN, Selector = '' }: Parameter, asked: string): boolean {
  return asked === `${Name}${Selector}` || asked === `${ARN}${Selector}`;
}

function toSourceError(error: unknown, names: string[]): SourceError {
  const {
    name = 'unknown error',
    message = '',
    $fault,
    $metadata,
  }: Partial<SSMServiceException> = error instanceof Error ? error : {};
  const parameters = names.join(' and ');
  const permanent = (text: string) => new SourceError(text, { transient: false, cause: error });

  if (/UnrecognizedClient|InvalidSignature|InvalidClientTokenId|ExpiredToken|InvalidAccessKey/.test(name)) {
    return permanent(
      `AWS does not accept the credentials (${name}): check the task role, or the AWS_ variables and profile`,
    );
  }
  // Some things in between deny with a 403 that is not of SSM's own form.
  if (/AccessDenied|NotAuthorized/.test(name) || $metadata?.httpStatusCode === 403) {
    return permanent(
      `SSM denies access to ${parameters} (${name}): allow the task role ssm:GetParameters on them, and kms:Decrypt on the key that encrypts them`,
    );
  }
  // The SDK throws a plain Error here: its message is all there is to recognize it by.
  if (message === 'Region is missing') return permanent('No AWS region is set: set AWS_REGION');
  if (codeOf(error) === 'ERR_INVALID_URL') return permanent('The AWS endpoint is not a URL: check AWS_ENDPOINT_URL');

  const throttled = /Throttl|TooManyRequests|LimitExceeded/.test(name);
  return new SourceError(`SSM can't be read for ${parameters}: ${explain(name, message)}`, {
    // The client's fault, and not of asking too often: asking the same again brings the same answer.
    transient: throttled || $fault !== 'client',
    cause: error,
  });
}

function explain(name: string, message: string): string {
  if (name === 'AbortError' || name === 'TimeoutError') return `no answer within ${READ_TIMEOUT_MS / 1000} s`;
  if (name === 'CredentialsProviderError')
    return 'no AWS credentials were found: check the task role, or the profile';
  // The text that could not be parsed may be quoted, and with it a key.
  if (name === 'SyntaxError')
    return 'what came back is not an answer of SSM: check AWS_ENDPOINT_URL and proxies';
  return `${name}: ${message}`;
}
