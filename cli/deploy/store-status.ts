// Reads the status of the store: its table, and how recently heads were sealed in the archive.
import { DescribeContinuousBackupsCommand, DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { ListObjectsV2Command, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { ARCHIVE_PREFIX, archiveBucket } from '../../infra/names.js';
import { isAwsError } from '../aws/error.js';
import type { Session } from '../aws/session.js';
import { explainedError } from './parameter-status.js';

export interface StoreStatus {
  readonly table: string;
  /** DynamoDB's status, such as `ACTIVE`; `missing`, or `unknown` if it could not be read. */
  readonly state: string;
  /** Number of items; DynamoDB counts them every six hours. */
  readonly items: number | undefined;
  readonly pointInTimeRecovery: boolean;
  readonly deletionProtection: boolean;
  /** When a head was last sealed: ISO 8601, UTC. Undefined if none was, or if the archive could not be read. */
  readonly sealed: string | undefined;
  /** Why something could not be read. */
  readonly problem: string | undefined;
}

/** @throws the error itself if AWS did not cause it */
export async function readStore(session: Session): Promise<StoreStatus> {
  const table = session.names.table;
  const nothing = { table, items: undefined, pointInTimeRecovery: false, deletionProtection: false };
  try {
    const [described, pointInTimeRecovery] = await Promise.all([
      session.aws.dynamodb.send(new DescribeTableCommand({ TableName: table })),
      hasPointInTimeRecovery(session),
    ]);
    const { TableStatus = 'unknown', ItemCount, DeletionProtectionEnabled = false } = described.Table ?? {};
    return {
      table,
      state: TableStatus,
      items: ItemCount,
      pointInTimeRecovery,
      deletionProtection: DeletionProtectionEnabled,
      ...(await readSealed(session)),
    };
  } catch (error) {
    if (isAwsError(error, 'ResourceNotFoundException', 'TableNotFoundException')) {
      return { ...nothing, state: 'missing', sealed: undefined, problem: undefined };
    }
    return {
      ...nothing,
      state: 'unknown',
      sealed: undefined,
      problem: explainedError(error, session).message,
    };
  }
}

async function hasPointInTimeRecovery({ aws, names }: Session): Promise<boolean> {
  const { ContinuousBackupsDescription } = await aws.dynamodb.send(
    new DescribeContinuousBackupsCommand({ TableName: names.table }),
  );
  const { PointInTimeRecoveryDescription: recovery } = ContinuousBackupsDescription ?? {};
  return recovery?.PointInTimeRecoveryStatus === 'ENABLED';
}

async function readSealed(session: Session): Promise<Pick<StoreStatus, 'sealed' | 'problem'>> {
  try {
    return { sealed: (await lastSealed(session))?.toISOString(), problem: undefined };
  } catch (error) {
    return { sealed: undefined, problem: explainedError(error, session).message };
  }
}

/** The heads of each day are in a folder of their own. */
async function lastSealed({ aws: { s3 }, names, account, region }: Session): Promise<Date | undefined> {
  const Bucket = archiveBucket(names, account, region);
  const { CommonPrefixes = [] } = await s3.send(
    new ListObjectsV2Command({ Bucket, Prefix: `${ARCHIVE_PREFIX}/heads/`, Delimiter: '/' }),
  );
  const day = CommonPrefixes.flatMap(({ Prefix }) => Prefix ?? [])
    .sort()
    .at(-1);
  if (day === undefined) return undefined;
  let last: Date | undefined;
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix: day })) {
    for (const { LastModified: modified } of Contents) {
      if (modified !== undefined && (last === undefined || modified > last)) last = modified;
    }
  }
  return last;
}
