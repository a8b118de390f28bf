// The service's memory: the table, the archive with Object Lock, the key of both, and who may do what with them.
import { Duration, type IResolvable, type RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { EXPIRES_ATTRIBUTE, PARTITION_ATTRIBUTE, SORT_ATTRIBUTE } from '../../src/store/table-definition.js';
import type { Deployment } from '../deployment.js';
import { ARCHIVE_PREFIX } from '../names.js';
import { KEY_MANAGEMENT_ACTIONS } from './key-permissions.js';

/** The actions that read the table. A check in a transaction reveals no more than a read. */
export const TABLE_READ_ACTIONS = ['dynamodb:BatchGetItem', 'dynamodb:ConditionCheckItem', 'dynamodb:Query'];
/** The actions that write to it. */
export const TABLE_WRITE_ACTIONS = ['dynamodb:DeleteItem', 'dynamodb:PutItem'];
/**
 * The service's actions on the table. Its transactions are authorized by the actions that they consist of. It has no
 * permission to scan the table, or to change it.
 */
export const TABLE_ACTIONS = [...TABLE_READ_ACTIONS, ...TABLE_WRITE_ACTIONS].sort();
/**
 * The service's actions on the archive. Without it, S3 reports a missing object as a denied one: with a condition on the
 * prefix too, because a request for an object has none. The bucket holds nothing else.
 */
export const ARCHIVE_BUCKET_ACTIONS = ['s3:ListBucket'];
/** The service's actions on the objects in the archive. It has no permission to delete them or to change their locks. */
export const ARCHIVE_OBJECT_ACTIONS = ['s3:GetObject', 's3:PutObject'];

/**
 * Lifecycle rules delete an object this long after its lock has ended. The service stores an object that it needs again
 * only if the stored one is older than 30 days.
 */
const DAYS_AFTER_LOCK = 31;

export interface StoreProps {
  readonly deployment: Deployment;
  /** The name of the archive's bucket. */
  readonly archiveName: string;
  readonly account: string;
  readonly region: string;
  readonly removalPolicy: RemovalPolicy;
  /** Protects the table. */
  /** Of the table. */
  readonly deletionProtection: boolean | IResolvable;
}

export class Store extends Construct {
  /** Encrypts the table and the archive. */
  readonly key: kms.Key;
  readonly table: dynamodb.Table;
  readonly archive: s3.Bucket;
  readonly #props: StoreProps;

  constructor(scope: Construct, id: string, props: StoreProps) {
    super(scope, id);
    this.#props = props;
    this.key = this.createKey();
    this.table = this.createTable();
    this.archive = this.createArchive();
  }

  /**
   * What the service may do.
   * @param archive ARN of the archive
   */
  permissions(archive: string): iam.PolicyStatement[] {
    return [
      allow(TABLE_ACTIONS, this.table.tableArn),
      this.decryptTable(),
      allow(ARCHIVE_BUCKET_ACTIONS, archive),
      allow(ARCHIVE_OBJECT_ACTIONS, `${archive}/${ARCHIVE_PREFIX}/*`),
      // People accept that records were lost. A task that could do so would hide what it removed.
      new iam.PolicyStatement({
        effect: iam.Effect.DENY,
        actions: ['s3:PutObject'],
        resources: [`${archive}/${ARCHIVE_PREFIX}/accepted/*`],
      }),
      this.useArchiveKey(['kms:Decrypt', 'kms:GenerateDataKey']),
    ];
  }

  /**
   * DynamoDB decrypts the table's key with the caller's permissions, for this table alone (Amazon DynamoDB, "DynamoDB
   * encryption at rest usage notes").
   */
  decryptTable(): iam.PolicyStatement {
    const { account, region, deployment } = this.#props;
    return allow(['kms:Decrypt'], this.key.keyArn, {
      'kms:ViaService': `dynamodb.${region}.amazonaws.com`,
      'kms:EncryptionContext:aws:dynamodb:subscriberId': account,
      'kms:EncryptionContext:aws:dynamodb:tableName': deployment.names.table,
    });
  }

  /** With a bucket key, the encryption context is the ARN of the bucket. */
  useArchiveKey(actions: string[]): iam.PolicyStatement {
    return allow(actions, this.key.keyArn, {
      'kms:ViaService': `s3.${this.#props.region}.amazonaws.com`,
      'kms:EncryptionContext:aws:s3:arn': this.archive.bucketArn,
    });
  }

  /**
   * A key of its own, because records have other readers than the handler's private key: auditors. Nobody, not even an
   * administrator, can use it other than by reading the table or the archive, which their own policies must allow.
   */
  private createKey(): kms.Key {
    const { deployment, account, region, removalPolicy } = this.#props;
    const { names, environment } = deployment;
    const statement = (sid: string, actions: string[], conditions = {}) =>
      new iam.PolicyStatement({
        sid,
        principals: [new iam.AccountRootPrincipal()],
        actions,
        resources: ['*'],
        conditions,
      });
    const through = (...services: string[]) => ({
      'kms:CallerAccount': account,
      'kms:ViaService': services.map((service) => `${service}.${region}.amazonaws.com`),
    });
    return new kms.Key(this, 'Key', {
      alias: `${names.prefix}-store`,
      description: `Callback handler, ${environment}: encrypts the store's table and archive`,
      enableKeyRotation: true,
      removalPolicy,
      policy: new iam.PolicyDocument({
        statements: [
          statement('Management', KEY_MANAGEMENT_ACTIONS),
          statement(
            'UseThroughServices',
            ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
            { StringEquals: through('dynamodb', 's3') },
          ),
          // DynamoDB maintains the table with a grant, which whoever creates the table creates through it.
          statement('GrantToDynamoDb', ['kms:CreateGrant'], {
            Bool: { 'kms:GrantIsForAWSResource': true },
            StringEquals: through('dynamodb'),
          }),
        ],
      }),
    });
  }

  private createTable(): dynamodb.Table {
    const { deployment, removalPolicy, deletionProtection } = this.#props;
    const string = (name: string): dynamodb.Attribute => ({ name, type: dynamodb.AttributeType.STRING });
    const table = new dynamodb.Table(this, 'Table', {
      tableName: deployment.names.table,
      partitionKey: string(PARTITION_ATTRIBUTE),
      sortKey: string(SORT_ATTRIBUTE),
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: EXPIRES_ATTRIBUTE,
      encryption: dynamodb.TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: this.key,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy,
    });
    (table.node.defaultChild as dynamodb.CfnTable).deletionProtectionEnabled = deletionProtection;
    return table;
  }

  /**
   * In prod, the lock is in compliance mode: until the retention ends, nobody can delete or replace a sealed head, not
   * even the account's root user, against whom it is evidence as well. Elsewhere it is in governance mode, so that an
   * environment can be deleted.
   */
  private createArchive(): s3.Bucket {
    const { deployment, archiveName, removalPolicy } = this.#props;
    const { settings, sizing } = deployment;
    const retention = Duration.days(settings.retentionDays);
    return new s3.Bucket(this, 'Archive', {
      bucketName: archiveName,
      objectLockEnabled: true,
      objectLockDefaultRetention: sizing.production
        ? s3.ObjectLockRetention.compliance(retention)
        : s3.ObjectLockRetention.governance(retention),
      encryption: s3.BucketEncryption.KMS,
      encryptionKey: this.key,
      bucketKeyEnabled: true,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      versioned: true,
      lifecycleRules: [
        {
          expiration: Duration.days(settings.retentionDays + DAYS_AFTER_LOCK),
          // S3 keeps a version until its lock ends.
          noncurrentVersionExpiration: Duration.days(1),
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
      ],
      removalPolicy,
    });
  }
}

function allow(actions: string[], resource: string, equals?: Record<string, string>): iam.PolicyStatement {
  return new iam.PolicyStatement({
    actions,
    resources: [resource],
    ...(equals !== undefined && { conditions: { StringEquals: equals } }),
  });
}
