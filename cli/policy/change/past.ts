// What a policy would have decided about the requests of the last 24 hours, which are in the service's log.
import type { Policy } from '../../../src/policy/evaluate/rules.js';
import { DeployError } from '../../aws/error.js';
import { readEvents } from '../../aws/log-events.js';
import { explainError } from '../../aws/explain.js';
import type { Session } from '../../aws/session.js';
import { type Replay, replayLines } from '../replay.js';

const PERIOD_MS = 24 * 3_600_000;
/** A busy service logs more than an operator wants to wait for. */
const MAX_READING_MS = 60_000;
const PROGRESS_STEP_LINES = 500;

export interface Past extends Replay {
  /** Number of decision lines that were read. */
  readonly lines: number;
  /** Whether there was no time to read all of them. */
  readonly incomplete: boolean;
}

/** @returns the replay, or why the log can't be read, which must not prevent a change */
export async function replayPast(
  session: Session,
  policy: Policy,
  onProgress: (lines: number) => void,
): Promise<Past | { readonly problem: string }> {
  const end = performance.now() + MAX_READING_MS;
  let lines = 0;
  let incomplete = false;
  async function* messages(): AsyncGenerator<string> {
    for await (const { message = '' } of readEvents(session, Date.now() - PERIOD_MS, 'decision')) {
      yield message;
      if (++lines % PROGRESS_STEP_LINES === 0) onProgress(lines);
      incomplete = performance.now() > end;
      if (incomplete) return;
    }
  }
  try {
    return { ...(await replayLines(policy, messages())), lines, incomplete };
  } catch (thrown) {
    const error = explainError(thrown, session.profile);
    // Anything else is a bug in this project.
    if (!(error instanceof DeployError)) throw error;
    return { problem: error.message };
  }
}
