// What the handler may do, as a task or as a function: read its keys and its policy, and keep its store.
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import { POLICY_BUCKET_ACTIONS, POLICY_OBJECT_ACTIONS } from './policy-bucket.js';
import type { Store } from './store.js';

export interface HandlerResources {
  /** ARNs of the parameters that it reads. */
  readonly parameters: string[];
  /** Encrypts the parameters and the policy bucket. */
  readonly key: kms.IKey;
  /** ARNs of the policy bucket and of the store's archive. */
  readonly buckets: { readonly policies: string; readonly archive: string };
  readonly store: Store;
}

export function handlerStatements(resources: HandlerResources): iam.PolicyStatement[] {
  const { parameters, key, buckets, store } = resources;
  return [
    new iam.PolicyStatement({ actions: ['ssm:GetParameters'], resources: parameters }),
    // SSM encrypts each parameter with its ARN as the encryption context (AWS Systems Manager, "KMS encryption").
    new iam.PolicyStatement({
      actions: ['kms:Decrypt'],
      resources: [key.keyArn],
      conditions: { StringEquals: { 'kms:EncryptionContext:PARAMETER_ARN': parameters } },
    }),
    new iam.PolicyStatement({ actions: POLICY_BUCKET_ACTIONS, resources: [buckets.policies] }),
    new iam.PolicyStatement({ actions: POLICY_OBJECT_ACTIONS, resources: [`${buckets.policies}/*`] }),
    // With a bucket key, the encryption context is the ARN of the bucket, not of the object (Amazon S3, "Reducing the
    // cost of SSE-KMS with Amazon S3 Bucket Keys"). S3 calls KMS itself, with the handler's permissions.
    new iam.PolicyStatement({
      actions: ['kms:Decrypt'],
      resources: [key.keyArn],
      conditions: { StringEquals: { 'kms:EncryptionContext:aws:s3:arn': buckets.policies } },
    }),
    ...store.permissions(buckets.archive),
  ];
}
