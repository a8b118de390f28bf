// Empties buckets that are deleted with their stack, because CloudFormation deletes only empty buckets.
import {
  DeleteBucketPolicyCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
} from '@aws-sdk/client-s3';
import { DeployError, isAwsError } from './error.js';
import type { Session } from './session.js';

/**
 * Deletes every version of every object in a bucket.
 * @param options.bypassGovernance deletes objects that Object Lock keeps in governance mode, too
 * @returns the number of deleted versions
 * @throws {DeployError}
 */
export async function emptyBucket(
  { aws: { s3 } }: Session,
  bucket: string,
  { bypassGovernance = false } = {},
): Promise<number> {
  let deleted = 0;
  try {
    for (;;) {
      // Always read the first page, because the objects on the previous page have been deleted.
      const page = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
      const objects = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].map(({ Key, VersionId }) => ({
        Key: Key ?? '',
        VersionId,
      }));
      if (objects.length === 0) return deleted;
      const { Errors = [] } = await s3.send(
        new DeleteObjectsCommand({
          Bucket: bucket,
          Delete: { Objects: objects, Quiet: true },
          ...(bypassGovernance && { BypassGovernanceRetention: true }),
        }),
      );
      const [error] = Errors;
      if (error !== undefined) {
        throw new DeployError(
          'BUCKET_NOT_EMPTIED',
          `${Errors.length} objects in bucket ${bucket} can't be deleted (${error.Code ?? ''} ${error.Message ?? ''})`,
          'fix the reported problem, then run the same command again',
        );
      }
      deleted += objects.length;
    }
  } catch (error) {
    if (isAwsError(error, 'NoSuchBucket')) return deleted;
    throw error;
  }
}

/** Deletes a bucket policy that denies access to everyone else, including those who may delete the bucket. */
export async function deleteBucketPolicy({ aws: { s3 } }: Session, bucket: string): Promise<void> {
  try {
    await s3.send(new DeleteBucketPolicyCommand({ Bucket: bucket }));
  } catch (error) {
    if (!isAwsError(error, 'NoSuchBucket', 'NoSuchBucketPolicy')) throw error;
  }
}
