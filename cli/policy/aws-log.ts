// Reads an environment's log and the policy in force from AWS. The AWS SDK is loaded when it is needed, because that
// takes a while.
import { parsePolicy } from '../../src/policy/parse/file.js';
import { PolicyError } from '../../src/policy/parse/problem.js';
import type { Policy } from '../../src/policy/evaluate/rules.js';
import type { Session, SessionOptions } from '../aws/session.js';

export async function openAws(options: SessionOptions): Promise<Session> {
  const { openSession } = await import('../aws/session.js');
  return openSession(options);
}

/**
 * The lines of the service's log.
 * @param startTime in ms since 1970
 * @param request only lines that contain this id
 * @param onProgress called after each line with the number of lines so far
 */
export async function* readServiceLog(
  session: Session,
  { startTime, request }: { readonly startTime: number; readonly request?: string },
  onProgress: (lines: number) => void,
): AsyncGenerator<string> {
  const { readEvents } = await import('../aws/log-events.js');
  let lines = 0;
  for await (const { message = '' } of readEvents(session, startTime, request)) {
    yield message;
    onProgress(++lines);
  }
}

/** @returns `undefined` if no policy is stored, or it can't be read or used */
export async function policyInForce(session: Session): Promise<Policy | undefined> {
  const { readParameter } = await import('../aws/parameters.js');
  const parameter = session.names.parameters.policy;
  const text = await readParameter(session, parameter);
  try {
    return text === undefined ? undefined : parsePolicy(text, parameter);
  } catch (error) {
    // Then none is in force, or an earlier one: it has no rules to look for.
    if (error instanceof PolicyError) return undefined;
    throw error;
  }
}
