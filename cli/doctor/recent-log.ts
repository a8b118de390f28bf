// What the handler has logged in the last hour.
import { isPlatformLine, readEvents } from '../aws/log-events.js';
import type { Session } from '../aws/session.js';

const HOUR_MS = 3_600_000;
/** Several requests a second. With more lines, the first ones of the hour are looked at, and the finding says so. */
const MOST_LINES = 20_000;

export interface LoggedProblem {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly event: string;
  readonly message: string;
}

export interface RecentLog {
  readonly lines: number;
  /** Whether there were more lines than are read. */
  readonly truncated: boolean;
  /** Lines of level `error` or `fatal`, and those that are not JSON, in order. */
  readonly problems: readonly LoggedProblem[];
  /** When something was last decided, in ms since 1970. */
  readonly decided: number | undefined;
}

/** @throws {DeployError} if there is no log group */
export async function readRecentLog(session: Session): Promise<RecentLog> {
  const problems: LoggedProblem[] = [];
  let lines = 0;
  let decided: number | undefined;
  for await (const { message = '', timestamp = 0 } of readEvents(session, Date.now() - HOUR_MS, undefined)) {
    if (lines === MOST_LINES) return { lines, truncated: true, problems, decided };
    if (isPlatformLine(message)) continue;
    lines++;
    const { level, event, msg } = parse(message);
    if (event === 'decision') decided = Math.max(decided ?? 0, timestamp);
    if (level === 'error' || level === 'fatal') {
      problems.push({ time: new Date(timestamp).toISOString(), event, message: msg });
    }
  }
  return { lines, truncated: false, problems, decided };
}

/** Node.js prints lines that are not JSON when the process crashes. */
function parse(line: string): { readonly level: string; readonly event: string; readonly msg: string } {
  try {
    const { level = '', event = '', msg = '' } = JSON.parse(line) as Readonly<Record<string, string>>;
    return { level, event, msg };
  } catch {
    return { level: 'fatal', event: 'crash', msg: line.trim() };
  }
}
