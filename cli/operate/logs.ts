// `npm run logs`: shows the service's log.
import type { FilteredLogEvent } from '@aws-sdk/client-cloudwatch-logs';
import { prettyFactory } from 'pino-pretty';
import { PRETTY_OPTIONS } from '../../src/log.js';
import { isPlatformLine, readEvents } from '../aws/log-events.js';
import { openSession, type Session } from '../aws/session.js';
import { createProgram, UsageError } from '../command.js';
import { deployedComputes } from '../deploy/deployed-computes.js';
import { parseDuration } from '../duration.js';
import {
  addOperatorOptions,
  EXIT_CODES,
  type OperatorOptions,
  type OperatorRuntime,
  runOperatorProgram,
} from '../operator-command.js';

interface LogsOptions extends OperatorOptions {
  readonly follow?: boolean;
  readonly errors?: boolean;
  readonly console?: boolean;
  readonly request?: string;
  readonly since?: string;
}

const POLL_MS = 2000;
/** Lines arrive in CloudWatch late and out of order, so each poll reads this period again. */
const OVERLAP_MS = 30_000;

export async function runLogs({ sleep }: OperatorRuntime = {}): Promise<void> {
  const program = createProgram(
    'logs',
    "Shows the service's log: formatted on a terminal, JSON lines otherwise.",
  )
    .option('-f, --follow', 'wait for new lines, and show them')
    .option('--errors', 'only lines at level error or fatal, and lines that Node.js printed itself')
    .option('--console', "the console's log instead of the handler's")
    .option('--request <id>', 'only lines about one request: its requestId, txId or trace id')
    .option('--since <duration>', 'how far back: 30s, 15m, 2h, 7d (default: 1h; with --request 7d)');
  addOperatorOptions(program, 'print JSON lines even on a terminal')
    .addHelpText('after', EXIT_CODES)
    .action(async (options: LogsOptions) => {
      const { request, since = request === undefined ? '1h' : '7d' } = options;
      if (request !== undefined && !/^[\w:=;-]{1,256}$/.test(request)) {
        throw new UsageError(`--request takes one id as it appears in the log, not "${request}"`);
      }
      const duration = parseDuration(since);
      const session = await openSession(options, { sleep });
      const any = await showLines(session, options, Date.now() - duration.ms);
      if (!any) process.stderr.write(`There are no log lines in the last ${duration.name}.\n`);
    });
  await runOperatorProgram(program, () => '');
}

/** @returns whether any line was found */
async function showLines(session: Session, options: LogsOptions, start: number): Promise<boolean> {
  const { follow = false, errors = false, request } = options;
  const kind = options.console === true ? 'console' : 'handler';
  // Of the tasks and of the function, while one replaces the other.
  const computes = kind === 'handler' ? await deployedComputes(session) : [session.settings.compute];
  const print = createPrinter(options.json ?? false);
  /** Ids of the lines that the next poll may return again, with their times. */
  const shown = new Map<string, number>();
  let any = false;
  let from = start;
  for (;;) {
    let newest = from;
    for await (const { eventId = '', message = '', timestamp = 0 } of events(from)) {
      newest = Math.max(newest, timestamp);
      if (shown.has(eventId) || (errors && !isError(message))) continue;
      shown.set(eventId, timestamp);
      print(message.trimEnd());
      any = true;
    }
    if (!follow) return any;
    from = Math.max(start, newest - OVERLAP_MS);
    for (const [id, timestamp] of shown) if (timestamp < from) shown.delete(id);
    await session.sleep(POLL_MS);
  }

  async function* events(from: number): AsyncGenerator<FilteredLogEvent> {
    for (const compute of computes) {
      yield* readEvents({ ...session, settings: { ...session.settings, compute } }, from, request, kind);
    }
  }
}

/** Lines that are not JSON are errors, unless Lambda logged them: Node.js prints them when the process crashes. */
function isError(message: string): boolean {
  try {
    const { level } = JSON.parse(message) as { level?: unknown };
    return level === 'error' || level === 'fatal';
  } catch {
    return !isPlatformLine(message);
  }
}

function createPrinter(json: boolean): (line: string) => void {
  const isFormatted = process.stdout.isTTY && !json;
  const pretty = prettyFactory({
    ...PRETTY_OPTIONS,
    colorize: process.stdout.isTTY && process.stdout.hasColors(),
  });
  return (line) => {
    const formatted = isFormatted ? pretty(line) : `${line}\n`;
    process.stdout.write(formatted.endsWith('\n') ? formatted : `${formatted}\n`);
  };
}
