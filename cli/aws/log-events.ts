// Reads lines from CloudWatch Logs.
import { GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { isAwsError } from './error.js';
import type { Session } from './session.js';

const LINES = 20;

/** @returns the last lines of a stream; empty if the stream does not exist */
export async function lastLines(
  { aws }: Pick<Session, 'aws'>,
  logGroupName: string,
  logStreamName: string,
): Promise<readonly string[]> {
  try {
    const { events = [] } = await aws.logs.send(
      new GetLogEventsCommand({ logGroupName, logStreamName, limit: LINES, startFromHead: false }),
    );
    return events.map(({ message = '' }) => message.trimEnd());
  } catch (error) {
    if (isAwsError(error, 'ResourceNotFoundException')) return [];
    throw error;
  }
}
