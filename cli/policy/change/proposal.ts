// A policy that may be put in force: its text, checked, with the lists that it takes from elsewhere.
import { draftPolicy, type ListReference, type PolicyDraft } from '../../../src/policy/parse/file.js';
import type { Policy } from '../../../src/policy/evaluate/rules.js';
import { bucketOf } from '../../aws/policy-objects.js';
import { DeployError } from '../../aws/error.js';
import { awsCommand } from '../../aws/printed-commands.js';
import type { Session } from '../../aws/session.js';

export interface Proposal {
  readonly text: string;
  readonly policy: Policy;
  /** Where the text is from, for the places of problems and warnings. */
  readonly file: string;
}

/**
 * @throws {PolicyError} if the policy has problems
 * @throws {DeployError} if a list can't be read
 */
export function propose(session: Session, text: string, file: string): Proposal {
  const draft = draftPolicy(text, file);
  return { text, file, policy: completed(session, draft) };
}

function completed(session: Session, draft: PolicyDraft): Policy {
  for (const reference of draft.references) refuseFile(session, reference);
  return draft.complete(new Map());
}

/** The service reads a policy from the parameter in an image that does not have the operator's files. */
function refuseFile(session: Session, { name, from }: ListReference): void {
  if (from.startsWith('s3://')) return;
  const target = `s3://${bucketOf(session)}/lists/${from.split('/').at(-1) ?? ''}`;
  throw new DeployError(
    'LIST_NOT_IN_AWS',
    `the list ${name} is from the file ${from}, which the service can't read on AWS`,
    `upload it, and name that object in the policy: ${awsCommand(session, `s3 cp ${from} ${target}`)}`,
    [`lists: { ${name}: { from: "${target}" } }`],
  );
}
