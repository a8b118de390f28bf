// Access control: the encryption key, all security group rules, the policy bucket, and the task's IAM roles.
import { CfnOutput, Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { PORT } from '../../src/timeouts.js';
import type { StackName } from '../names.js';
import type { Network } from './foundation.js';
import { createPolicyBucket, POLICY_BUCKET_ACTIONS, POLICY_OBJECT_ACTIONS } from './policy-bucket.js';
import { ProjectStack, type ProjectStackProps } from './project-stack.js';

export interface SecurityStackProps extends ProjectStackProps {
  /** The network that the security groups belong to. */
  readonly network: Network;
  /** Receives the policy bucket's access logs. */
  readonly logBucket: s3.IBucket;
}

/** Ids instead of constructs, so that other stacks can't add rules. */
export interface SecurityGroupIds {
  readonly cosigner: string;
  readonly loadBalancer: string;
  readonly task: string;
}

const HTTPS_PORT = 443;

export class SecurityStack extends ProjectStack {
  /** Encrypts parameters, logs, images, the buckets for source and policies, and alarm notifications. */
  readonly key: kms.Key;
  readonly securityGroupIds: SecurityGroupIds;
  /** Holds policies that are signed or do not fit in a parameter, and lists. */
  readonly policyBucket: s3.IBucket;
  /** Permissions for the service. */
  readonly taskRole: iam.IRole;
  /** Permissions for Fargate, which pulls the image and writes the log. */
  readonly executionRole: iam.IRole;

  constructor(scope: Construct, id: StackName, props: SecurityStackProps) {
    super(scope, id, props, 'key, security groups, policy bucket and roles');
    this.key = this.createKey();
    this.securityGroupIds = this.createSecurityGroups(props.network);
    const policyBucket = this.createPolicyBucket(props);
    this.policyBucket = policyBucket;
    this.taskRole = this.createTaskRole(policyBucket).withoutPolicyUpdates();
    this.executionRole = this.createExecutionRole().withoutPolicyUpdates();

    new CfnOutput(this, 'KeyArn', { value: this.key.keyArn, description: 'KMS key for the parameters' });
    new CfnOutput(this, 'PolicyBucket', {
      value: this.policyBucket.bucketName,
      description: 'Bucket for large or signed policies, and for lists',
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
    const { cosigner: hosted, cosignerSecurityGroupId, s3PrefixListId } = this.deployment.settings;
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

    this.allowTraffic('CosignerToLoadBalancer', cosigner, loadBalancer, HTTPS_PORT);
    this.allowTraffic('LoadBalancerToTask', loadBalancer, task, PORT);
    this.allowTraffic('TaskToEndpoints', task, endpointSecurityGroup, HTTPS_PORT);
    new ec2.CfnSecurityGroupEgress(this, 'TaskToS3', {
      groupId: task.securityGroupId,
      destinationPrefixListId: s3PrefixListId,
      ...tcp(HTTPS_PORT),
      description: 'Pull image layers from S3',
    });
    if (hosted) {
      this.allowTraffic('CosignerToEndpoints', cosigner, endpointSecurityGroup, HTTPS_PORT);
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

  /** Adds the egress rule to one group and the ingress rule to the other. */
  private allowTraffic(id: string, from: ec2.ISecurityGroup, to: ec2.ISecurityGroup, port: number): void {
    new ec2.CfnSecurityGroupEgress(this, `${id}Out`, {
      groupId: from.securityGroupId,
      destinationSecurityGroupId: to.securityGroupId,
      ...tcp(port),
      description: id,
    });
    new ec2.CfnSecurityGroupIngress(this, `${id}In`, {
      groupId: to.securityGroupId,
      sourceSecurityGroupId: from.securityGroupId,
      ...tcp(port),
      description: id,
    });
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

  private createTaskRole(policyBucket: s3.Bucket): iam.Role {
    const parameters = this.parameterArns();
    const role = this.createRole('TaskRole', 'Callback handler: reads its keys and its policy', [
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
    ]);
    this.acknowledge(
      role,
      [`IAM5[Resource::<${this.getLogicalId(policyBucket.node.defaultChild as s3.CfnBucket)}.Arn>/*]`],
      'A policy may name any object in this one bucket as a list. The role can only read.',
    );
    return role;
  }

  private createExecutionRole(): iam.Role {
    const { repository, logGroups } = this.deployment.names;
    const logStreams = this.arn('logs', `log-group:${logGroups.service}:log-stream:*`);
    const role = this.createRole('ExecutionRole', 'Fargate: pulls the image and writes the log', [
      new iam.PolicyStatement({ actions: ['ecr:GetAuthorizationToken'], resources: ['*'] }),
      new iam.PolicyStatement({
        actions: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
        resources: [this.arn('ecr', `repository/${repository}`)],
      }),
      new iam.PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logStreams],
      }),
    ]);
    this.acknowledge(
      role,
      ['IAM5[Resource::*]'],
      'ecr:GetAuthorizationToken does not support resource-level permissions.',
    );
    const account = Token.isUnresolved(this.account) ? '<AWS::AccountId>' : this.account;
    this.acknowledge(
      role,
      [`IAM5[Resource::${logStreams.replace(this.account, account)}]`],
      'Each task writes to its own log stream in this one log group.',
    );
    return role;
  }

  private createRole(id: string, description: string, statements: iam.PolicyStatement[]): iam.Role {
    const role = new iam.Role(this, id, {
      description,
      assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': this.account },
          ArnLike: { 'aws:SourceArn': this.arn('ecs', '*') },
        },
      }),
    });
    for (const statement of statements) role.addToPolicy(statement);
    return role;
  }
}

function tcp(port: number) {
  return { ipProtocol: 'tcp', fromPort: port, toPort: port };
}
