// Base class for all stacks: tags, removal policy, names and other conventions that they share.
import {
  BootstraplessSynthesizer,
  CfnParameter,
  Fn,
  RemovalPolicy,
  Stack,
  Tags,
  Token,
  Validations,
} from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct, IConstruct } from 'constructs';
import type { Deployment } from '../deployment.js';
import { bucketName, FUNCTION_ALIAS, type StackName } from '../names.js';
import { unlessKept } from './kept-log.js';
import { withParameters } from './references.js';

export interface ProjectStackProps {
  /** The environment, the settings and the names that the stack is built from. */
  readonly deployment: Deployment;
}

/**
 * Resource types that are not tagged in the template; CloudFormation gives them the stack's tags. Alarms
 * would make the template of the service too large, template validators reject tags on dashboards and listeners, and
 * AWS emulators reject tags on keys.
 */
const TAGGED_BY_STACK = [
  'AWS::ApplicationAutoScaling::ScalableTarget',
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::Dashboard',
  'AWS::ElasticLoadBalancingV2::Listener',
  'AWS::KMS::Key',
];

const RETENTION = {
  7: logs.RetentionDays.ONE_WEEK,
  30: logs.RetentionDays.ONE_MONTH,
  400: logs.RetentionDays.THIRTEEN_MONTHS,
} as const;

export abstract class ProjectStack extends Stack {
  protected readonly deployment: Deployment;
  /** Removal policy for stateful resources: keys, the image repository, buckets and logs. */
  protected readonly removalPolicy: RemovalPolicy;
  readonly #name: StackName;

  /**
   * @param id prefixed with the project and the environment to form the stack's name
   * @param description appears in CloudFormation after the environment's name
   */
  constructor(scope: Construct, id: StackName, { deployment }: ProjectStackProps, description: string) {
    const { names, settings, sizing, environment } = deployment;
    const tags = {
      Project: settings.projectName,
      Environment: environment,
      Stack: id,
      ManagedBy: 'cdk',
    };
    super(scope, `${names.prefix}-${id}`, {
      description: `Callback handler, ${environment}: ${description}`,
      env: { region: settings.region, ...(settings.account !== undefined && { account: settings.account }) },
      // The stacks have no assets, so the account does not need to be bootstrapped.
      synthesizer: new BootstraplessSynthesizer(),
      terminationProtection: sizing.production,
      suppressTemplateIndentation: true,
      tags,
    });
    this.#name = id;
    this.deployment = deployment;
    // If the first deployment fails, even retained resources are deleted, so their names are free for the next attempt.
    this.removalPolicy = sizing.production ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY;
    for (const [key, value] of Object.entries(tags))
      Tags.of(this).add(key, value, { excludeResourceTypes: TAGGED_BY_STACK });
  }

  /** Comes from the settings, so that synthesis does not look anything up in an AWS account. */
  override get availabilityZones(): string[] {
    return [...this.zones()];
  }

  /** The template, in which each value from another stack is a parameter. */
  protected override _toCloudFormation(): unknown {
    const stacks = this.node.root.node.children.filter((child) => child instanceof ProjectStack);
    const byName = new Map(stacks.map((stack) => [stack.#name, stack]));
    return withParameters(super._toCloudFormation() as Record<string, never>, this, byName);
  }

  /** Zones relative to the region, because validators report that literal names tie the template to one region. */
  protected zones(): readonly [string, string] {
    const { region, availabilityZones } = this.deployment.settings;
    const relative = (zone: string): string => Fn.sub(`\${AWS::Region}${zone.slice(region.length)}`);
    return [relative(availabilityZones[0]), relative(availabilityZones[1])];
  }

  protected bucketName(purpose: Parameters<typeof bucketName>[1]): string {
    return bucketName(this.deployment.names, purpose, this.account, this.region);
  }

  protected bucketArn(purpose: Parameters<typeof bucketName>[1]): string {
    return `arn:${this.partition}:s3:::${this.bucketName(purpose)}`;
  }

  /** ARN of a resource in this account and region, whether or not it exists yet. */
  protected arn(service: string, resource: string): string {
    return `arn:${this.partition}:${service}:${this.region}:${this.account}:${resource}`;
  }

  /** ARN of the function's alias, which is what is invoked. */
  protected functionArn(): string {
    return this.arn('lambda', `function:${this.deployment.names.function}:${FUNCTION_ALIAS}`);
  }

  protected parameterArns(): string[] {
    return Object.values(this.deployment.names.parameters).map((name) => this.arn('ssm', `parameter${name}`));
  }

  /**
   * Suppresses findings from the AwsSolutions rule pack.
   * @param findings such as `IAM5[Resource::*]`
   */
  protected acknowledge(construct: IConstruct, findings: string[], reason: string): void {
    for (const finding of findings) {
      Validations.of(construct).acknowledge({ id: `AwsSolutions::AwsSolutions-${finding}`, reason });
    }
  }

  /** The finding about a permission for ARNs with a wildcard. */
  protected wildcard(arn: string): string {
    const account = Token.isUnresolved(this.account) ? '<AWS::AccountId>' : this.account;
    return `IAM5[Resource::${arn.replace(this.account, account)}]`;
  }

  /**
   * Logs access to a bucket. The construct's `serverAccessLogsBucket` property would name the bucket in the log
   * bucket's policy, which belongs to another stack.
   */
  protected enableAccessLogs(bucket: s3.Bucket, logBucket: s3.IBucket): void {
    const resource = bucket.node.defaultChild as s3.CfnBucket;
    resource.loggingConfiguration = {
      destinationBucketName: logBucket.bucketName,
      logFilePrefix: `buckets/${bucket.node.id.toLowerCase()}/`,
    };
  }

  /** Imports a security group as immutable, so that constructs can't add rules; all rules are in the security stack. */
  protected importSecurityGroup(id: string, securityGroupId: string): ec2.ISecurityGroup {
    return ec2.SecurityGroup.fromSecurityGroupId(this, id, securityGroupId, { mutable: false });
  }

  /** @param logGroup name of the only log group that the task writes to */
  protected createExecutionRole(logGroup: string): iam.Role {
    const { repository } = this.deployment.names;
    const logStreams = this.arn('logs', `log-group:${logGroup}:log-stream:*`);
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
    this.acknowledge(
      role,
      [this.wildcard(logStreams)],
      'Each task writes to its own log stream in this one log group.',
    );
    return role;
  }

  /** A role for tasks of ECS in this account and region. */
  protected createRole(id: string, description: string, statements: iam.PolicyStatement[]): iam.Role {
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

  /** A log group that is encrypted, expires, and in prod is kept with its stack deleted. */
  protected createLogGroup(id: string, logGroupName: string, encryptionKey: kms.IKey): logs.LogGroup {
    return new logs.LogGroup(this, id, {
      logGroupName,
      retention: RETENTION[this.deployment.sizing.retentionDays],
      encryptionKey,
      removalPolicy: this.removalPolicy,
    });
  }

  /**
   * A log group of a stack that a change of settings may delete and create again. If prod has kept it, it is used as it
   * is: the deploy command says so with a parameter.
   */
  protected createReusableLogGroup(id: string, name: string, encryptionKey: kms.IKey): logs.ILogGroup {
    const group = this.createLogGroup(id, name, encryptionKey);
    return this.deployment.sizing.production ? unlessKept(this, group, name) : group;
  }

  /** The stack's parameter with the image to run. */
  protected createImageTag(): string {
    return new CfnParameter(this, 'ImageTag', {
      description: 'Tag of the image to run: a git revision',
      allowedPattern: '[A-Za-z0-9_][A-Za-z0-9._-]{0,127}',
      constraintDescription: 'must be the tag of an image in the repository',
    }).valueAsString;
  }
}
