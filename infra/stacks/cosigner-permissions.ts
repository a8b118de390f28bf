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
