// What CloudFormation calls to create, read, update and delete all resources but those of the network: the permissions of
// the handlers in the schemas of the resource types, without those of properties that the templates do not have.
import {
  ACCOUNT,
  arn,
  KEY,
  linkedRole,
  passRole,
  REGION,
  type ResourceType,
  TAGGED,
  text,
  withKey,
} from './resource-type.js';

const ROLE = `arn:aws:iam::${ACCOUNT}:role/PROJECT-ENVIRONMENT-image-BuildRole41B77417-ABCDEFGHIJKLM`;
const CLUSTER = 'fireblocks-callback-cluster-ENVIRONMENT';

const of = (service: string, ...actions: readonly string[]): string[] =>
  actions.map((action) => `${service}:${action}`);

/** The buckets' names contain the account, which a template refers to. */
const bucket = (): string => `arn:aws:s3:::PROJECT-ENVIRONMENT-archive-${ACCOUNT}-${REGION}`;

const scaling: Pick<ResourceType, 'arn'> = {
  arn: () => arn('application-autoscaling', 'scalable-target/any'),
};

export const SERVICE_TYPES: Readonly<Record<string, ResourceType>> = {
  'AWS::S3::Bucket': {
    arn: bucket,
    // The reads of all properties, which drift detection and updates make.
    read: of(
      's3',
      ...['GetAccelerateConfiguration', 'GetAnalyticsConfiguration', 'GetBucketCORS', 'GetBucketLogging'],
      ...['GetBucketMetadataTableConfiguration', 'GetBucketNotification', 'GetBucketObjectLockConfiguration'],
      ...['GetBucketOwnershipControls', 'GetBucketPublicAccessBlock', 'GetBucketTagging'],
      ...['GetBucketVersioning', 'GetBucketWebsite', 'GetEncryptionConfiguration'],
      ...['GetIntelligentTieringConfiguration', 'GetInventoryConfiguration', 'GetLifecycleConfiguration'],
      ...['GetMetricsConfiguration', 'GetReplicationConfiguration', 'ListBucket'],
    ),
    write: of(
      's3',
      ...['CreateBucket', 'DeleteBucket', 'PutBucketLogging', 'PutBucketObjectLockConfiguration'],
      ...['PutBucketOwnershipControls', 'PutBucketPublicAccessBlock', 'PutBucketTagging'],
      ...['PutBucketVersioning', 'PutEncryptionConfiguration', 'PutLifecycleConfiguration'],
    ),
  },
  'AWS::S3::BucketPolicy': {
    arn: bucket,
    read: of('s3', 'GetBucketPolicy'),
    write: of('s3', 'DeleteBucketPolicy', 'PutBucketPolicy'),
  },
  'AWS::KMS::Key': {
    arn: () => KEY,
    read: of('kms', 'DescribeKey', 'GetKeyPolicy', 'GetKeyRotationStatus', 'ListResourceTags'),
    write: of('kms', 'EnableKeyRotation', 'TagResource'),
    also: [
      { action: 'kms:CreateKey', resource: '*' },
      // Not what follows the creation at once, because it takes minutes until KMS knows the tags of a new key.
      ...of(
        'kms',
        ...['DisableKey', 'EnableKey', 'PutKeyPolicy', 'ScheduleKeyDeletion', 'UntagResource'],
        'UpdateKeyDescription',
      ).map((action) => ({ action, resource: KEY, context: TAGGED })),
    ],
  },
  'AWS::KMS::Alias': {
    arn: ({ AliasName }) => arn('kms', text(AliasName)),
    read: [],
    write: of('kms', 'CreateAlias', 'DeleteAlias', 'UpdateAlias'),
    also: [
      { action: 'kms:ListAliases', resource: '*' },
      // An alias is authorized for its key as well.
      ...of('kms', 'CreateAlias', 'DeleteAlias', 'UpdateAlias').map((action) => ({ action, resource: KEY })),
    ],
  },
  'AWS::DynamoDB::Table': {
    arn: ({ TableName }) => arn('dynamodb', `table/${text(TableName)}`),
    read: of(
      'dynamodb',
      ...['DescribeContinuousBackups', 'DescribeContributorInsights', 'DescribeKinesisStreamingDestination'],
      ...['DescribeTable', 'DescribeTimeToLive', 'GetResourcePolicy', 'ListTagsOfResource'],
    ),
    write: of(
      'dynamodb',
      ...['CreateTable', 'DeleteTable', 'TagResource', 'UntagResource', 'UpdateContinuousBackups'],
      ...['UpdateContributorInsights', 'UpdateTable', 'UpdateTimeToLive'],
    ),
    also: withKey('dynamodb', 'CreateGrant', 'Decrypt', 'DescribeKey', 'Encrypt', 'RevokeGrant'),
  },
  'AWS::IAM::Role': {
    arn: () => ROLE,
    read: of('iam', 'GetRole', 'GetRolePolicy', 'ListAttachedRolePolicies', 'ListRolePolicies'),
    write: of(
      'iam',
      ...['CreateRole', 'DeleteRole', 'DeleteRolePolicy', 'PutRolePolicy', 'TagRole', 'UntagRole'],
      ...['UpdateAssumeRolePolicy', 'UpdateRole', 'UpdateRoleDescription'],
    ),
  },
  'AWS::IAM::Policy': {
    arn: () => ROLE,
    read: of('iam', 'GetRolePolicy'),
    write: of('iam', 'DeleteRolePolicy', 'PutRolePolicy'),
  },
  'AWS::IAM::InstanceProfile': {
    arn: (_, stack) => `arn:aws:iam::${ACCOUNT}:instance-profile/${stack}-InstanceProfile-ABCDEFGHIJKLM`,
    read: of('iam', 'GetInstanceProfile'),
    write: of(
      'iam',
      ...['AddRoleToInstanceProfile', 'CreateInstanceProfile', 'DeleteInstanceProfile'],
      'RemoveRoleFromInstanceProfile',
    ),
    also: [passRole('ec2')],
  },
  'AWS::ECR::Repository': {
    arn: ({ RepositoryName }) => arn('ecr', `repository/${text(RepositoryName)}`),
    read: of(
      'ecr',
      ...['DescribeRepositories', 'GetLifecyclePolicy', 'GetRepositoryPolicy', 'ListTagsForResource'],
    ),
    write: of(
      'ecr',
      ...['CreateRepository', 'DeleteLifecyclePolicy', 'DeleteRepository', 'DeleteRepositoryPolicy'],
      ...['PutImageScanningConfiguration', 'PutImageTagMutability', 'PutLifecyclePolicy'],
      ...['SetRepositoryPolicy', 'TagResource', 'UntagResource'],
    ),
    also: withKey('ecr', 'CreateGrant', 'DescribeKey', 'RetireGrant'),
  },
  // A type without a schema: from the documentation of CodeBuild.
  'AWS::CodeBuild::Project': {
    arn: ({ Name }) => arn('codebuild', `project/${text(Name)}`),
    read: of('codebuild', 'BatchGetProjects'),
    write: of('codebuild', 'CreateProject', 'DeleteProject', 'UpdateProject'),
    also: [passRole('codebuild')],
  },
  'AWS::ECS::Cluster': {
    arn: ({ ClusterName }) => arn('ecs', `cluster/${text(ClusterName)}`),
    read: of('ecs', 'DescribeClusters', 'ListTagsForResource'),
    write: of(
      'ecs',
      ...['DeleteCluster', 'TagResource', 'UntagResource', 'UpdateCluster', 'UpdateClusterSettings'],
    ),
    also: [{ action: 'ecs:CreateCluster', resource: '*' }, linkedRole('ecs')],
  },
  'AWS::ECS::Service': {
    arn: ({ ServiceName }) => arn('ecs', `service/${CLUSTER}/${text(ServiceName)}`),
    read: of('ecs', 'DescribeServices', 'ListServiceDeployments', 'ListTagsForResource'),
    write: of('ecs', 'CreateService', 'DeleteService', 'TagResource', 'UntagResource', 'UpdateService'),
    also: [
      ...of('ecs', 'DescribeServiceDeployments', 'StopServiceDeployment').map((action) => ({
        action,
        resource: arn('ecs', `service-deployment/${CLUSTER}/callback-handler-service/any`),
      })),
      // Alarms that roll a deployment back.
      { action: 'cloudwatch:DescribeAlarms', resource: arn('cloudwatch', 'alarm:any') },
    ],
  },
  'AWS::ECS::TaskDefinition': {
    arn: ({ Family }) => arn('ecs', `task-definition/${text(Family)}:1`),
    read: of('ecs', 'DescribeTaskDefinition', 'ListTagsForResource'),
    write: of('ecs', 'TagResource', 'UntagResource'),
    also: [
      ...of('ecs', 'DeregisterTaskDefinition', 'RegisterTaskDefinition').map((action) => ({
        action,
        resource: '*',
      })),
      { action: 'iam:GetRole', resource: ROLE },
      passRole('ecs-tasks'),
    ],
  },
  'AWS::ApplicationAutoScaling::ScalableTarget': {
    ...scaling,
    read: of(
      'application-autoscaling',
      'DescribeScalableTargets',
      'DescribeScheduledActions',
      'ListTagsForResource',
    ),
    write: of(
      'application-autoscaling',
      ...['DeregisterScalableTarget', 'RegisterScalableTarget', 'TagResource', 'UntagResource'],
    ),
    also: [linkedRole('ecs.application-autoscaling')],
  },
  'AWS::ApplicationAutoScaling::ScalingPolicy': {
    ...scaling,
    read: of('application-autoscaling', 'DescribeScalingPolicies'),
    write: of('application-autoscaling', 'DeleteScalingPolicy', 'PutScalingPolicy'),
    also: [{ action: 'cloudwatch:GetMetricData', resource: '*' }],
  },
  'AWS::Logs::LogGroup': {
    arn: ({ LogGroupName }) => arn('logs', `log-group:${text(LogGroupName)}`),
    read: of('logs', 'DescribeLogGroups', 'GetDataProtectionPolicy', 'ListTagsForResource'),
    write: of(
      'logs',
      ...['AssociateKmsKey', 'CreateLogGroup', 'DeleteDataProtectionPolicy', 'DeleteLogGroup'],
      ...[
        'DeleteRetentionPolicy',
        'DisassociateKmsKey',
        'PutRetentionPolicy',
        'TagResource',
        'UntagResource',
      ],
    ),
  },
  'AWS::Logs::MetricFilter': {
    arn: () => arn('logs', 'log-group:/ecs/callback-handler/ENVIRONMENT:*'),
    read: of('logs', 'DescribeMetricFilters'),
    write: of('logs', 'DeleteMetricFilter', 'PutMetricFilter'),
  },
  'AWS::Logs::QueryDefinition': {
    arn: () => '*',
    read: of('logs', 'DescribeQueryDefinitions'),
    write: of('logs', 'DeleteQueryDefinition', 'PutQueryDefinition'),
  },
  'AWS::CloudWatch::Alarm': {
    arn: ({ AlarmName }) => arn('cloudwatch', `alarm:${text(AlarmName)}`),
    read: of('cloudwatch', 'DescribeAlarms', 'ListTagsForResource'),
    write: of('cloudwatch', 'DeleteAlarms', 'PutMetricAlarm', 'TagResource', 'UntagResource'),
  },
  'AWS::CloudWatch::Dashboard': {
    arn: ({ DashboardName }) => `arn:aws:cloudwatch::${ACCOUNT}:dashboard/${text(DashboardName)}`,
    read: of('cloudwatch', 'GetDashboard'),
    write: of('cloudwatch', 'DeleteDashboards', 'PutDashboard'),
  },
  'AWS::SNS::Topic': {
    arn: (_, stack) => arn('sns', `${stack}-Topic-ABCDEFGHIJKL`),
    read: of(
      'sns',
      ...['GetDataProtectionPolicy', 'GetTopicAttributes', 'ListSubscriptionsByTopic', 'ListTagsForResource'],
    ),
    write: of('sns', 'CreateTopic', 'DeleteTopic', 'SetTopicAttributes', 'TagResource', 'UntagResource'),
  },
  'AWS::SNS::TopicPolicy': {
    arn: (_, stack) => arn('sns', `${stack}-Topic-ABCDEFGHIJKL`),
    read: [],
    write: of('sns', 'SetTopicAttributes'),
  },
  // A type without a schema: from the documentation of SNS.
  'AWS::SNS::Subscription': {
    arn: (_, stack) => arn('sns', `${stack}-Topic-ABCDEFGHIJKL`),
    read: of('sns', 'GetSubscriptionAttributes', 'ListSubscriptionsByTopic'),
    write: of('sns', 'SetSubscriptionAttributes', 'Subscribe', 'Unsubscribe'),
  },
};
