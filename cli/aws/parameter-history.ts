// The earlier versions of an SSM parameter. SSM keeps the latest 100.
import { paginateGetParameterHistory } from '@aws-sdk/client-ssm';
import { isAwsError } from './error.js';
import type { Session } from './session.js';

export interface ParameterVersion {
  readonly version: number;
  /** Decrypted. */
  readonly value: string;
  readonly modified: Date | undefined;
  /** ARN of who stored it, as AWS recorded it; an emulator records none. */
  readonly user: string | undefined;
  readonly description: string;
}

/** @returns all versions that SSM still has, the newest first; empty if the parameter does not exist */
export async function readHistory(
  { aws }: Pick<Session, 'aws'>,
  name: string,
): Promise<readonly ParameterVersion[]> {
  const versions: ParameterVersion[] = [];
  try {
    const pages = paginateGetParameterHistory(
      { client: aws.ssm, pageSize: 50 },
      { Name: name, WithDecryption: true },
    );
    for await (const { Parameters = [] } of pages) {
      for (const { Version, Value, LastModifiedDate, LastModifiedUser, Description } of Parameters) {
        versions.push({
          version: Version ?? 0,
          value: Value ?? '',
          modified: LastModifiedDate,
          user: LastModifiedUser?.startsWith('arn:') === true ? LastModifiedUser : undefined,
          description: Description ?? '',
        });
      }
    }
  } catch (error) {
    if (isAwsError(error, 'ParameterNotFound')) return [];
    throw error;
  }
  return versions.sort((a, b) => b.version - a.version);
}
