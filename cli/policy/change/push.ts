// `npm run policy -- push`: puts a policy file in force, or stores it as the candidate.
import { draftPolicy } from '../../../src/policy/parse/file.js';
import type { PolicySignatures } from '../../../src/sources/stored-policy.js';
import type { Session } from '../../aws/session.js';
import { readText } from '../../command.js';
import { applyChange, type ChangeOptions, openPolicySession } from './apply.js';
import { propose } from './proposal.js';
import { type ChangeReport, runChange } from './report.js';
import { isSigned, readSignatureFile, signatureFileOf, signersIn } from './signatures.js';
import { sha256Of } from './stored.js';

export interface PushOptions extends ChangeOptions {
  readonly candidate?: boolean;
}

/**
 * @param file `-` for standard input
 * @throws {PolicyError} if the policy has problems, in which case nothing is stored
 * @throws {DeployError} if the policy is refused, or AWS can't be used
 */
export async function pushPolicy(file: string, options: PushOptions): Promise<void> {
  const text = readText(file);
  const draft = draftPolicy(text, file);
  // Problems are reported before anything else, without AWS.
  if (draft.references.length === 0) draft.complete(new Map());
  await runChange(options, async (report) => {
    const session = await openPolicySession(options);
    const proposal = await propose(session, text, file);
    const { candidate = false } = options;
    const found = file === '-' ? undefined : readSignatureFile(signatureFileOf(file));
    const signed = candidate ? signedCandidate(session, report, found, sha256Of(text)) : found;
    await applyChange(session, report, { proposal, signed, candidate }, options);
  });
}

/** A candidate needs no signatures; those that it has are kept, so that it can be promoted. */
function signedCandidate(
  session: Session,
  report: ChangeReport,
  signed: PolicySignatures | undefined,
  sha256: string,
): PolicySignatures | undefined {
  const signers = signersIn(session);
  if (signers === undefined || signed === undefined) return undefined;
  if (isSigned(session, signers, { sha256, signed })) return signed;
  report.step('Signed', 'not yet, or not by enough signers: the candidate is stored without signatures');
  return undefined;
}
