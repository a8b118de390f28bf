// Access control and what is kept: the encryption key, all security group rules but the console's, the policy bucket, the
// store, and the task's IAM roles. Data and the keys and roles for it are created, kept and deleted together.
import { CfnOutput } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { PORT } from '../../src/timeouts.js';
import { hasApi, runsTasks } from '../deployment.js';
import { ARCHIVE_PREFIX, type StackName } from '../names.js';
import { createDeletionProtection } from './deletion-protection.js';
import type { Network } from './foundation.js';
import { handlerStatements } from './handler-permissions.js';
import { createPolicyBucket } from './policy-bucket.js';
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

export interface TaskRoles {
  /** Permissions for the service. */
  readonly taskRole: iam.IRole;
  /** Permissions for Fargate, which pulls the image and writes the log. */
  readonly executionRole: iam.IRole;
}

export class SecurityStack extends ProjectStack {
  /** Encrypts parameters, logs, images, the buckets for source and policies, and alarm notifications. */
  readonly key: kms.Key;
  readonly securityGroupIds: SecurityGroupIds;
  /** Holds policies that are signed or do not fit in a parameter, and lists. */
  readonly policyBucket: s3.IBucket;
  /** The service's memory. */
  readonly store: Store;
  /** The roles of the handler's tasks, if tasks run it. */
  readonly taskRoles: TaskRoles | undefined;

  constructor(scope: Construct, id: StackName, props: SecurityStackProps) {
    super(scope, id, props, 'keys, security groups, policy bucket, store and roles');
    this.key = this.createKey();
    this.securityGroupIds = this.createSecurityGroups(props.network);
    const policyBucket = this.createPolicyBucket(props);
    this.policyBucket = policyBucket;
    this.store = this.createStore(props);
    this.taskRoles = runsTasks(this.deployment)
      ? {
          taskRole: this.createTaskRole(policyBucket).withoutPolicyUpdates(),
          executionRole: this.createExecutionRole(
            this.deployment.names.logGroups.service,
          ).withoutPolicyUpdates(),
        }
      : undefined;

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

  private createSecurityGroups(network: Network): SecurityGroupIds {
    const { vpc, endpointSecurityGroup } = network;
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
    if (runsTasks(this.deployment)) allowTraffic(this, 'LoadBalancerToTask', loadBalancer, task, PORT);
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
    this.allowApiTraffic(cosigner, network);
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

  /**
   * Lets the Co-signer call the API. If both groups exist already, the rules are their owner's: a second one for the same
   * traffic would be refused.
   */
  private allowApiTraffic(
    cosigner: ec2.ISecurityGroup,
    { apiEndpoint, endpointSecurityGroup }: Network,
  ): void {
    const { cosigner: hosted, cosignerSecurityGroupId } = this.deployment.settings;
    if (!hasApi(this.deployment)) return;
    if (apiEndpoint?.securityGroup !== undefined)
      allowTraffic(this, 'CosignerToApi', cosigner, apiEndpoint.securityGroup, HTTPS_PORT);
    else if (cosignerSecurityGroupId === undefined && !hosted)
      allowTraffic(this, 'CosignerToApi', cosigner, endpointSecurityGroup, HTTPS_PORT);
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
    const role = this.createRole(
      'TaskRole',
      'Callback handler: reads its keys and its policy, and keeps its store',
      handlerStatements({
        parameters: this.parameterArns(),
        key: this.key,
        buckets: { policies: policyBucket.bucketArn, archive: this.store.archive.bucketArn },
        store: this.store,
      }),
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
