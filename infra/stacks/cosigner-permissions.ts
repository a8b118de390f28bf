// IAM actions for the Co-signer's host, shared by its role and the VPC endpoint policies.

/** Actions on the Co-signer's bucket. */
export const COSIGNER_BUCKET_ACTIONS = ['s3:GetBucketLocation', 's3:ListBucket'];
/** Actions on the objects in the Co-signer's bucket. */
export const COSIGNER_OBJECT_ACTIONS = [
  's3:DeleteObject',
  's3:GetObject',
  's3:GetObjectAcl',
  's3:PutObject',
  's3:PutObjectAcl',
];

/**
 * What reads, writes or deletes the Co-signer's database. Others are denied these actions by name: a pattern such as
 * `s3:*Object*` matches actions on the bucket, too, which CloudFormation needs to read its configuration. `s3:ListBucket`
 * is not among them, because a check whether the bucket exists needs it, and names reveal nothing.
 */
export const DATABASE_ACTIONS = [
  's3:AbortMultipartUpload',
  's3:BypassGovernanceRetention',
  's3:DeleteObject',
  's3:DeleteObjectTagging',
  's3:DeleteObjectVersion',
  's3:DeleteObjectVersionTagging',
  's3:GetObject',
  's3:GetObjectAcl',
  's3:GetObjectAttributes',
  's3:GetObjectLegalHold',
  's3:GetObjectRetention',
  's3:GetObjectTagging',
  's3:GetObjectTorrent',
  's3:GetObjectVersion',
  's3:GetObjectVersionAcl',
  's3:GetObjectVersionAttributes',
  's3:GetObjectVersionForReplication',
  's3:GetObjectVersionTagging',
  's3:GetObjectVersionTorrent',
  's3:InitiateReplication',
  's3:ListMultipartUploadParts',
  's3:ObjectOwnerOverrideToBucketOwner',
  's3:PutObject',
  's3:PutObjectAcl',
  's3:PutObjectLegalHold',
  's3:PutObjectRetention',
  's3:PutObjectTagging',
  's3:PutObjectVersionAcl',
  's3:PutObjectVersionTagging',
  's3:ReplicateDelete',
  's3:ReplicateObject',
  's3:ReplicateTags',
  's3:RestoreObject',
];

/** The minimum for Session Manager (AWS Systems Manager, "Create a custom IAM role for Session Manager"). */
export const SESSION_MANAGER_ACTIONS = {
  ssm: ['ssm:UpdateInstanceInformation'],
  ssmmessages: [
    'ssmmessages:CreateControlChannel',
    'ssmmessages:CreateDataChannel',
    'ssmmessages:OpenControlChannel',
    'ssmmessages:OpenDataChannel',
  ],
};

/** The enclave's actions on its key, as published by Fireblocks. */
export const ENCLAVE_KEY_ACTIONS = [
  'kms:Decrypt',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyPair',
  'kms:GenerateDataKeyPairWithoutPlaintext',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:GenerateRandom',
];
