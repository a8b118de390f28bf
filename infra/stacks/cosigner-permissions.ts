// IAM actions of the Co-signer host: used by its own role, and by the policies of the VPC endpoints.

/** What the Co-signer does with its bucket, and with what is in it. */
export const COSIGNER_BUCKET_ACTIONS = ['s3:GetBucketLocation', 's3:ListBucket'];
export const COSIGNER_OBJECT_ACTIONS = [
  's3:DeleteObject',
  's3:GetObject',
  's3:GetObjectAcl',
  's3:PutObject',
  's3:PutObjectAcl',
];

/** The least that Session Manager needs (AWS Systems Manager, "Create a custom IAM role for Session Manager"). */
export const SESSION_MANAGER_ACTIONS = {
  ssm: ['ssm:UpdateInstanceInformation'],
  ssmmessages: [
    'ssmmessages:CreateControlChannel',
    'ssmmessages:CreateDataChannel',
    'ssmmessages:OpenControlChannel',
    'ssmmessages:OpenDataChannel',
  ],
};

/** As Fireblocks publishes them. */
export const ENCLAVE_KEY_ACTIONS = [
  'kms:Decrypt',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyPair',
  'kms:GenerateDataKeyPairWithoutPlaintext',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:GenerateRandom',
];

/** Everything but its use. */
export const KEY_MANAGEMENT_ACTIONS = [
  'kms:CancelKeyDeletion',
  'kms:CreateAlias',
  'kms:DeleteAlias',
  'kms:DescribeKey',
  'kms:DisableKey',
  'kms:EnableKey',
  'kms:EnableKeyRotation',
  'kms:GetKeyPolicy',
  'kms:GetKeyRotationStatus',
  'kms:ListResourceTags',
  'kms:PutKeyPolicy',
  'kms:ScheduleKeyDeletion',
  'kms:TagResource',
  'kms:UntagResource',
  'kms:UpdateAlias',
  'kms:UpdateKeyDescription',
];
