// The parameters that the service reads: keys and policy, as SecureStrings under the environment's own key.
import { DeleteParametersCommand, GetParameterCommand, PutParameterCommand } from '@aws-sdk/client-ssm';
import { DeployError, isAwsError } from './error.js';
import { awsCommand, npmCommand } from './printed-commands.js';
import type { Session } from './session.js';

/** What the largest kind of parameter takes, in bytes. */
const LARGEST = 8192;

/**
 * @returns its value, decrypted; undefined if there is none
 * @throws {DeployError} if it lies there unencrypted
 */
export async function readParameter(session: Session, name: string): Promise<string | undefined> {
  const { ssm } = session.aws;
  try {
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: name, WithDecryption: true }));
    if (Parameter !== undefined && Parameter.Type !== 'SecureString') {
      throw new DeployError(
        'PARAMETER_NOT_ENCRYPTED',
        `${name} is a ${Parameter.Type ?? 'parameter'}, not a SecureString: it lies there for everybody to read`,
        `if it held a private key, do not use that key again; then: ${awsCommand(session, `ssm delete-parameter --name ${name}`)}`,
      );
    }
    return Parameter?.Value;
  } catch (error) {
    if (isAwsError(error, 'ParameterNotFound')) return undefined;
    throw error;
  }
}

interface Put {
  readonly value: string;
  /** Whether a value that is there is replaced; otherwise one that somebody else put there meanwhile stays. */
  readonly replace: boolean;
}

/** @throws {DeployError} */
export async function putParameter(session: Session, name: string, { value, replace }: Put): Promise<void> {
  const { aws, names } = session;
  if (Buffer.byteLength(value) > LARGEST) {
    throw new DeployError(
      'PARAMETER_TOO_LARGE',
      `${name} would be ${Buffer.byteLength(value)} bytes: SSM takes ${LARGEST}`,
      'make it shorter',
    );
  }
  try {
    await aws.ssm.send(
      new PutParameterCommand({
        Name: name,
        Value: value,
        Type: 'SecureString',
        KeyId: `alias/${names.prefix}`,
        // Over 4 KB it costs a little.
        Tier: 'Intelligent-Tiering',
        Overwrite: replace,
      }),
    );
  } catch (error) {
    if (isAwsError(error, 'ParameterAlreadyExists')) {
      throw new DeployError(
        'PARAMETER_EXISTS',
        `${name} has just been put there by somebody else`,
        'run the same command again: it will look at what is there',
      );
    }
    if (isAwsError(error, 'InvalidKeyId')) {
      throw new DeployError(
        'KEY_MISSING',
        `alias/${names.prefix}, the key that encrypts ${name}, is not there`,
        `deploy the security stack first: ${npmCommand(session, 'deploy')}`,
      );
    }
    throw error;
  }
}

/** @returns the names of those that were there */
export async function deleteParameters({ aws, names }: Session): Promise<readonly string[]> {
  const { DeletedParameters = [] } = await aws.ssm.send(
    new DeleteParametersCommand({ Names: Object.values(names.parameters) }),
  );
  return DeletedParameters;
}
