// Whether enough signers have agreed to a policy. The service checks the same before it takes the policy.
import { existsSync } from 'node:fs';
import type { Policy } from '../../../src/policy/evaluate/rules.js';
import { pinProblems, serialProblem } from '../../../src/sources/admission.js';
import { type PolicySignatures, readSignatures } from '../../../src/sources/stored-policy.js';
import { verifySignatures } from '../../../src/sources/signatures.js';
import { type Signers, toSigners } from '../../../src/sources/signers.js';
import { DeployError } from '../../aws/error.js';
import { readNewestSignatures } from '../../aws/policy-objects.js';
import { npmCommand } from '../../aws/printed-commands.js';
import type { Session } from '../../aws/session.js';
import { InputError, readText } from '../../command.js';
import type { StoredText, Unreadable } from './stored.js';

/** @returns the signers in the settings; undefined if policies need no signatures */
export function signersIn({ settings }: Session): Signers | undefined {
  if (settings.policySigners === undefined) return undefined;
  const { keys, quorum } = settings.policySigners;
  const signers = toSigners(Object.entries(keys), quorum);
  if ('problems' in signers) throw new InputError(`policySigners: ${signers.problems.join('; ')}`);
  return signers;
}

/** Where the signatures of a policy file are. */
export function signatureFileOf(file: string): string {
  return `${file}.sig`;
}

/** @returns undefined if there is no such file. @throws {InputError} if it holds no signatures */
export function readSignatureFile(file: string): PolicySignatures | undefined {
  if (!existsSync(file)) return undefined;
  const signed = readSignatures(readText(file));
  if ('problem' in signed) throw new InputError(`${file} holds no signatures: ${signed.problem}`);
  return signed;
}

/**
 * @returns what the service compares a policy with when it starts; undefined if there is nothing, or nothing that is
 *   signed, which the service ignores as well
 */
export async function newestSignatures(
  session: Session,
  signers: Signers,
): Promise<PolicySignatures | undefined> {
  const json = await readNewestSignatures(session);
  const newest = json === undefined ? undefined : readSignatures(json);
  if (newest === undefined || 'problem' in newest) return undefined;
  return isSigned(session, signers, { sha256: newest.sha256, signed: newest }) ? newest : undefined;
}

/** @returns the signatures of a stored policy, unless someone has made them up */
export function genuine(
  session: Session,
  signers: Signers,
  stored: StoredText | Unreadable | undefined,
): PolicySignatures | undefined {
  if (stored?.sha256 === undefined || stored.signed === undefined) return undefined;
  const { sha256, signed } = stored;
  return isSigned(session, signers, { sha256, signed }) ? signed : undefined;
}

/** The serial that a policy must have to replace others. */
export function nextSerial(...earlier: readonly (PolicySignatures | undefined)[]): number {
  return Math.max(0, ...earlier.map((signed) => signed?.serial ?? 0)) + 1;
}

export interface Offer {
  readonly policy: Policy;
  /** The policy's file, for the command that signs it. */
  readonly file: string;
  readonly signed: PolicySignatures | undefined;
  /** What was signed before: the stored policy and the newest one. */
  readonly earlier: readonly (PolicySignatures | undefined)[];
}

/**
 * @returns the signatures and who made them
 * @throws {DeployError} if the service would refuse the policy
 */
export function assertSigned(
  session: Session,
  signers: Signers,
  { policy, file, signed, earlier }: Offer,
): { readonly signed: PolicySignatures; readonly names: readonly string[] } {
  const target = session.names.parameters.policy;
  const refuse = (problem: string, next = signAdvice(session, file)): never => {
    throw new DeployError(
      'SIGNATURES_MISSING',
      `${file} can't be put in force: ${problem}; nothing was changed`,
      next,
    );
  };
  const verified = verifySignatures(signed, { for: target, sha256: policy.hash }, signers);
  if ('problem' in verified || signed === undefined) {
    return refuse('problem' in verified ? verified.problem : 'it is not signed');
  }
  for (const other of earlier) {
    const problem = serialProblem(signed, other);
    if (problem !== undefined) return refuse(problem);
  }
  return { signed, names: verified.signers };
}

/** @throws {DeployError} if a rule approves by a list that signatures would not cover, whoever signs the policy */
export function assertPinned(policy: Policy, file: string): void {
  const unpinned = pinProblems(policy);
  if (unpinned.length === 0) return;
  throw new DeployError(
    'SIGNATURES_MISSING',
    `${file} can't be put in force: ${unpinned.join('; ')}; nothing was changed`,
    'add the SHA-256 to each of these lists, then sign the policy again',
  );
}

/** Whether a stored policy has all signatures that the service asks for. */
export function isSigned(
  session: Session,
  signers: Signers,
  { sha256, signed }: { readonly sha256: string; readonly signed: PolicySignatures | undefined },
): boolean {
  return !('problem' in verifySignatures(signed, { for: session.names.parameters.policy, sha256 }, signers));
}

/** The command with which each signer signs. */
export function signAdvice(session: Session, file: string): string {
  return `each signer runs: ${npmCommand(session, 'policy', `sign ${file} --key FILE`)}`;
}
