// The handler as a Lambda function: its role, log, image, versions and alias, and the metrics and queries of its log.
import { CfnCondition, CfnOutput, CfnParameter, Duration, Fn, RemovalPolicy } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { FUNCTION_TIMEOUT_MS } from '../../src/timeouts.js';
import { createMetricFilters } from '../monitoring/metrics.js';
import { saveQueries } from '../monitoring/queries.js';
import { ARCHIVE_PREFIX, FUNCTION_ALIAS, LIVE_VERSION, type StackName } from '../names.js';
import type { Network } from './foundation.js';
import { handlerStatements } from './handler-permissions.js';
import { ProjectStack, type ProjectStackProps } from './project-stack.js';
import type { SecurityGroupIds } from './security.js';
import { handlerEnvironment } from './service-environment.js';
import type { Store } from './store.js';

export interface FunctionStackProps extends ProjectStackProps {
  /** The network that the function reaches AWS services through. */
  readonly network: Network;
  readonly securityGroupIds: SecurityGroupIds;
  /** Encrypts parameters, the policy bucket and the log. */
  readonly key: kms.IKey;
  readonly policyBucket: s3.IBucket;
  /** The handler's memory. */
  readonly store: Store;
}

export const FUNCTION_TIMEOUT = Duration.millis(FUNCTION_TIMEOUT_MS);

/** What Lambda does with the role to connect the function to the VPC (AWS Lambda, "Required IAM permissions"). */
const NETWORK_INTERFACE_ACTIONS = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

export class FunctionStack extends ProjectStack {
  readonly alias: lambda.Alias;

  constructor(scope: Construct, id: StackName, props: FunctionStackProps) {
    super(scope, id, props, 'function and its log');
    const { names } = this.deployment;
    const imageTag = this.createImageTag();
    const logGroup = this.createReusableLogGroup('Log', names.logGroups.function, props.key);
    createMetricFilters(this, logGroup, names.metrics);
    saveQueries(this, `${names.prefix}-function`, logGroup);
    const handler = this.createFunction(props, imageTag, logGroup);
    this.alias = this.createAlias(handler);

    new CfnOutput(this, 'FunctionName', {
      value: handler.functionName,
      description: 'Use with: aws lambda get-function --function-name',
    });
    new CfnOutput(this, 'FunctionAliasArn', {
      value: this.functionArn(),
      description: `Use with: aws lambda invoke --function-name`,
    });
    new CfnOutput(this, 'LogGroupName', {
      value: names.logGroups.function,
      description: 'Use with: aws logs tail --follow',
    });
  }

  private createFunction(
    props: FunctionStackProps,
    imageTag: string,
    logGroup: logs.ILogGroup,
  ): lambda.Function {
    const { names, settings, sizing } = this.deployment;
    const { network, securityGroupIds, policyBucket, store } = props;
    const role = this.createFunctionRole(props);
    // By its name, so that the CDK does not extend the repository's policy.
    const repository = ecr.Repository.fromRepositoryName(this, 'Repository', names.repository);
    const reserved = settings.lambda?.reservedConcurrency;
    const handler = new lambda.DockerImageFunction(this, 'Function', {
      functionName: names.function,
      description: `Callback handler, ${this.deployment.environment}`,
      code: lambda.DockerImageCode.fromEcr(repository, { tagOrDigest: imageTag }),
      architecture:
        settings.architecture === 'arm64' ? lambda.Architecture.ARM_64 : lambda.Architecture.X86_64,
      memorySize: sizing.functionMemoryMiB,
      timeout: FUNCTION_TIMEOUT,
      // By its ARN, so that the function depends on the policy, which comes after the role.
      role: iam.Role.fromRoleArn(this, 'Role', role.roleArn, { mutable: false }),
      vpc: network.vpc,
      vpcSubnets: { subnets: [...network.privateSubnets] },
      securityGroups: [this.importSecurityGroup('Group', securityGroupIds.task)],
      environment: handlerEnvironment(this.deployment, policyBucket, store),
      logGroup,
      ...(reserved !== undefined && { reservedConcurrentExecutions: reserved }),
      currentVersionOptions: {
        description: describeVersion(imageTag, props),
        // The version before stays in use until the new one was checked. Versions cost nothing.
        removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      },
    });
    // Lambda connects the function to the VPC, with the role's permissions, as soon as it is created.
    handler.node.addDependency(role.node.findChild('DefaultPolicy'));
    return handler;
  }

  /** Names the version that the load balancer or the API calls. */
  private createAlias(handler: lambda.Function): lambda.Alias {
    const provisioned = this.deployment.settings.lambda?.provisionedConcurrency ?? 0;
    const alias = new lambda.Alias(this, 'Alias', {
      aliasName: FUNCTION_ALIAS,
      version: handler.currentVersion,
      ...(provisioned > 0 && { provisionedConcurrentExecutions: provisioned }),
    });
    const { valueAsString } = new CfnParameter(this, LIVE_VERSION, {
      description: 'Version that is called while a newer one is checked; empty for the newest',
      allowedPattern: '[0-9]*',
      default: '',
    });
    const callsNewest = new CfnCondition(this, 'CallsNewest', {
      expression: Fn.conditionEquals(valueAsString, ''),
    });
    const resource = alias.node.defaultChild as lambda.CfnAlias;
    resource.functionVersion = Fn.conditionIf(
      callsNewest.logicalId,
      handler.currentVersion.version,
      valueAsString,
    ).toString();
    return alias;
  }

  /**
   * Without conditions on who assumes it: Lambda does not document that it sends `aws:SourceArn` when it does. A function
   * of another account can't have the role, because a role can be passed only within its account.
   */
  private createFunctionRole({ key, store }: FunctionStackProps): iam.Role {
    const { names } = this.deployment;
    const buckets = { policies: this.bucketArn('policy'), archive: this.bucketArn('archive') };
    const logStreams = this.arn('logs', `log-group:${names.logGroups.function}:log-stream:*`);
    const role = new iam.Role(this, 'FunctionRole', {
      description: 'Callback handler: reads its keys and its policy, and keeps its store',
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    });
    for (const statement of [
      ...handlerStatements({ parameters: this.parameterArns(), key, buckets, store }),
      new iam.PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logStreams],
      }),
      new iam.PolicyStatement({ actions: NETWORK_INTERFACE_ACTIONS, resources: ['*'] }),
      // Lambda manages network interfaces from outside. What runs in the function must not.
      new iam.PolicyStatement({
        effect: iam.Effect.DENY,
        actions: NETWORK_INTERFACE_ACTIONS,
        resources: ['*'],
        conditions: {
          ArnEquals: { 'lambda:SourceFunctionArn': this.arn('lambda', `function:${names.function}`) },
        },
      }),
    ]) {
      role.addToPolicy(statement);
    }
    this.acknowledge(
      role,
      [this.wildcard(logStreams)],
      'Each environment writes to its own log stream in this one log group.',
    );
    this.acknowledge(
      role,
      ['IAM5[Resource::*]'],
      'Network interfaces that do not exist yet have no ARN. What runs in the function is denied these actions.',
    );
    this.acknowledge(
      role,
      [this.wildcard(`${buckets.policies}/*`), this.wildcard(`${buckets.archive}/${ARCHIVE_PREFIX}/*`)],
      'A policy may name any object of its bucket. Object Lock keeps the role from replacing records in the archive.',
    );
    return role;
  }
}

/**
 * Names the parameters that the function depends on: another value is no change of the template, but must be another
 * version. With the longest tag it has 221 of the 256 characters that Lambda accepts.
 */
function describeVersion(imageTag: string, { network, securityGroupIds }: FunctionStackProps): string {
  const subnets = network.privateSubnets.map(({ subnetId }) => subnetId).join(' ');
  return `Image ${imageTag}, group ${securityGroupIds.task}, subnets ${subnets}`;
}
