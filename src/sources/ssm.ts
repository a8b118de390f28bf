// Reads values from SSM Parameter Store.
import {
  GetParametersCommand,
  type Parameter,
  SSMClient,
  type SSMServiceException,
} from '@aws-sdk/client-ssm';
import { codeOf } from '../protocol/error.js';
import { CONNECTIONS } from '../aws-connections.js';
import { within } from './read.js';
import { SourceError, type StoredValue } from './source.js';

/** Maximum duration of one read, including the SDK's own retries, in ms. */
const READ_TIMEOUT_MS = 10_000;

/**
 * Reads and decrypts parameters by name or ARN, in one call. The values are in the order of the names.
 * @throws {SourceError}
 */
export type ParameterReader = <const Names extends readonly string[]>(
  names: Names,
) => Promise<{ readonly [Place in keyof Names]: StoredValue }>;

export interface ReaderOptions {
  /** Creates the client that replaces one that hangs. */
  readonly createClient?: () => SSMClient;
  readonly timeoutMs?: number;
}

/** @param client by default, takes region, credentials and endpoint from the environment, like all AWS tools */
export function parameterReader(
  client = defaultClient(),
  { createClient = defaultClient, timeoutMs = READ_TIMEOUT_MS }: ReaderOptions = {},
): ParameterReader {
  return async (names) => {
    const current = client;
    const parameters = await getParameters(current, [...names], timeoutMs, () => {
      // A client waits forever for credentials that it has requested once, whatever the signal says.
      current.destroy();
      if (client === current) client = createClient();
    });
    return names.map((name) => ({
      name,
      value: parameters.find((parameter) => hasName(parameter, name))?.Value,
    })) as never;
  };
}

function defaultClient(): SSMClient {
  return new SSMClient({ requestHandler: CONNECTIONS });
}

async function getParameters(
  client: SSMClient,
  names: string[],
  timeoutMs: number,
  onTimeout: () => void,
): Promise<Parameter[]> {
  try {
    return await within(timeoutMs, cannotRead(names, 'no response'), async (abortSignal) => {
      abortSignal.addEventListener('abort', onTimeout);
      const command = new GetParametersCommand({ Names: names, WithDecryption: true });
      const { Parameters } = await client.send(command, { abortSignal });
      return Parameters ?? [];
    });
  } catch (error) {
    throw error instanceof SourceError ? error : toSourceError(error, names);
  }
}

function cannotRead(names: readonly string[], reason: string): string {
  return `${names.join(' and ')} can't be read from SSM: ${reason}`;
}

/** A parameter can be requested by name or ARN, followed by a version or label after a colon. */
function hasName({ Name, ARN, Selector = '' }: Parameter, requested: string): boolean {
  return requested === `${Name}${Selector}` || requested === `${ARN}${Selector}`;
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
  // Proxies and endpoint policies deny access with a 403 that is not in SSM's format.
  if (/AccessDenied|NotAuthorized/.test(name) || $metadata?.httpStatusCode === 403) {
    return permanent(
      `SSM denies access to ${parameters} (${name}): grant the task role ssm:GetParameters on them, and kms:Decrypt on the key that encrypts them`,
    );
  }
  // Only the message identifies this error, because the SDK throws a plain Error without a specific name or code.
  if (message === 'Region is missing') return permanent('No AWS region is set: set AWS_REGION');
  if (codeOf(error) === 'ERR_INVALID_URL') {
    return permanent('The AWS endpoint is not a URL: check AWS_ENDPOINT_URL');
  }

  const throttled = /Throttl|TooManyRequests|LimitExceeded/.test(name);
  return new SourceError(cannotRead(names, explain(name, message)), {
    // The same request would fail again, unless it was only throttled.
    transient: throttled || $fault !== 'client',
    cause: error,
  });
}

function explain(name: string, message: string): string {
  switch (name) {
    case 'CredentialsProviderError':
      return 'no AWS credentials were found: check the task role, or the profile';
    case 'SyntaxError':
      // The message may quote the response, which may contain a key.
      return "the response is not in SSM's format: check AWS_ENDPOINT_URL and proxies";
    default:
      return `${name}: ${message}`;
  }
}
