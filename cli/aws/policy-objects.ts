// The policy bucket: the text of policies that are too large for a parameter or signed, and the newest signatures.
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { policyBucket } from '../../infra/names.js';
import { NEWEST_SIGNATURES } from '../../src/sources/stored-policy.js';
import { DeployError, isAwsError } from './error.js';
import { npmCommand } from './printed-commands.js';
import type { Session } from './session.js';

/** A version of an object. */
export interface StoredObject {
  /** `s3://bucket/key` */
  readonly object: string;
  readonly version: string;
}

export function bucketOf({ names, account, region }: Session): string {
  return policyBucket(names, account, region);
}

/**
 * Stores a policy's text under its SHA-256. If it is stored already, that version is used.
 * @throws {DeployError} if there is no bucket, or it does not keep versions
 */
export async function storePolicyText(session: Session, text: string, sha256: string): Promise<StoredObject> {
  const Bucket = bucketOf(session);
  const Key = `policies/${sha256}.yaml`;
  const object = `s3://${Bucket}/${Key}`;
  const known = await versionOf(session, Bucket, Key);
  if (known !== undefined && (await readObject(session, { object, version: known })) === text) {
    return { object, version: known };
  }
  const { VersionId } = await inBucket(session, () =>
    session.aws.s3.send(
      new PutObjectCommand({ Bucket, Key, Body: text, ContentType: 'application/yaml; charset=utf-8' }),
    ),
  );
  if (VersionId === undefined || VersionId === 'null') {
    throw new DeployError(
      'BUCKET_UNVERSIONED',
      `bucket ${Bucket} keeps no versions, so a stored policy could be replaced`,
      `deploy the stack that sets it up: ${npmCommand(session, 'deploy')}`,
    );
  }
  return { object, version: VersionId };
}

/**
 * @returns the text of a version of an object; undefined if there is none
 * @param version the newest if undefined
 */
export async function readObject(
  { aws }: Pick<Session, 'aws'>,
  { object, version }: { readonly object: string; readonly version: string | undefined },
): Promise<string | undefined> {
  const [, Bucket = '', Key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(object) ?? [];
  return unlessMissing(async () => {
    const { Body }: GetObjectCommandOutput = await aws.s3.send(
      new GetObjectCommand({ Bucket, Key, ...(version !== undefined && { VersionId: version }) }),
    );
    return Body?.transformToString('utf8');
  });
}

/** @returns what the service compares a policy with when it starts; undefined if nothing was signed before */
export async function readNewestSignatures(session: Session): Promise<string | undefined> {
  return readObject(session, {
    object: `s3://${bucketOf(session)}/${NEWEST_SIGNATURES}`,
    version: undefined,
  });
}

export async function storeNewestSignatures(session: Session, json: string): Promise<void> {
  await inBucket(session, () =>
    session.aws.s3.send(
      new PutObjectCommand({
        Bucket: bucketOf(session),
        Key: NEWEST_SIGNATURES,
        Body: json,
        ContentType: 'application/json',
      }),
    ),
  );
}

async function versionOf(session: Session, Bucket: string, Key: string): Promise<string | undefined> {
  const version = await unlessMissing(
    async () => (await session.aws.s3.send(new HeadObjectCommand({ Bucket, Key }))).VersionId,
  );
  return version === 'null' ? undefined : version;
}

async function unlessMissing<Result>(read: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isAwsError(error, 'NoSuchKey', 'NoSuchVersion', 'NoSuchBucket', 'NotFound')) return undefined;
    throw error;
  }
}

/** @throws {DeployError} if the bucket does not exist */
async function inBucket<Result>(session: Session, write: () => Promise<Result>): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    if (!isAwsError(error, 'NoSuchBucket')) throw error;
    throw new DeployError(
      'BUCKET_MISSING',
      `bucket ${bucketOf(session)}, which holds policies that are signed or larger than a parameter, does not exist`,
      `deploy the stacks first: ${npmCommand(session, 'deploy')}`,
    );
  }
}
