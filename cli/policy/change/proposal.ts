// A policy that may be put in force: its text, checked, with the lists that it takes from elsewhere.
import { SETTINGS_FILE } from '../../../infra/settings.js';
import type { Policy } from '../../../src/policy/evaluate/rules.js';
import type { ListReference } from '../../../src/policy/parse/catalog.js';
import { draftPolicy, type LoadedList } from '../../../src/policy/parse/file.js';
import { ListError, PolicyError } from '../../../src/policy/parse/problem.js';
import { ListReader } from '../../../src/sources/lists.js';
import { objectReader } from '../../../src/sources/s3.js';
import { SourceError } from '../../../src/sources/source.js';
import { DeployError } from '../../aws/error.js';
import { bucketOf } from '../../aws/policy-objects.js';
import { awsCommand } from '../../aws/printed-commands.js';
import type { Session } from '../../aws/session.js';

export interface Proposal {
  readonly text: string;
  readonly policy: Policy;
  /** Where the text is from, for the places of problems and warnings. */
  readonly file: string;
}

/**
 * @param onUnusable called for a list that can't be used, which then counts as empty. By default, it is an error
 * @throws {PolicyError} if the policy has problems; {@link ListError} if a list has
 * @throws {DeployError} if a list can't be read
 */
export async function propose(
  session: Session,
  text: string,
  file: string,
  onUnusable?: (problem: string) => void,
): Promise<Proposal> {
  const draft = draftPolicy(text, file);
  // Problems with the text are reported first, and without reading the lists.
  if (draft.references.length > 0) draft.complete(new Map());
  const reader = new ListReader('.', objectReader(session.aws.s3));
  const lists = new Map<string, LoadedList>();
  for (const reference of draft.references) {
    try {
      lists.set(reference.name, await readList(session, reader, reference));
    } catch (error) {
      if (onUnusable === undefined || !(error instanceof DeployError || error instanceof ListError))
        throw error;
      onUnusable(`the list ${reference.name} counts as empty here: ${error.message}`);
    }
  }
  const policy = draft.complete(lists);
  assertConsole(session, policy);
  return { text, file, policy };
}

/** @throws {PolicyError} if the policy holds requests, but the settings have no console: the handler would refuse it */
export function assertConsole({ settings }: Session, { needsConsole }: Policy): void {
  if (settings.console !== undefined || needsConsole.length === 0) return;
  // The handler's own advice names CONSOLE_ORIGIN, which the deployment sets.
  const message = `holds need a console, where people decide: set "console" in ${SETTINGS_FILE}, or push a policy without holds`;
  throw new PolicyError(needsConsole.map((problem) => ({ ...problem, message })));
}

async function readList(session: Session, reader: ListReader, reference: ListReference): Promise<LoadedList> {
  const { name, from } = reference;
  if (!from.startsWith(`s3://${bucketOf(session)}/`)) throw notInAws(session, reference);
  try {
    return await reader.read(reference);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    throw new DeployError(
      'LIST_UNREADABLE',
      `the list ${name} can't be read, so the policy could not be used: ${error.message}`,
      'upload the list, or correct the policy, then run the same command again',
    );
  }
}

/** The service has neither the operator's files nor access to other buckets. */
function notInAws(session: Session, { name, from }: ListReference): DeployError {
  const target = `s3://${bucketOf(session)}/lists/${from.split('/').at(-1) ?? ''}`;
  return new DeployError(
    'LIST_NOT_IN_AWS',
    `the list ${name} is from ${from}, which the service can't read on AWS: it reads lists from the policy bucket`,
    `upload it, and name that object in the policy: ${awsCommand(session, `s3 cp ${from} ${target}`)}`,
    [`${name}: { from: "${target}" }`],
  );
}
