// Who may talk to whom, and who may do what: the key, every security group rule, and both roles of the task.
import { CfnOutput, Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { PORT } from '../../src/timeouts.js';
import { type Deployment, ProjectStack } from '../stack.js';
import type { Network } from './foundation.js';

export interface SecurityProps {
  readonly network: Network;
}

/** Their ids: no other stack adds a rule. */
export interface SecurityGroupIds {
  readonly cosigner: string;
  readonly loadBalancer: string;
  readonly task: string;
}

const HTTPS = 443;

export class SecurityStack extends ProjectStack {
  /** Encrypts parameters, logs, images and what else is kept. */
  readonly key: kms.Key;
  readonly groupIds: SecurityGroupIds;
  /** What the service itself may do. */
  readonly taskRole: iam.IRole;
  /** What Fargate may do to start it. */
  readonly executionRole: iam.IRole;

  constructor(scope: Construct, deployment: Deployment, { network }: SecurityProps) {
    super(scope, deployment, 'security', 'key, security groups and roles');
    this.key = this.createKey();
    this.groupIds = this.createGroups(network);
    this.taskRole = this.createTaskRole().withoutPolicyUpdates();
    this.executionRole = this.createExecutionRole().withoutPolicyUpdates();

    new CfnOutput(this, 'KeyArn', { value: this.key.keyArn, description: 'Encrypts the parameters' });
    new CfnOutput(this, 'CosignerSecurityGroupId', {
      value: this.groupIds.cosigner,
      description: 'The only group that reaches the handler: the Co-signer must be in it',
    });
  }

  private createKey(): kms.Key {
    const { names } = this.deployment;
    const key = new kms.Key(this, 'Key', {
      alias: names.prefix,
      description: `Callback handler, ${this.deployment.name}: parameters, logs and images`,
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

  private createGroups({ vpc, endpointSecurityGroup }: Network): SecurityGroupIds {
    const { cosigner: hosted, cosignerSecurityGroupId, s3PrefixListId } = this.deployment.settings;
    const group = (id: string, description: string) =>
      new ec2.SecurityGroup(this, id, { vpc, description, allowAllOutbound: false });

    const cosigner =
      cosignerSecurityGroupId === undefined
        ? group('Cosigner', 'The Co-signer: the only one who reaches the load balancer')
        : ec2.SecurityGroup.fromSecurityGroupId(this, 'Cosigner', cosignerSecurityGroupId);
    const loadBalancer = group('LoadBalancer', 'The load balancer: the only one who reaches the task');
    const task = group('Task', 'The callback handler');

    this.allow('CosignerToLoadBalancer', cosigner, loadBalancer, HTTPS);
    this.allow('LoadBalancerToTask', loadBalancer, task, PORT);
    this.allow('TaskToEndpoints', task, endpointSecurityGroup, HTTPS);
    new ec2.CfnSecurityGroupEgress(this, 'TaskToS3', {
      groupId: task.securityGroupId,
      destinationPrefixListId: s3PrefixListId,
      ...tcp(HTTPS),
      description: 'Layers of the image',
    });
    if (hosted) {
      this.allow('CosignerToEndpoints', cosigner, endpointSecurityGroup, HTTPS);
      new ec2.CfnSecurityGroupEgress(this, 'CosignerToInternet', {
        groupId: cosigner.securityGroupId,
        cidrIp: '0.0.0.0/0',
        ...tcp(HTTPS),
        description: 'Fireblocks, and what its installer downloads',
      });
    }
    return {
      cosigner: cosigner.securityGroupId,
      loadBalancer: loadBalancer.securityGroupId,
      task: task.securityGroupId,
    };
  }

  /** Both ends: out of the one group, into the other. */
  private allow(id: string, from: ec2.ISecurityGroup, to: ec2.ISecurityGroup, port: number): void {
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

  private createTaskRole(): iam.Role {
    const parameters = this.parameterArns();
    return this.createRole('TaskRole', 'The callback handler: reads its keys and its policy', [
      new iam.PolicyStatement({ actions: ['ssm:GetParameters'], resources: parameters }),
      // Each parameter is encrypted with its ARN as the context (AWS Systems Manager, "KMS encryption").
      new iam.PolicyStatement({
        actions: ['kms:Decrypt'],
        resources: [this.key.keyArn],
        conditions: { StringEquals: { 'kms:EncryptionContext:PARAMETER_ARN': parameters } },
      }),
    ]);
  }

  private createExecutionRole(): iam.Role {
    const { repository, logGroups } = this.deployment.names;
    const streams = this.arn('logs', `log-group:${logGroups.service}:log-stream:*`);
    const role = this.createRole('ExecutionRole', 'Fargate: pulls the image, writes the log', [
      new iam.PolicyStatement({ actions: ['ecr:GetAuthorizationToken'], resources: ['*'] }),
      new iam.PolicyStatement({
        actions: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
        resources: [this.arn('ecr', `repository/${repository}`)],
      }),
      new iam.PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [streams],
      }),
    ]);
    this.acknowledge(role, ['IAM5[Resource::*]'], 'A token for ECR belongs to no repository.');
    const account = Token.isUnresolved(this.account) ? '<AWS::AccountId>' : this.account;
    this.acknowledge(
      role,
      [`IAM5[Resource::${streams.replace(this.account, account)}]`],
      'Each task writes a log stream of its own in the one log group.',
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
