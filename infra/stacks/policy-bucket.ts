// The bucket with what does not fit in the policy's parameter, and who may do what with it.
import { Duration } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Deployment } from '../deployment.js';

/** The service's actions on the bucket. Without it, S3 reports a missing object as a denied one. */
export const POLICY_BUCKET_ACTIONS = ['s3:ListBucket'];
/** The service's actions on the objects. It has no permission to write. */
export const POLICY_OBJECT_ACTIONS = ['s3:GetObject', 's3:GetObjectVersion'];

/** Prefix of the lists that a policy names. Their earlier versions expire; everything else is kept. */
const LISTS = 'lists/';

interface PolicyBucketProps extends Omit<s3.BucketProps, 'lifecycleRules'> {
  readonly key: kms.IKey;
  /** How long earlier versions of lists are kept, in days. */
  readonly retentionDays: Deployment['sizing']['retentionDays'];
}

/**
 * Versioned, because the parameter names the version of a policy's text. Texts of policies never expire, not even
 * earlier versions: the policy in force, or one to roll back to, may be such a version.
 */
export function createPolicyBucket(
  scope: Construct,
  { key, retentionDays, ...props }: PolicyBucketProps,
): s3.Bucket {
  return new s3.Bucket(scope, 'Policies', {
    ...props,
    encryption: s3.BucketEncryption.KMS,
    encryptionKey: key,
    bucketKeyEnabled: true,
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    versioned: true,
    lifecycleRules: [
      { id: 'uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
      { id: 'lists', prefix: LISTS, noncurrentVersionExpiration: Duration.days(retentionDays) },
    ],
  });
}
