// Looks for what the account itself records: CloudTrail and AWS Config. The account may do so in another way, such as by
// a trail of the organization that is managed elsewhere: hints, not failures.
import {
  DescribeTrailsCommand,
  type EventSelector,
  type AdvancedEventSelector,
  GetEventSelectorsCommand,
  GetTrailStatusCommand,
  type Trail,
} from '@aws-sdk/client-cloudtrail';
import { DescribeConfigurationRecorderStatusCommand } from '@aws-sdk/client-config-service';
import { archiveBucket, policyBucket } from '../../../infra/names.js';
import { type Finding, note, ok } from '../check.js';
import type { Scene } from '../scene.js';

const WHAT_TO_RECORD = 'see "CloudTrail and AWS Config" in DEPLOYMENT.md for what to record';

export async function cloudTrail({ session }: Scene): Promise<readonly Finding[]> {
  const { aws, names, account, region } = session;
  const { trailList = [] } = await aws.cloudtrail.send(
    new DescribeTrailsCommand({ includeShadowTrails: true }),
  );
  const here = trailList.filter(
    ({ IsMultiRegionTrail, HomeRegion }) => IsMultiRegionTrail === true || HomeRegion === region,
  );
  const recording = await Promise.all(
    here.map(async (trail) => ({ trail, ...(await readTrail(session, trail)) })),
  );
  const trails = recording.filter(({ logging, management }) => logging && management);
  if (trails.length === 0) {
    return [
      note(`no trail records management events in ${region}: nobody sees who changed what`, WHAT_TO_RECORD),
    ];
  }
  const buckets = [archiveBucket(names, account, region), policyBucket(names, account, region)];
  const unseen = buckets.filter(
    (bucket) => !recording.some(({ logging, coversBucket }) => logging && coversBucket(bucket)),
  );
  return [
    ok(`${trails.map(({ trail }) => trail.Name ?? '').join(', ')}: management events`),
    ...(unseen.length === 0
      ? []
      : [note(`no trail records who reads or writes objects in ${unseen.join(', ')}`, WHAT_TO_RECORD)]),
  ];
}

interface TrailState {
  readonly logging: boolean;
  /** Whether it records reads and writes of the account's configuration, with KMS. */
  readonly management: boolean;
  readonly coversBucket: (bucket: string) => boolean;
}

async function readTrail({ aws }: Scene['session'], { TrailARN }: Trail): Promise<TrailState> {
  const [{ IsLogging = false }, { EventSelectors = [], AdvancedEventSelectors = [] }] = await Promise.all([
    aws.cloudtrail.send(new GetTrailStatusCommand({ Name: TrailARN })),
    aws.cloudtrail.send(new GetEventSelectorsCommand({ TrailName: TrailARN })),
  ]);
  return {
    logging: IsLogging,
    management:
      EventSelectors.some(({ IncludeManagementEvents }) => IncludeManagementEvents === true) ||
      AdvancedEventSelectors.some((selector) => valuesOf(selector, 'eventCategory').includes('Management')),
    coversBucket: (bucket) =>
      EventSelectors.some((selector) => isBasicFor(selector, bucket)) ||
      AdvancedEventSelectors.some((selector) => isAdvancedFor(selector, bucket)),
  };
}

function isBasicFor({ DataResources = [] }: EventSelector, bucket: string): boolean {
  return DataResources.some(
    ({ Type, Values = [] }) =>
      Type === 'AWS::S3::Object' &&
      Values.some(
        (value) => /^arn:aws[a-z-]*:s3(:::)?$/.test(value) || value.split(':::')[1]?.startsWith(`${bucket}/`),
      ),
  );
}

function isAdvancedFor(selector: AdvancedEventSelector, bucket: string): boolean {
  if (!valuesOf(selector, 'resources.type').includes('AWS::S3::Object')) return false;
  const arn = selector.FieldSelectors?.find(({ Field }) => Field === 'resources.ARN');
  if (arn === undefined) return true;
  return [...(arn.StartsWith ?? []), ...(arn.Equals ?? [])].some((value) =>
    value.split(':::')[1]?.startsWith(`${bucket}/`),
  );
}

function valuesOf({ FieldSelectors = [] }: AdvancedEventSelector, field: string): readonly string[] {
  return FieldSelectors.find(({ Field }) => Field === field)?.Equals ?? [];
}

export async function configRecorder({ session }: Scene): Promise<readonly Finding[]> {
  const { ConfigurationRecordersStatus = [] } = await session.aws.configService.send(
    new DescribeConfigurationRecorderStatusCommand({}),
  );
  const recording = ConfigurationRecordersStatus.filter(({ recording: isOn }) => isOn === true);
  if (recording.length > 0) return [ok(`${recording.map(({ name = '' }) => name).join(', ')} records`)];
  return [
    note(
      `no recorder is on in ${session.region}: drift and open rules are found only by hand`,
      WHAT_TO_RECORD,
    ),
  ];
}
