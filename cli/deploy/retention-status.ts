// Reads how long evidence is kept: the archive's lock and the log groups, beside what the settings specify.
import { DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { GetObjectLockConfigurationCommand } from '@aws-sdk/client-s3';
import { ENVIRONMENTS } from '../../infra/environments.js';
import { archiveBucket } from '../../infra/names.js';
import { isAwsError } from '../aws/error.js';
import type { Session } from '../aws/session.js';

/** The default lock of new objects. */
export interface Lock {
  readonly mode: string;
  readonly days: number;
}

export interface ArchiveLock {
  readonly bucket: string;
  /** Undefined if the bucket has no default lock, or does not exist. */
  readonly lock: Lock | undefined;
  readonly expected: Lock;
}

export interface LogRetention {
  readonly group: string;
  /** In days; undefined if it is kept forever. */
  readonly days: number | undefined;
  readonly expected: number;
}

export async function readArchiveLock(session: Session): Promise<ArchiveLock> {
  const { aws, names, account, region, settings, production } = session;
  const bucket = archiveBucket(names, account, region);
  const expected = { mode: production ? 'COMPLIANCE' : 'GOVERNANCE', days: settings.retentionDays };
  try {
    const { ObjectLockConfiguration } = await aws.s3.send(
      new GetObjectLockConfigurationCommand({ Bucket: bucket }),
    );
    const { Mode, Days, Years } = ObjectLockConfiguration?.Rule?.DefaultRetention ?? {};
    const days = Days ?? (Years === undefined ? undefined : Years * 365);
    return { bucket, lock: Mode && days !== undefined ? { mode: Mode, days } : undefined, expected };
  } catch (error) {
    if (!isAwsError(error, 'ObjectLockConfigurationNotFoundError', 'NoSuchBucket')) throw error;
    return { bucket, lock: undefined, expected };
  }
}

/** @returns the log groups that exist */
export async function readLogRetention(session: Session): Promise<readonly LogRetention[]> {
  const { aws, names, environment, settings } = session;
  const { console: consoleGroup, ...groups } = names.logGroups;
  const wanted = [...Object.values(groups), ...(settings.console === undefined ? [] : [consoleGroup])];
  const found = await Promise.all(
    wanted.map(async (logGroupNamePrefix) => {
      const { logGroups = [] } = await aws.logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix }));
      return logGroups.filter(({ logGroupName }) => logGroupName === logGroupNamePrefix);
    }),
  );
  return found.flat().map(({ logGroupName = '', retentionInDays }) => ({
    group: logGroupName,
    days: retentionInDays,
    expected: ENVIRONMENTS[environment].retentionDays,
  }));
}

/** Whether new objects are locked as the settings specify. */
export function isLocked({ lock, expected }: ArchiveLock): boolean {
  return lock?.mode === expected.mode && lock.days === expected.days;
}

/** @returns for example `COMPLIANCE, 400 days` */
export function describeLock(lock: Lock | undefined): string {
  return lock === undefined ? 'no lock' : `${lock.mode}, ${lock.days} days`;
}
