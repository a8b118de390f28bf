// Keys from SSM Parameter Store: both parameters in one GetParameters call, decrypted.
import { GetParametersCommand, type Parameter, SSMClient } from '@aws-sdk/client-ssm';
import { type KeySource, KeySourceError, type StoredValue } from './source.js';

/** How long one read may take, retries of the SDK included, in ms. */
const READ_TIMEOUT_MS = 10_000;

export interface SsmKeySourceOptions {
  /** Name or ARN of the parameter with the handler's private key. */
  readonly callbackPrivateKeyParameter: string;
  /** Name or ARN of the parameter with the Co-signers' public keys. */
  readonly cosignerPublicKeyParameter: string;
}

/** Region, credentials and endpoint are found by the AWS SDK as everywhere else (`AWS_REGION`, the task role, …). */
export function ssmKeySource(options: SsmKeySourceOptions, client = new SSMClient({})): KeySource {
  const names = [options.callbackPrivateKeyParameter, options.cosignerPublicKeyParameter];

  return {
    async read() {
      const parameters = await getParameters(client, names);
      const find = (name: string): StoredValue => ({
        name,
        value: parameters.find((parameter) => answersTo(parameter, name))?.Value,
      });
      return {
        callbackPrivateKey: find(options.callbackPrivateKeyParameter),
        cosignerPublicKeys: find(options.cosignerPublicKeyParameter),
      };
    },
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
    throw toKeySourceError(error, names);
  }
}

/** A parameter can be asked for by name, by ARN, or by either with a version or label behind a colon. */
function answersTo({ Name, ARN, Selector = '' }: Parameter, asked: string): boolean {
  return asked === `${Name}${Selector}` || asked === `${ARN}${Selector}`;
}

function toKeySourceError(error: unknown, names: string[]): KeySourceError {
  const { name = 'unknown error', message = '' } = error instanceof Error ? error : {};
  const parameters = names.join(' and ');
  if (/AccessDenied|NotAuthorized/.test(name)) {
    return new KeySourceError(
      `SSM denies access to ${parameters} (${name}): allow the task role ssm:GetParameters on them, and kms:Decrypt on the key that encrypts them`,
      { transient: false, cause: error },
    );
  }
  if (/UnrecognizedClient|InvalidSignature|InvalidClientTokenId|ExpiredToken|InvalidAccessKey/.test(name)) {
    return new KeySourceError(
      `AWS does not accept the credentials (${name}): check the task role, or the AWS_ variables and profile`,
      { transient: false, cause: error },
    );
  }
  if (message === 'Region is missing') {
    return new KeySourceError('No AWS region is set: set AWS_REGION', { transient: false, cause: error });
  }
  return new KeySourceError(`SSM can't be read for ${parameters}: ${name}: ${message}`, {
    transient: !isRefusedForGood(error),
    cause: error,
  });
}

/** A 4xx other than throttling: asking the same again brings the same answer. */
function isRefusedForGood(error: unknown): boolean {
  if (!(error instanceof Error) || !('$fault' in error)) return false;
  return error.$fault === 'client' && !/Throttl|TooManyRequests|LimitExceeded/.test(error.name);
}
