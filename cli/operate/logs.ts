// `npm run logs`: what the service says.
import { setTimeout as sleep } from 'node:timers/promises';
import { type FilteredLogEvent, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import { prettyFactory } from 'pino-pretty';
import { UsageError } from '../command.js';
import { noPositionals, runOperatorCommand } from '../operator-command.js';
import { DeployError, isAwsError } from '../aws/error.js';
import { npmCommand } from '../aws/printed-commands.js';
import { COMMON_OPTIONS, COMMON_USAGE, openSession, type Session } from '../aws/session.js';

const USAGE = `Shows the service's log: as text on a terminal, otherwise its lines as they are, which are JSON.

Usage: npm run logs -- [options]

${COMMON_USAGE.replace('print one JSON object', 'the lines as they are, on a terminal as well')}
  -f, --follow                   go on as lines come
      --errors                   only lines of level error and fatal, and what is no line of the service's own
      --request ID               one request's story: by requestId, txId or trace id
      --since TIME               how far back: 30s, 15m, 2h, 7d; default: 1h, with --request 7d

Exit code: 0 done, 1 not done, 2 wrong usage, 130 interrupted.
`;

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const POLL_MS = 2000;
/** Lines arrive a little late, and not in order. */
const OVERLAP_MS = 30_000;

await runOperatorCommand({
  name: 'logs',
  usage: USAGE,
  options: {
    ...COMMON_OPTIONS,
    follow: { type: 'boolean', short: 'f', default: false },
    errors: { type: 'boolean', default: false },
    request: { type: 'string' },
    since: { type: 'string' },
  },
  interrupted: '',
  async run({ values, positionals }) {
    noPositionals(positionals);
    const { follow, errors, request, since = request === undefined ? '1h' : '7d' } = values;
    if (request !== undefined && !/^[\w:=;-]{1,256}$/.test(request)) {
      throw new UsageError('--request takes the id of one request, as the log has it');
    }
    const start = Date.now() - readDuration(since);
    const session = await openSession(values);
    const print = printer(values.json);
    /** Ids of lines that may come again, with their times. */
    const shown = new Map<string, number>();
    let any = false;
    let from = start;
    do {
      let newest = from;
      for await (const event of eventsOf(session, from, request)) {
        const { eventId = '', message = '', timestamp = 0 } = event;
        newest = Math.max(newest, timestamp);
        if (shown.has(eventId) || (errors && !isError(message))) continue;
        shown.set(eventId, timestamp);
        print(message.trimEnd());
        any = true;
      }
      from = Math.max(start, newest - OVERLAP_MS);
      for (const [id, timestamp] of shown) if (timestamp < from) shown.delete(id);
      if (follow) await sleep(POLL_MS);
    } while (follow);
    if (!any && process.stdout.isTTY) process.stdout.write(`no such line in the last ${since}\n`);
    return 0;
  },
});

function readDuration(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,4})([smhd])$/.exec(text) ?? [];
  const factor = UNITS_MS[unit];
  if (factor === undefined) throw new UsageError(`--since takes a time such as 15m, not "${text}"`);
  return Number(number) * factor;
}

async function* eventsOf(
  session: Session,
  startTime: number,
  request: string | undefined,
): AsyncGenerator<FilteredLogEvent> {
  const { aws, names } = session;
  try {
    const pages = paginateFilterLogEvents(
      { client: aws.logs },
      {
        logGroupName: names.logGroups.service,
        startTime,
        ...(request !== undefined && { filterPattern: `"${request}"` }),
      },
    );
    for await (const { events = [] } of pages) yield* events;
  } catch (error) {
    if (!isAwsError(error, 'ResourceNotFoundException')) throw error;
    throw new DeployError(
      'NO_LOG',
      `there is no log ${names.logGroups.service}`,
      `deploy the service, which makes it: ${npmCommand(session, 'deploy')}`,
    );
  }
}

/** What Node.js itself says when it ends in the middle is no JSON. */
function isError(message: string): boolean {
  try {
    const { level } = JSON.parse(message) as { level?: unknown };
    return level === 'error' || level === 'fatal';
  } catch {
    return true;
  }
}

function printer(json: boolean): (line: string) => void {
  const pretty =
    process.stdout.isTTY && !json
      ? prettyFactory({
          colorize: process.stdout.hasColors(),
          ignore: 'event,facts,omitted',
          singleLine: true,
        })
      : (line: string) => `${line}\n`;
  return (line) => void process.stdout.write(pretty(line));
}
