// Resources with a fixed name. CloudFormation creates a new resource before it deletes the old one, so that it can neither
// create one whose name is taken nor replace one under the same name.
import { DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { BatchGetProjectsCommand } from '@aws-sdk/client-codebuild';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { DescribeRepositoriesCommand } from '@aws-sdk/client-ecr';
import { DescribeClustersCommand } from '@aws-sdk/client-ecs';
import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { GetFunctionCommand } from '@aws-sdk/client-lambda';
import { HeadBucketCommand } from '@aws-sdk/client-s3';
import { isObject } from '../../infra/settings/json.js';
import type { Aws } from '../aws/clients.js';
import { isAwsError } from '../aws/error.js';
import type { Session } from '../aws/session.js';
import type { DeployedStack } from '../aws/stack.js';
import { isKeptLog } from './kept-log.js';
import type { TemplateBody } from './templates.js';

interface NamedType {
  /** The property with the name. */
  readonly property: string;
  /** Whether a resource of that name exists. Undefined for names that are only taken if their stack exists as well. */
  readonly exists?: (aws: Aws, name: string) => Promise<boolean>;
}

/** Every type of which a name is unique within the account and region, and that the stacks name. */
export const NAMED_TYPES: Readonly<Record<string, NamedType>> = {
  'AWS::ApplicationAutoScaling::ScalingPolicy': { property: 'PolicyName' },
  'AWS::CloudWatch::Alarm': { property: 'AlarmName' },
  'AWS::CloudWatch::Dashboard': { property: 'DashboardName' },
  'AWS::CodeBuild::Project': {
    property: 'Name',
    exists: async ({ codebuild }, name) => {
      const { projects = [] } = await codebuild.send(new BatchGetProjectsCommand({ names: [name] }));
      return projects.length > 0;
    },
  },
  'AWS::DynamoDB::Table': {
    property: 'TableName',
    exists: ({ dynamodb }, TableName) => found(dynamodb.send(new DescribeTableCommand({ TableName }))),
  },
  'AWS::ECR::Repository': {
    property: 'RepositoryName',
    exists: ({ ecr }, name) => found(ecr.send(new DescribeRepositoriesCommand({ repositoryNames: [name] }))),
  },
  'AWS::ECS::Cluster': {
    property: 'ClusterName',
    exists: async ({ ecs }, name) => {
      const { clusters = [] } = await ecs.send(new DescribeClustersCommand({ clusters: [name] }));
      return clusters.some(({ status }) => status === 'ACTIVE');
    },
  },
  'AWS::ECS::Service': { property: 'ServiceName' },
  'AWS::ElasticLoadBalancingV2::LoadBalancer': {
    property: 'Name',
    exists: ({ elb }, name) => found(elb.send(new DescribeLoadBalancersCommand({ Names: [name] }))),
  },
  'AWS::ElasticLoadBalancingV2::TargetGroup': {
    property: 'Name',
    exists: ({ elb }, name) => found(elb.send(new DescribeTargetGroupsCommand({ Names: [name] }))),
  },
  'AWS::KMS::Alias': { property: 'AliasName' },
  'AWS::Lambda::Function': {
    property: 'FunctionName',
    exists: ({ lambda }, FunctionName) => found(lambda.send(new GetFunctionCommand({ FunctionName }))),
  },
  'AWS::Logs::LogGroup': {
    property: 'LogGroupName',
    exists: async ({ logs }, name) => {
      const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: name }));
      return logGroups.some(({ logGroupName }) => logGroupName === name);
    },
  },
  'AWS::S3::Bucket': {
    property: 'BucketName',
    exists: ({ s3 }, Bucket) => found(s3.send(new HeadBucketCommand({ Bucket }))),
  },
  'AWS::SNS::Topic': { property: 'TopicName' },
};

type Resource = NonNullable<TemplateBody['Resources']>[string];

/** @returns the fixed name of a resource, as in the template; undefined if AWS chooses one */
export function nameOf({ Type, Properties = {} }: Pick<Resource, 'Type' | 'Properties'>): unknown {
  const property = NAMED_TYPES[Type]?.property;
  return property === undefined ? undefined : Properties[property];
}

/**
 * @param deployed the stacks
 * @returns one line for each resource of a template whose name is taken, except log groups that can be used as they are
 */
export async function takenNames(
  session: Session,
  { Resources = {} }: TemplateBody,
  deployed: ReadonlyMap<string, DeployedStack>,
): Promise<readonly string[]> {
  const { aws, account, names } = session;
  const lines = await Promise.all(
    Object.values(Resources).map(async (resource) => {
      const name = resolveName(nameOf(resource), account);
      // An earlier stack's last metrics make this group again: it is deleted when the stack is created.
      if (name === undefined || name === names.logGroups.containerInsights) return [];
      if (await isKeptLog(session, resource, deployed)) return [];
      const isTaken = await NAMED_TYPES[resource.Type]?.exists?.(aws, name);
      return isTaken === true ? [`${resource.Type} ${name}`] : [];
    }),
  );
  return lines.flat();
}

/** A name is a text, or a text with the account's number in it. */
function resolveName(name: unknown, account: string): string | undefined {
  if (typeof name === 'string') return name;
  if (!isObject(name) || !Array.isArray(name['Fn::Join'])) return undefined;
  const [, parts] = name['Fn::Join'] as [string, readonly unknown[]];
  return parts.map((part) => (typeof part === 'string' ? part : account)).join('');
}

/** @throws whatever other reason there is that the call fails */
async function found(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    // Somebody else's bucket.
    if (isAwsError(error, '403', 'Forbidden')) return true;
    const isMissing = isAwsError(
      error,
      'LoadBalancerNotFound',
      'LoadBalancerNotFoundException',
      'NotFound',
      'RepositoryNotFoundException',
      'ResourceNotFoundException',
      'TargetGroupNotFound',
      'TargetGroupNotFoundException',
    );
    if (isMissing) return false;
    throw error;
  }
}
