// Access control and what is kept: the encryption key, all security group rules but the console's, the policy bucket, the
// store, and the task's IAM roles. Data and the keys and roles for it are created, kept and deleted together.
import { CfnOutput } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { PORT } from '../../src/timeouts.js';
import { ARCHIVE_PREFIX, type StackName } from '../names.js';
import { createDeletionProtection } from './deletion-protection.js';
import type { Network } from './foundation.js';
import { createPolicyBucket, POLICY_BUCKET_ACTIONS, POLICY_OBJECT_ACTIONS } from './policy-bucket.js';
import { ProjectStack, type ProjectStackProps } from './project-stack.js';
import { Store } from './store.js';
import { allowTraffic, HTTPS_PORT, tcp } from './traffic.js';

export interface SecurityStackProps extends ProjectStackProps {
  /** The network that the security groups belong to. */
  readonly network: Network;
  /** Receives the access logs of the policy bucket and the archive. */
  readonly logBucket: s3.IBucket;
}

/** Ids instead of constructs, so that other stacks can't add rules. */
export interface SecurityGroupIds {
  readonly cosigner: string;
  readonly loadBalancer: string;
  readonly task: string;
}

export class SecurityStack extends ProjectStack {
  /** Encrypts parameters, logs, images, the buckets for source and policies, and alarm notifications. */
  readonly key: kms.Key;
  readonly securityGroupIds: SecurityGroupIds;
  /** Holds policies that are signed or do not fit in a parameter, and lists. */
  readonly policyBucket: s3.IBucket;
  /** The service's memory. */
  readonly store: Store;
  /** Permissions for the service. */
  readonly taskRole: iam.IRole;
  /** Permissions for Fargate, which pulls the image and writes the log. */
  readonly executionRole: iam.IRole;

  constructor(scope: Construct, id: StackName, props: SecurityStackProps) {
    super(scope, id, props, 'keys, security groups, policy bucket, store and roles');
    this.key = this.createKey();
    this.securityGroupIds = this.createSecurityGroups(props.network);
    const policyBucket = this.createPolicyBucket(props);
    this.policyBucket = policyBucket;
    this.store = this.createStore(props);
    this.taskRole = this.createTaskRole(policyBucket).withoutPolicyUpdates();
    this.executionRole = this.createExecutionRole(
      this.deployment.names.logGroups.service,
    ).withoutPolicyUpdates();

    new CfnOutput(this, 'KeyArn', { value: this.key.keyArn, description: 'KMS key for the parameters' });
    new CfnOutput(this, 'PolicyBucket', {
      value: this.policyBucket.bucketName,
      description: 'Bucket for large or signed policies, and for lists',
    });
    new CfnOutput(this, 'StoreTable', {
      value: this.store.table.tableName,
      description: 'Use with: npm run audit -- verify --table',
    });
    new CfnOutput(this, 'StoreArchive', {
      value: this.store.archive.bucketName,
      description: 'Bucket for sealed heads and large records',
    });
    new CfnOutput(this, 'StoreKeyArn', {
      value: this.store.key.keyArn,
      description: 'KMS key for the table and the archive',
    });
    new CfnOutput(this, 'CosignerSecurityGroupId', {
      value: this.securityGroupIds.cosigner,
      description: 'Security group for the Co-signer: the load balancer accepts connections only from it',
    });
  }

  private createKey(): kms.Key {
    const { names, environment } = this.deployment;
    const key = new kms.Key(this, 'Key', {
      alias: names.prefix,
      description: `Callback handler, ${environment}: encrypts parameters, logs and images`,
      enableKeyRotation: true,
      removalPolicy: this.removalPolicy,
    });
    key.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'Logs',
        principals: [new iam.ServicePrincipal(`logs.${this.region}.amazonaws.com`)],
        actions: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
        resources: ['*'],
        conditions: {
          ArnEquals: {
            'kms:EncryptionContext:aws:logs:arn': Object.values(names.logGroups).map((name) =>
              this.arn('logs', `log-group:${name}`),
            ),
          },
        },
      }),
    );
    key.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'AlarmsToTopic',
        principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
    );
    return key;
  }

  private createSecurityGroups({ vpc, endpointSecurityGroup }: Network): SecurityGroupIds {
    const {
      cosigner: hosted,
      cosignerSecurityGroupId,
      s3PrefixListId,
      dynamodbPrefixListId,
    } = this.deployment.settings;
    // When a group's description changes, CloudFormation tries to replace the group, and fails because other stacks
    // import its id.
    const create = (id: string, description: string) =>
      new ec2.SecurityGroup(this, id, { vpc, description, allowAllOutbound: false });

    const cosigner =
      cosignerSecurityGroupId === undefined
        ? create('Cosigner', 'The Co-signer: the only one who reaches the load balancer')
        : ec2.SecurityGroup.fromSecurityGroupId(this, 'Cosigner', cosignerSecurityGroupId);
    const loadBalancer = create('LoadBalancer', 'The load balancer: the only one who reaches the task');
    const task = create('Task', 'The callback handler');

    allowTraffic(this, 'CosignerToLoadBalancer', cosigner, loadBalancer, HTTPS_PORT);
    allowTraffic(this, 'LoadBalancerToTask', loadBalancer, task, PORT);
    allowTraffic(this, 'TaskToEndpoints', task, endpointSecurityGroup, HTTPS_PORT);
    new ec2.CfnSecurityGroupEgress(this, 'TaskToS3', {
      groupId: task.securityGroupId,
      destinationPrefixListId: s3PrefixListId,
      ...tcp(HTTPS_PORT),
      description: 'Pull image layers from S3',
    });
    new ec2.CfnSecurityGroupEgress(this, 'TaskToDynamoDb', {
      groupId: task.securityGroupId,
      destinationPrefixListId: dynamodbPrefixListId,
      ...tcp(HTTPS_PORT),
      description: 'Read and write the store',
    });
    if (hosted) {
      allowTraffic(this, 'CosignerToEndpoints', cosigner, endpointSecurityGroup, HTTPS_PORT);
      new ec2.CfnSecurityGroupEgress(this, 'CosignerToInternet', {
        groupId: cosigner.securityGroupId,
        cidrIp: '0.0.0.0/0',
        ...tcp(HTTPS_PORT),
        description: 'Call Fireblocks, and download what its installer needs',
      });
    }
    return {
      cosigner: cosigner.securityGroupId,
      loadBalancer: loadBalancer.securityGroupId,
      task: task.securityGroupId,
    };
  }

  private createPolicyBucket({ logBucket }: SecurityStackProps): s3.Bucket {
    const bucket = createPolicyBucket(this, {
      bucketName: this.bucketName('policy'),
      key: this.key,
      retentionDays: this.deployment.sizing.retentionDays,
      removalPolicy: this.removalPolicy,
    });
    this.enableAccessLogs(bucket, logBucket);
    return bucket;
  }

  private createStore({ logBucket }: SecurityStackProps): Store {
    const store = new Store(this, 'Store', {
      deployment: this.deployment,
      archiveName: this.bucketName('archive'),
      account: this.account,
      region: this.region,
      removalPolicy: this.removalPolicy,
      deletionProtection: createDeletionProtection(this, this.deployment.sizing.production),
    });
    this.enableAccessLogs(store.archive, logBucket);
    return store;
  }

  private createTaskRole(policyBucket: s3.Bucket): iam.Role {
    const parameters = this.parameterArns();
    const role = this.createRole(
      'TaskRole',
      'Callback handler: reads its keys and its policy, and keeps its store',
      [
        new iam.PolicyStatement({ actions: ['ssm:GetParameters'], resources: parameters }),
        // SSM encrypts each parameter with its ARN as the encryption context (AWS Systems Manager, "KMS encryption").
        new iam.PolicyStatement({
          actions: ['kms:Decrypt'],
          resources: [this.key.keyArn],
          conditions: { StringEquals: { 'kms:EncryptionContext:PARAMETER_ARN': parameters } },
        }),
        new iam.PolicyStatement({ actions: POLICY_BUCKET_ACTIONS, resources: [policyBucket.bucketArn] }),
        new iam.PolicyStatement({
          actions: POLICY_OBJECT_ACTIONS,
          resources: [policyBucket.arnForObjects('*')],
        }),
        // With a bucket key, the encryption context is the ARN of the bucket, not of the object (Amazon S3, "Reducing the
        // cost of SSE-KMS with Amazon S3 Bucket Keys"). S3 calls KMS itself, with the task's permissions.
        new iam.PolicyStatement({
          actions: ['kms:Decrypt'],
          resources: [this.key.keyArn],
          conditions: { StringEquals: { 'kms:EncryptionContext:aws:s3:arn': policyBucket.bucketArn } },
        }),
        ...this.store.permissions(),
      ],
    );
    const objects = (bucket: s3.Bucket, below: string): string[] => [
      `IAM5[Resource::<${this.getLogicalId(bucket.node.defaultChild as s3.CfnBucket)}.Arn>/${below}]`,
    ];
    this.acknowledge(
      role,
      objects(policyBucket, '*'),
      'A policy may name any object in this one bucket as a list. The role can only read.',
    );
    this.acknowledge(
      role,
      objects(this.store.archive, `${ARCHIVE_PREFIX}/*`),
      'Heads and records are objects of their own. Object Lock keeps the role from replacing them.',
    );
    return role;
  }
}
