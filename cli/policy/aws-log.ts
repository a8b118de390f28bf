// Reads an environment's log and the policy in force from AWS. The AWS SDK is loaded when it is needed, because that
// takes a while.
import { draftPolicy } from '../../src/policy/parse/file.js';
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

/**
 * The policy that an environment's parameter holds, without what its lists from elsewhere contain.
 * @returns `undefined` if there is none, or it can't be used
 */
export async function policyInForce(session: Session): Promise<Policy | undefined> {
  const stored = await storedPolicy(session);
  return stored && unlessUnusable(() => draftPolicy(stored.text, stored.parameter).complete(new Map()));
}

/**
 * The policy that an environment's parameter holds, with its lists.
 * @param onUnusable called for a list that can't be read, which then counts as empty
 * @returns `undefined` if there is none, or it can't be used
 */
export async function policyWithLists(
  session: Session,
  onUnusable: (problem: string) => void,
): Promise<Policy | undefined> {
  const stored = await storedPolicy(session);
  if (stored === undefined) return undefined;
  const { propose } = await import('./change/proposal.js');
  return unlessUnusable(
    async () => (await propose(session, stored.text, stored.parameter, onUnusable)).policy,
  );
}

async function storedPolicy(
  session: Session,
): Promise<{ readonly parameter: string; readonly text: string } | undefined> {
  const { readParameter } = await import('../aws/parameters.js');
  const { readStored } = await import('./change/stored.js');
  const parameter = session.names.parameters.policy;
  const value = await readParameter(session, parameter);
  const stored = value === undefined ? undefined : await readStored(session, value);
  return stored === undefined || 'problem' in stored ? undefined : { parameter, text: stored.text };
}

async function unlessUnusable(read: () => Policy | Promise<Policy>): Promise<Policy | undefined> {
  try {
    return await read();
  } catch (error) {
    // Then an earlier one is in force, or none.
    if (error instanceof PolicyError) return undefined;
    throw error;
  }
}
