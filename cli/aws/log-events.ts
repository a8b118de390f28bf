// Reads lines from CloudWatch Logs.
import {
  type FilteredLogEvent,
  GetLogEventsCommand,
  paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs';
import { handlerLog } from '../../infra/names.js';
import { DeployError, isAwsError } from './error.js';
import { npmCommand } from './printed-commands.js';
import type { ServiceKind } from './service-state.js';
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

/** What Lambda itself logs about each environment and each request, beside the handler's lines. */
const PLATFORM_LINE = /^(START|END|REPORT|INIT_START|INIT_REPORT|EXTENSION) /;

/** Whether Lambda logged a line that reports no failure. */
export function isPlatformLine(message: string): boolean {
  return PLATFORM_LINE.test(message) && !/\bStatus: (error|timeout)\b/.test(message);
}

/**
 * The lines of a service's log.
 * @param startTime in ms since 1970
 * @param text only lines that contain this, such as the id of a request
 * @throws {DeployError} if the log group does not exist
 */
export async function* readEvents(
  session: Session,
  startTime: number,
  text: string | undefined,
  kind: ServiceKind = 'handler',
): AsyncGenerator<FilteredLogEvent> {
  const { aws, names, settings } = session;
  const logGroupName = kind === 'console' ? names.logGroups.console : handlerLog(names, settings);
  try {
    const pages = paginateFilterLogEvents(
      { client: aws.logs },
      {
        logGroupName,
        startTime,
        ...(text !== undefined && { filterPattern: `"${text}"` }),
      },
    );
    for await (const { events = [] } of pages) yield* events;
  } catch (error) {
    if (!isAwsError(error, 'ResourceNotFoundException')) throw error;
    const lacksConsole = kind === 'console' && settings.console === undefined;
    throw new DeployError(
      'NO_LOG',
      `there is no log group ${logGroupName}`,
      `${lacksConsole ? 'set "console" in the settings, and ' : ''}deploy the service, which creates it: ${npmCommand(session, 'deploy')}`,
    );
  }
}
