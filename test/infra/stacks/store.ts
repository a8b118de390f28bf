// Tests the store: the table, the archive, their key, and who may use them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as iam from 'aws-cdk-lib/aws-iam';
import t from 'tap';
import { archiveBucket, namesOf } from '../../../infra/names.js';
import { EXPECTED_PREFIX } from '../../../src/store/keys.js';
import { EXPIRES_ATTRIBUTE, tableDefinition } from '../../../src/store/table-definition.js';
import { ROOT } from '../../helpers/cli.js';
import type { Json } from '../../helpers/settings.js';
import { listOf, type Statement, statements, synthesize, toText } from '../../helpers/stacks.js';

/** The only resource of a type whose logical id begins with `Store`. */
function stored(type: string, environment: 'dev' | 'staging' | 'prod' = 'dev', changes: Json = {}) {
  const found = synthesize(environment, changes)
    .stacks.flatMap(({ json }) => Object.entries(json.Resources))
    .filter(([id, { Type }]) => Type === type && id.startsWith('Store'));
  t.equal(found.length, 1, type);
  const [first] = found;
  if (first === undefined) throw new Error(`there is no ${type}`);
  return { id: first[0], ...first[1] };
}

t.test('the table is the one that "npm run store -- create" makes', (t) => {
  const { Properties } = stored('AWS::DynamoDB::Table');
  const { TableName, BillingMode, AttributeDefinitions, KeySchema } = Properties;
  t.strictSame(
    { TableName, BillingMode, AttributeDefinitions, KeySchema },
    tableDefinition('fireblocks-dev-store'),
  );
  t.strictSame(Properties['TimeToLiveSpecification'], { AttributeName: EXPIRES_ATTRIBUTE, Enabled: true });
  t.end();
});

t.test('the table is encrypted with the key of the store, and can be restored to any second', (t) => {
  for (const environment of ['dev', 'staging', 'prod'] as const) {
    const { Properties } = stored('AWS::DynamoDB::Table', environment);
    t.match(Properties, {
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
    });
    t.match(
      toText((Properties['SSESpecification'] as Json)['KMSMasterKeyId']),
      /^<StoreKey[0-9A-F]{8}\.Arn>$/,
    );
  }
  t.end();
});

t.test('in prod, the table is protected against deletion, and kept with its stack', (t) => {
  for (const [environment, isProtected, deletion] of [
    ['dev', false, 'Delete'],
    ['staging', false, 'Delete'],
    ['prod', { 'Fn::If': ['Protected', true, false] }, 'RetainExceptOnCreate'],
  ] as const) {
    const table = stored('AWS::DynamoDB::Table', environment);
    t.strictSame(table.Properties['DeletionProtectionEnabled'], isProtected, environment);
    t.equal(table.DeletionPolicy, deletion, environment);
    t.equal(stored('AWS::KMS::Key', environment).DeletionPolicy, deletion, environment);
    t.equal(stored('AWS::S3::Bucket', environment).DeletionPolicy, deletion, environment);
  }
  t.end();
});

t.test('the archive locks its objects for as long as records are kept, in prod against everybody', (t) => {
  for (const [environment, retentionDays, mode] of [
    ['dev', undefined, 'GOVERNANCE'],
    ['staging', 30, 'GOVERNANCE'],
    ['prod', undefined, 'COMPLIANCE'],
    ['prod', 3650, 'COMPLIANCE'],
  ] as const) {
    const days = retentionDays ?? 400;
    const { Properties } = stored('AWS::S3::Bucket', environment, retentionDays && { retentionDays });
    t.equal(
      toText(Properties['BucketName']),
      archiveBucket(namesOf('fireblocks', environment), '<AWS::AccountId>', 'ap-northeast-1'),
    );
    t.match(Properties, {
      ObjectLockEnabled: true,
      ObjectLockConfiguration: {
        ObjectLockEnabled: 'Enabled',
        Rule: { DefaultRetention: { Days: days, Mode: mode } },
      },
      VersioningConfiguration: { Status: 'Enabled' },
    });
    const [rule] = (Properties['LifecycleConfiguration'] as { Rules: readonly Json[] }).Rules;
    t.equal(rule?.['ExpirationInDays'], days + 31, 'objects are deleted after their lock has ended');
  }
  t.end();
});

t.test(
  'the archive is private, encrypted with the key of the store, logged, and reached by TLS only',
  (t) => {
    const { id, Properties } = stored('AWS::S3::Bucket');
    t.match(Properties, {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      LoggingConfiguration: { LogFilePrefix: 'buckets/archive/' },
    });
    const [rule] = (Properties['BucketEncryption'] as { ServerSideEncryptionConfiguration: readonly [Json] })
      .ServerSideEncryptionConfiguration;
    t.equal(rule['BucketKeyEnabled'], true);
    const { KMSMasterKeyID } = rule['ServerSideEncryptionByDefault'] as Json;
    t.match(toText(KMSMasterKeyID), /^<StoreKey[0-9A-F]{8}\.Arn>$/);

    const policy = stored('AWS::S3::BucketPolicy').Properties;
    t.equal(toText(policy['Bucket']), `<${id}>`);
    const { Statement } = policy['PolicyDocument'] as { Statement: Statement[] };
    t.match(Statement, [{ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }]);
    t.equal(Statement.length, 1);
    t.end();
  },
);

t.test('the key of the store rotates, and is used only through DynamoDB and S3 in this account', (t) => {
  const { Properties } = stored('AWS::KMS::Key');
  t.equal(Properties['EnableKeyRotation'], true);
  const { Statement } = Properties['KeyPolicy'] as { Statement: (Statement & { Sid: string })[] };
  t.strictSame(
    Statement.map(({ Sid }) => Sid),
    ['Management', 'UseThroughServices', 'GrantToDynamoDb'],
  );
  for (const { Sid, Effect, Action, Condition } of Statement) {
    t.equal(Effect, 'Allow');
    const using = listOf(Action).filter((action) => /Decrypt|Encrypt|GenerateData|CreateGrant/.test(action));
    t.equal(using.length > 0, Sid !== 'Management', Sid);
    if (Sid === 'Management') continue;
    const { StringEquals } = Condition as { StringEquals: Json };
    t.equal(toText(StringEquals['kms:CallerAccount']), '<AWS::AccountId>');
    t.strictSame(
      listOf(StringEquals['kms:ViaService']),
      (Sid === 'GrantToDynamoDb' ? ['dynamodb'] : ['dynamodb', 's3']).map(
        (service) => `${service}.ap-northeast-1.amazonaws.com`,
      ),
    );
  }
  t.end();
});

t.test('the task uses the key only for its own table and its own archive', (t) => {
  const conditions = statements(synthesize())
    .filter(({ where }) => where.includes('AWS::IAM::Policy TaskRole'))
    .filter(({ statement }) => toText(statement.Resource).startsWith('<StoreKey'))
    .map(({ statement }) => (statement.Condition as { StringEquals: Json }).StringEquals)
    .map((equals) => Object.fromEntries(Object.entries(equals).map(([key, value]) => [key, toText(value)])));
  t.match(conditions, [
    {
      'kms:ViaService': 'dynamodb.ap-northeast-1.amazonaws.com',
      'kms:EncryptionContext:aws:dynamodb:subscriberId': '<AWS::AccountId>',
      'kms:EncryptionContext:aws:dynamodb:tableName': 'fireblocks-dev-store',
    },
    {
      'kms:ViaService': 's3.ap-northeast-1.amazonaws.com',
      'kms:EncryptionContext:aws:s3:arn': /^<StoreArchive[0-9A-F]{8}\.Arn>$/,
    },
  ]);
  t.equal(conditions.length, 2);
  t.end();
});

t.test('nobody but the task gets a permission for the store from the stacks', (t) => {
  const places = statements(synthesize('prod'))
    .filter(({ statement }) => statement.Effect === 'Allow')
    .filter(({ statement }) => listOf(statement.Action).some((action) => action.startsWith('dynamodb:')))
    .map(({ where }) => where.replace(/[0-9A-F]{8}$/, ''));
  t.strictSame(places.sort(), [
    'foundation AWS::EC2::VPCEndpoint DynamoDb',
    'security AWS::IAM::Policy TaskRoleDefaultPolicy',
  ]);
  t.end();
});

t.test('the policy in the guide lets a system announce transactions, and nothing else', (t) => {
  const [, json = ''] =
    /```json\n(\{\n {2}"Version": "2012-10-17",[^`]+)```/.exec(
      readFileSync(join(ROOT, 'DEPLOYMENT.md'), 'utf8'),
    ) ?? [];
  const policy = JSON.parse(json) as { Statement: Statement[] };
  t.strictSame(iam.PolicyDocument.fromJson(policy).validateForIdentityPolicy(), []);
  const [put, key, ...more] = policy.Statement;
  t.strictSame(more, []);
  t.match(put, {
    Effect: 'Allow',
    Action: 'dynamodb:PutItem',
    Resource: `arn:aws:dynamodb:ap-northeast-1:123456789012:table/${namesOf('fireblocks', 'prod').table}`,
    Condition: {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${EXPECTED_PREFIX}*`] },
      Null: { 'dynamodb:LeadingKeys': 'false' },
    },
  });
  // The same permission for the key as the task's, which is tested above.
  t.match(key, { Effect: 'Allow', Action: 'kms:Decrypt' });
  t.strictSame(Object.keys((key?.Condition as { StringEquals: Json }).StringEquals).sort(), [
    'kms:EncryptionContext:aws:dynamodb:subscriberId',
    'kms:EncryptionContext:aws:dynamodb:tableName',
    'kms:ViaService',
  ]);
  t.end();
});
