// Buckets that go with their stack: CloudFormation deletes only empty ones.
import {
  DeleteBucketPolicyCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
} from '@aws-sdk/client-s3';
import { DeployError, isAwsError } from './error.js';
import type { Session } from './session.js';

/** Deletes every version of every object. @returns how many */
export async function emptyBucket({ aws: { s3 } }: Session, bucket: string): Promise<number> {
  let deleted = 0;
  try {
    for (;;) {
      // From the beginning each time: what was listed is gone.
      const page = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
      const objects = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].map(({ Key, VersionId }) => ({
        Key: Key ?? '',
        VersionId,
      }));
      if (objects.length === 0) return deleted;
      const { Errors = [] } = await s3.send(
        new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: objects, Quiet: true } }),
      );
      const [error] = Errors;
      if (error !== undefined) {
        throw new DeployError(
          'BUCKET_NOT_EMPTIED',
          `${bucket}: ${Errors.length} objects can't be deleted (${error.Code ?? ''} ${error.Message ?? ''})`,
          'mend what it names, then run the same command again',
        );
      }
      deleted += objects.length;
    }
  } catch (error) {
    if (isAwsError(error, 'NoSuchBucket')) return deleted;
    throw error;
  }
}

/** Where a policy lets nobody else in, not even those who may delete. */
export async function openBucket({ aws: { s3 } }: Session, bucket: string): Promise<void> {
  try {
    await s3.send(new DeleteBucketPolicyCommand({ Bucket: bucket }));
  } catch (error) {
    if (!isAwsError(error, 'NoSuchBucket', 'NoSuchBucketPolicy')) throw error;
  }
}
