// `npm run policy -- push`: puts a policy file in force, or stores it as the candidate.
import { draftPolicy } from '../../../src/policy/parse/file.js';
import type { PolicySignatures } from '../../../src/sources/stored-policy.js';
import { MAX_POLICY_BYTES } from '../../../src/sources/policy-loader.js';
import { DeployError } from '../../aws/error.js';
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
    assertLoadable(text, file);
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

/** @throws {DeployError} if the service would not load a policy of this size */
function assertLoadable(text: string, file: string): void {
  const size = Buffer.byteLength(text);
  if (size <= MAX_POLICY_BYTES) return;
  throw new DeployError(
    'POLICY_TOO_LARGE',
    `${file} has ${size} bytes, and the service loads policies of at most ${MAX_POLICY_BYTES} bytes; nothing was changed`,
    'move long lists to files of their own, and name them in the policy: POLICY.md explains it',
  );
}
