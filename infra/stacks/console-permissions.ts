// What the console's task may do: read what it shows, write what people decide, notify them. It can't read the handler's keys.
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import { PEOPLE_PREFIX } from '../../src/store/keys.js';
import type { Deployment } from '../deployment.js';
import { ARCHIVE_PREFIX } from '../names.js';
import { POLICY_BUCKET_ACTIONS, POLICY_OBJECT_ACTIONS } from './policy-bucket.js';
import { ARCHIVE_BUCKET_ACTIONS, type Store, TABLE_READ_ACTIONS, TABLE_WRITE_ACTIONS } from './store.js';

/** ARNs of the buckets that the console reads. */
export interface ConsoleBuckets {
  readonly policies: string;
  readonly archive: string;
}

export interface ConsolePermissions {
  readonly deployment: Deployment;
  /** ARN of a parameter by its name. */
  readonly parameterArn: (name: string) => string;
  /** Encrypts parameters, the policy bucket and the topic. */
  readonly key: kms.IKey;
  readonly store: Store;
  readonly buckets: ConsoleBuckets;
  /** Notifies people of requests that wait for them. */
  readonly topicArn: string;
}

/** Every way to write an item, whether or not another statement allows it. */
const EVERY_WRITE = [
  'dynamodb:BatchWriteItem',
  'dynamodb:DeleteItem',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
];
/** Every way to read a parameter. */
const EVERY_READ = [
  'ssm:GetParameter',
  'ssm:GetParameterHistory',
  'ssm:GetParameters',
  'ssm:GetParametersByPath',
];

export function consoleStatements(inputs: ConsolePermissions): iam.PolicyStatement[] {
  return [
    ...parameterStatements(inputs),
    ...policyBucketStatements(inputs),
    ...storeStatements(inputs),
    ...topicStatements(inputs),
  ];
}

/** The policy, the candidate and the webhook's secret, but never a key of the handler, whatever else is allowed. */
function parameterStatements({ deployment, parameterArn, key }: ConsolePermissions): iam.PolicyStatement[] {
  const { settings, names } = deployment;
  const { policy, policyCandidate, callbackPrivateKey, cosignerPublicKey } = names.parameters;
  const read = [
    ...(settings.policySource === 'parameter' ? [policy, policyCandidate] : []),
    ...(settings.console?.webhookUrl === undefined ? [] : [names.console.webhookSecret]),
  ].map(parameterArn);
  const keys = [callbackPrivateKey, cosignerPublicKey].map(parameterArn);
  // SSM encrypts each parameter with its ARN as the encryption context.
  const ofParameters = (arns: string[]) => ({
    StringEquals: { 'kms:EncryptionContext:PARAMETER_ARN': arns },
  });
  const allowed =
    read.length === 0
      ? []
      : [
          new iam.PolicyStatement({ actions: ['ssm:GetParameters'], resources: read }),
          new iam.PolicyStatement({
            actions: ['kms:Decrypt'],
            resources: [key.keyArn],
            conditions: ofParameters(read),
          }),
        ];
  return [
    ...allowed,
    new iam.PolicyStatement({ effect: iam.Effect.DENY, actions: EVERY_READ, resources: keys }),
    new iam.PolicyStatement({
      effect: iam.Effect.DENY,
      actions: ['kms:Decrypt'],
      resources: [key.keyArn],
      conditions: ofParameters(keys),
    }),
  ];
}

function policyBucketStatements({ buckets: { policies }, key }: ConsolePermissions): iam.PolicyStatement[] {
  return [
    new iam.PolicyStatement({ actions: POLICY_BUCKET_ACTIONS, resources: [policies] }),
    new iam.PolicyStatement({
      actions: POLICY_OBJECT_ACTIONS,
      resources: [`${policies}/*`],
    }),
    new iam.PolicyStatement({
      actions: ['kms:Decrypt'],
      resources: [key.keyArn],
      conditions: { StringEquals: { 'kms:EncryptionContext:aws:s3:arn': policies } },
    }),
  ];
}

/** Each item of a transaction is authorized by itself, so that one item elsewhere denies the whole transaction. */
function storeStatements({ store, buckets: { archive } }: ConsolePermissions): iam.PolicyStatement[] {
  const people = [`${PEOPLE_PREFIX}*`];
  return [
    new iam.PolicyStatement({ actions: TABLE_READ_ACTIONS, resources: [store.table.tableArn] }),
    new iam.PolicyStatement({
      actions: TABLE_WRITE_ACTIONS,
      resources: [store.table.tableArn],
      conditions: {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': people },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      },
    }),
    new iam.PolicyStatement({
      effect: iam.Effect.DENY,
      actions: EVERY_WRITE,
      resources: [store.table.tableArn],
      conditions: { 'ForAnyValue:StringNotLike': { 'dynamodb:LeadingKeys': people } },
    }),
    store.decryptTable(),
    new iam.PolicyStatement({ actions: ARCHIVE_BUCKET_ACTIONS, resources: [archive] }),
    new iam.PolicyStatement({
      actions: ['s3:GetObject'],
      resources: [`${archive}/${ARCHIVE_PREFIX}/*`],
    }),
    store.useArchiveKey(['kms:Decrypt']),
  ];
}

/** SNS encrypts each message with the publisher's permissions. */
function topicStatements({ deployment, key, topicArn }: ConsolePermissions): iam.PolicyStatement[] {
  return [
    new iam.PolicyStatement({ actions: ['sns:Publish'], resources: [topicArn] }),
    new iam.PolicyStatement({
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: [key.keyArn],
      conditions: { StringEquals: { 'kms:ViaService': `sns.${deployment.settings.region}.amazonaws.com` } },
    }),
  ];
}
