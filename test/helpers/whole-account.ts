// Completes an emulated deployment with what moto_server's CloudFormation does not create, so that it looks as AWS would:
// a private zone, DNS, backups, Object Lock, alarms, a subscription, an image; and by replies, a running task.
import { CloudWatchClient, PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient, UpdateContinuousBackupsCommand } from '@aws-sdk/client-dynamodb';
import { EC2Client, ModifyVpcAttributeCommand } from '@aws-sdk/client-ec2';
import { ECRClient } from '@aws-sdk/client-ecr';
import { ECSClient } from '@aws-sdk/client-ecs';
import {
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  ElasticLoadBalancingV2Client,
  type Listener,
  type LoadBalancer,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  AssociateVPCWithHostedZoneCommand,
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  Route53Client,
} from '@aws-sdk/client-route-53';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { ListTopicsCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { clientOptions, NAMES } from './aws.js';
import { type AwsCall, type AwsReply, json, xml } from './aws-proxy.js';
import { putImage } from './codebuild.js';
import { REGION } from './operator.js';

export const ARCHIVE = `${NAMES.prefix}-archive-123456789012-${REGION}`;
export const EMAIL = 'ops@example.com';

export type Clients = ReturnType<typeof clientsAt>;

export function clientsAt(endpoint: string) {
  const options = clientOptions(endpoint);
  return {
    cloudwatch: new CloudWatchClient(options),
    dynamodb: new DynamoDBClient(options),
    ec2: new EC2Client(options),
    ecr: new ECRClient(options),
    ecs: new ECSClient(options),
    elb: new ElasticLoadBalancingV2Client(options),
    route53: new Route53Client(options),
    s3: new S3Client({ ...options, forcePathStyle: true }),
    sns: new SNSClient(options),
  };
}

/** What a test changes. */
export interface WholeAccount {
  readonly zone: string;
  readonly topic: string;
  readonly vpc: string;
  readonly loadBalancer: LoadBalancer;
  readonly listener: Listener;
  readonly changeRecord: (action: 'UPSERT' | 'DELETE') => Promise<void>;
  readonly subscribe: () => Promise<string | undefined>;
  readonly protectTable: (on: boolean) => Promise<void>;
  /** @param ActionsEnabled whether anybody is notified */
  readonly putAlarm: (ActionsEnabled: boolean) => Promise<void>;
  readonly lock: (days: number) => Promise<void>;
}

/** @param tag of the image that the service runs */
export async function completeAccount(
  endpoint: string,
  tag: string,
  otherVpc: string,
): Promise<WholeAccount> {
  const clients = clientsAt(endpoint);
  const { LoadBalancers = [] } = await clients.elb.send(new DescribeLoadBalancersCommand({}));
  const [loadBalancer] = LoadBalancers;
  const { Listeners = [] } = await clients.elb.send(
    new DescribeListenersCommand({ LoadBalancerArn: loadBalancer?.LoadBalancerArn }),
  );
  const [listener] = Listeners;
  if (loadBalancer === undefined || listener === undefined) throw new Error('not deployed');
  const vpc = loadBalancer.VpcId ?? '';
  const zone = await createZone(clients, vpc, otherVpc);
  await clients.ec2.send(new ModifyVpcAttributeCommand({ VpcId: vpc, EnableDnsHostnames: { Value: true } }));
  await createArchive(clients);
  await putImage(endpoint, tag);
  const { Topics = [] } = await clients.sns.send(new ListTopicsCommand({}));
  const account = changesOf(clients, { zone, topic: Topics[0]?.TopicArn ?? '', vpc, loadBalancer, listener });
  await account.changeRecord('UPSERT');
  await account.subscribe();
  await account.protectTable(true);
  await account.lock(400);
  await account.putAlarm(true);
  return account;
}

type Ids = Pick<WholeAccount, 'zone' | 'topic' | 'vpc' | 'loadBalancer' | 'listener'>;

function changesOf({ cloudwatch, route53, sns, dynamodb, s3 }: Clients, ids: Ids): WholeAccount {
  const { zone, loadBalancer, topic } = ids;
  return {
    ...ids,
    async changeRecord(Action) {
      const AliasTarget = {
        HostedZoneId: loadBalancer.CanonicalHostedZoneId,
        DNSName: `dualstack.${loadBalancer.DNSName ?? ''}`,
        EvaluateTargetHealth: false,
      };
      const ResourceRecordSet = { Name: 'callback.internal', Type: 'A', AliasTarget } as const;
      await route53.send(
        new ChangeResourceRecordSetsCommand({
          HostedZoneId: zone,
          ChangeBatch: { Changes: [{ Action, ResourceRecordSet }] },
        }),
      );
    },
    async subscribe() {
      const subscription = { TopicArn: topic, Protocol: 'email', Endpoint: EMAIL };
      return (await sns.send(new SubscribeCommand(subscription))).SubscriptionArn;
    },
    async protectTable(PointInTimeRecoveryEnabled) {
      await dynamodb.send(
        new UpdateContinuousBackupsCommand({
          TableName: NAMES.table,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled },
        }),
      );
    },
    async putAlarm(ActionsEnabled) {
      const alarm = {
        AlarmName: `${NAMES.prefix}-errors`,
        ActionsEnabled,
        Namespace: NAMES.metrics,
        MetricName: 'Errors',
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanThreshold',
      } as const;
      await cloudwatch.send(new PutMetricAlarmCommand(alarm));
    },
    async lock(Days) {
      await s3.send(
        new PutObjectLockConfigurationCommand({
          Bucket: ARCHIVE,
          ObjectLockConfiguration: {
            ObjectLockEnabled: 'Enabled',
            Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days } },
          },
        }),
      );
    },
  };
}

/** @param otherVpc keeps the zone when it is detached from ours */
async function createZone({ route53 }: Clients, VPCId: string, otherVpc: string): Promise<string> {
  const { HostedZone } = await route53.send(
    new CreateHostedZoneCommand({
      Name: 'callback.internal',
      CallerReference: 'test',
      HostedZoneConfig: { PrivateZone: true },
      VPC: { VPCRegion: REGION, VPCId },
    }),
  );
  const zone = HostedZone?.Id ?? '';
  await route53.send(
    new AssociateVPCWithHostedZoneCommand({
      HostedZoneId: zone,
      VPC: { VPCRegion: REGION, VPCId: otherVpc },
    }),
  );
  return zone;
}

/** moto's CloudFormation creates the bucket without versions, and Object Lock is turned on at creation only. */
async function createArchive({ s3 }: Clients): Promise<void> {
  await s3.send(new DeleteBucketCommand({ Bucket: ARCHIVE }));
  await s3.send(
    new CreateBucketCommand({
      Bucket: ARCHIVE,
      ObjectLockEnabledForBucket: true,
      CreateBucketConfiguration: { LocationConstraint: REGION },
    }),
  );
  await s3.send(
    new PutBucketVersioningCommand({ Bucket: ARCHIVE, VersioningConfiguration: { Status: 'Enabled' } }),
  );
}

/** A service whose tasks run. */
export interface Running {
  /** State of its target. */
  health: 'healthy' | 'unhealthy' | 'initial';
}

/** @returns a reply to calls about tasks, which moto does not run */
export function runTask(call: AwsCall, { health }: Running): AwsReply | undefined {
  if (call.action === 'ListTasks') return json({ taskArns: ['arn:aws:ecs:task/one'] });
  if (call.action !== 'DescribeTargetHealth') return undefined;
  return xml(
    call,
    `<TargetHealthDescriptions><member><Target><Id>10.0.1.7</Id><Port>3000</Port><AvailabilityZone>${REGION}a</AvailabilityZone></Target><TargetHealth><State>${health}</State></TargetHealth></member></TargetHealthDescriptions>`,
  );
}

/** @returns moto's reply, in which all tasks run */
export function runService({ action }: AwsCall, { body }: AwsReply): AwsReply | undefined {
  if (action !== 'DescribeServices') return undefined;
  const described = JSON.parse(body) as { services: { desiredCount: number; deployments: object[] }[] };
  return json({
    services: described.services.map((service) => ({
      ...service,
      loadBalancers: [{ targetGroupArn: 'arn:aws:elasticloadbalancing:targetgroup/one' }],
      runningCount: service.desiredCount,
      pendingCount: 0,
      deployments: service.deployments.map((deployment) => ({ ...deployment, rolloutState: 'COMPLETED' })),
    })),
  });
}
