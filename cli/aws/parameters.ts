// The SSM parameters that the service reads: keys and policy, as SecureStrings encrypted with the environment's KMS
// key.
import {
  DeleteParametersCommand,
  GetParameterCommand,
  type Parameter,
  type ParameterType,
  PutParameterCommand,
} from '@aws-sdk/client-ssm';
import { DeployError, isAwsError } from './error.js';
import { awsCommand, npmCommand } from './printed-commands.js';
import type { Session } from './session.js';

/** Size limit of an advanced parameter, in bytes. */
export const MAX_PARAMETER_BYTES = 8192;

export interface ParameterMetadata {
  readonly type: ParameterType | undefined;
  readonly modified: Date | undefined;
  /** Increases by one with each change. */
  readonly version: number;
}

export interface StoredParameter extends ParameterMetadata {
  /** Decrypted. */
  readonly value: string;
}

/** Decrypts nothing, and needs no permission for the KMS key. @returns undefined if the parameter does not exist */
export async function readMetadata(
  { aws }: Pick<Session, 'aws'>,
  name: string,
): Promise<ParameterMetadata | undefined> {
  const parameter = await getParameter(aws, name, false);
  return parameter && toMetadata(parameter);
}

/** @returns undefined if the parameter does not exist */
export async function readStoredParameter(
  { aws }: Pick<Session, 'aws'>,
  name: string,
): Promise<StoredParameter | undefined> {
  const parameter = await getParameter(aws, name, true);
  if (parameter?.Value === undefined) return undefined;
  return { value: parameter.Value, ...toMetadata(parameter) };
}

function toMetadata({ Type, LastModifiedDate, Version = 1 }: Parameter): ParameterMetadata {
  return { type: Type, modified: LastModifiedDate, version: Version };
}

/** @returns undefined if the parameter does not exist; without `decrypt`, the value of a SecureString is ciphertext */
async function getParameter(
  { ssm }: Session['aws'],
  Name: string,
  decrypt: boolean,
): Promise<Parameter | undefined> {
  try {
    return (await ssm.send(new GetParameterCommand({ Name, WithDecryption: decrypt }))).Parameter;
  } catch (error) {
    if (isAwsError(error, 'ParameterNotFound')) return undefined;
    throw error;
  }
}

/**
 * @returns the decrypted value; undefined if the parameter does not exist
 * @throws {DeployError} if the parameter is not encrypted
 */
export async function readParameter(session: Session, name: string): Promise<string | undefined> {
  return (await readEncryptedParameter(session, name))?.value;
}

/**
 * @returns undefined if the parameter does not exist
 * @throws {DeployError} if the parameter is not encrypted
 */
export async function readEncryptedParameter(
  session: Session,
  name: string,
): Promise<StoredParameter | undefined> {
  const stored = await readStoredParameter(session, name);
  if (stored !== undefined) assertEncrypted(session, name, stored);
  return stored;
}

/** @throws {DeployError} if the parameter is not encrypted */
export function assertEncrypted(session: Session, name: string, { type }: ParameterMetadata): void {
  if (type === 'SecureString') return;
  throw new DeployError(
    'PARAMETER_NOT_ENCRYPTED',
    `${name} is a ${type ?? 'parameter'}, not a SecureString: anyone who may read parameters can read it`,
    `if it held a private key, do not use that key again; delete the parameter: ${awsCommand(session, `ssm delete-parameter --name ${name}`)}`,
  );
}

interface PutOptions {
  readonly value: string;
  /** Whether to replace an existing value. If false, a value that someone else has stored in the meantime is kept. */
  readonly replace: boolean;
  /** Kept in the parameter's history. */
  readonly description?: string;
}

/**
 * @returns the version that is stored
 * @throws {DeployError}
 */
export async function putParameter(
  session: Session,
  name: string,
  { value, replace, description }: PutOptions,
): Promise<number> {
  const { aws, names } = session;
  if (Buffer.byteLength(value) > MAX_PARAMETER_BYTES) {
    throw new DeployError(
      'PARAMETER_TOO_LARGE',
      `the value for ${name} has ${Buffer.byteLength(value)} bytes; SSM accepts at most ${MAX_PARAMETER_BYTES}`,
      'shorten it',
    );
  }
  try {
    const { Version = 1 } = await aws.ssm.send(
      new PutParameterCommand({
        Name: name,
        Value: value,
        ...(description !== undefined && { Description: description }),
        Type: 'SecureString',
        KeyId: `alias/${names.prefix}`,
        // Values over 4 KB need an advanced parameter, which costs a little.
        Tier: 'Intelligent-Tiering',
        Overwrite: replace,
      }),
    );
    return Version;
  } catch (error) {
    if (isAwsError(error, 'ParameterAlreadyExists')) {
      throw new DeployError(
        'PARAMETER_EXISTS',
        `someone else has just stored ${name}`,
        'run the same command again: it reads the stored value first',
      );
    }
    if (isAwsError(error, 'InvalidKeyId')) {
      throw new DeployError(
        'KEY_MISSING',
        `alias/${names.prefix}, the KMS key that encrypts ${name}, does not exist`,
        `deploy the security stack first: ${npmCommand(session, 'deploy')}`,
      );
    }
    throw error;
  }
}

/** @returns whether the parameter existed */
export async function deleteParameter({ aws }: Session, name: string): Promise<boolean> {
  const { DeletedParameters = [] } = await aws.ssm.send(new DeleteParametersCommand({ Names: [name] }));
  return DeletedParameters.length > 0;
}

/**
 * The names of all parameters of an environment: the handler's, its public key, and the one that the operator stores for
 * the console.
 */
export function allParameters({
  parameters,
  publicKey,
  console: { webhookSecret },
}: Session['names']): readonly string[] {
  return [...Object.values(parameters), publicKey, webhookSecret];
}

/** @returns the names of the parameters that existed */
export async function deleteParameters({ aws, names }: Session): Promise<readonly string[]> {
  const { DeletedParameters = [] } = await aws.ssm.send(
    new DeleteParametersCommand({ Names: [...allParameters(names)] }),
  );
  return DeletedParameters;
}
