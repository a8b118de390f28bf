// `npm run policy -- candidate` and `promote`: the policy that is evaluated beside the one in force.
import type { PolicySignatures } from '../../../src/sources/stored-policy.js';
import type { ParameterVersion } from '../../aws/parameter-history.js';
import { deleteParameter, readStoredParameter } from '../../aws/parameters.js';
import { openSession, type Session } from '../../aws/session.js';
import { npmCommand } from '../../aws/printed-commands.js';
import { InputError } from '../../command.js';
import type { OperatorOptions } from '../../operator-command.js';
import { shortHash } from '../../terminal.js';
import { applyChange, type ChangeOptions, openPolicySession, readInForce } from './apply.js';
import { readDescription } from './description.js';
import { nameOf } from './history.js';
import { propose } from './proposal.js';
import { type ChangeReport, runChange } from './report.js';
import { showCheck, showDifference } from './review.js';
import { findVersion, readText } from './show.js';
import { readSignatureFile } from './signatures.js';

export interface PromoteOptions extends ChangeOptions {
  /** File with signatures, instead of those that the candidate was stored with. */
  readonly signatures?: string;
}

/** Puts the candidate in force, and withdraws it. */
export async function promote(options: PromoteOptions): Promise<void> {
  await runChange(options, async (report) => {
    const session = await openPolicySession(options);
    const { policyCandidate } = session.names.parameters;
    const found = await findVersion(session, policyCandidate, undefined);
    const { text, sha256, signed: own } = await readText(session, found);
    showOrigin(report, found, sha256);
    const proposal = await propose(session, text, 'the candidate');
    const signed = options.signatures === undefined ? own : signaturesIn(options.signatures);
    await applyChange(session, report, { proposal, signed }, options);
    if (options.dryRun === true) return;
    await withdrawPromoted(session, report, found.version);
  });
}

function signaturesIn(file: string): PolicySignatures {
  const signed = readSignatureFile(file);
  if (signed === undefined) throw new InputError(`${file} can't be read: there is no such file`);
  return signed;
}

/** Someone may have stored another candidate in the meantime. */
async function withdrawPromoted(session: Session, report: ChangeReport, version: number): Promise<void> {
  const { policyCandidate } = session.names.parameters;
  const now = (await readStoredParameter(session, policyCandidate))?.version;
  const isOther = now !== undefined && now !== version;
  if (!isOther) await deleteParameter(session, policyCandidate);
  report.add({ candidateRemoved: !isOther });
  report.lines([
    isOther
      ? `The candidate was replaced in the meantime, by version ${now}, and stays.`
      : 'The candidate is withdrawn: it is the policy in force.',
  ]);
}

export interface CandidateOptions extends OperatorOptions {
  readonly remove?: boolean;
}

/** Shows the candidate and its difference to the policy in force, or withdraws it. */
export async function changeCandidate({ remove = false, ...options }: CandidateOptions): Promise<void> {
  await runChange(options, async (report) => {
    const session = await openSession(options);
    const { environment, names } = session;
    const parameter = names.parameters.policyCandidate;
    report.add({ environment, parameter });
    if (remove) {
      const removed = await deleteParameter(session, parameter);
      report.add({ removed });
      report.lines([
        removed
          ? `${report.paint('green', 'Withdrawn')}: within a minute, ${environment} has no candidate`
          : `No change: ${environment} has no candidate (${parameter})`,
      ]);
      return;
    }
    await showCandidate(session, report);
  });
}

async function showCandidate(session: Session, report: ChangeReport): Promise<void> {
  const { policy, policyCandidate } = session.names.parameters;
  const found = await findVersion(session, policyCandidate, undefined);
  const { text, sha256, signed } = await readText(session, found);
  report.add({
    version: found.version,
    ...showOrigin(report, found, sha256),
    sha256,
    signed: signed ?? null,
  });
  const proposal = await propose(session, text, 'the candidate');
  showCheck(report, proposal);
  await showDifference(session, report, await readInForce(session, policy), proposal.policy);
  report.lines([
    `Promote: ${npmCommand(session, 'policy', 'promote')}`,
    `Withdraw: ${npmCommand(session, 'policy', 'candidate --remove')}`,
  ]);
}

/** Shows who stored the candidate, when and why. @returns the same for JSON */
function showOrigin(
  report: ChangeReport,
  { version, description, user, modified }: ParameterVersion,
  sha256: string,
): { readonly modified: string | null; readonly by: string | null; readonly why: string } {
  const { why, by } = readDescription(description, sha256);
  const who = user ?? by;
  const time = modified?.toISOString();
  const details = [
    `${shortHash(sha256)}, version ${version}`,
    ...(time === undefined ? [] : [`stored ${time}`]),
    ...(who === undefined ? [] : [`by ${nameOf(who)}`]),
  ];
  report.step('Candidate', `${details.join(', ')}${why === '' ? '' : `: ${why}`}`);
  return { modified: time ?? null, by: who ?? null, why };
}
