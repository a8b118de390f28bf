// Puts a policy in force, or stores it as the candidate: shows what it means, asks, and stores it.
import type { PolicySignatures } from '../../../src/sources/stored-policy.js';
import { DeployError } from '../../aws/error.js';
import { readEncryptedParameter } from '../../aws/parameters.js';
import { openSession, type Session } from '../../aws/session.js';
import { ask, confirm } from '../../confirm.js';
import { npmCommand } from '../../aws/printed-commands.js';
import type { OperatorOptions } from '../../operator-command.js';
import { count, shortHash } from '../../terminal.js';
import { describeChange, readDescription } from './description.js';
import type { Proposal } from './proposal.js';
import type { ChangeReport } from './report.js';
import { type InForce, runTestCases, showCheck, showDifference, showPast } from './review.js';
import {
  assertPinned,
  assertSigned,
  genuine,
  isSigned,
  newestSignatures,
  nextSerial,
  signersIn,
} from './signatures.js';
import { readStored } from './stored.js';
import { rememberSignatures, storePolicy } from './store.js';

/** Options of the commands that change the policy. */
export interface ChangeOptions extends OperatorOptions {
  readonly why?: string;
  /** Does not ask in prod. */
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  /** File with test cases, instead of the one in the settings. */
  readonly cases?: string;
}

export interface Change {
  readonly proposal: Proposal;
  /** Signatures that were found for it. */
  readonly signed: PolicySignatures | undefined;
  /** Whether it decides nothing, beside the policy in force. */
  readonly candidate?: boolean;
  /** The version whose policy is put in force again: quickly, whatever the test cases say. */
  readonly rollbackTo?: number;
  /** Signs it with this serial, if the environment asks for signatures. */
  readonly sign?: (serial: number) => Promise<PolicySignatures>;
}

/** @throws {DeployError} if the service reads the policy from its image, so that nothing stored would be in force */
export async function openPolicySession(options: OperatorOptions): Promise<Session> {
  const session = await openSession(options);
  if (session.settings.policySource !== 'image') return session;
  throw new DeployError(
    'POLICY_IN_IMAGE',
    `the settings have "policySource": "image": ${session.environment} reads the policy from its image, not from a parameter`,
    `commit the policy, and deploy it: ${npmCommand(session, 'deploy')}`,
  );
}

export async function readInForce(session: Session, parameter: string): Promise<InForce> {
  const stored = await readEncryptedParameter(session, parameter);
  if (stored === undefined) return { version: 0, stored: undefined };
  return { version: stored.version, stored: await readStored(session, stored.value) };
}

/**
 * Nothing is stored if it is refused, or not confirmed.
 * @throws {DeployError} if it is refused
 */
export async function applyChange(
  session: Session,
  report: ChangeReport,
  change: Change,
  options: ChangeOptions,
): Promise<void> {
  const { parameters } = session.names;
  const { proposal, candidate = false, rollbackTo } = change;
  const { policy } = proposal;
  const parameter = candidate ? parameters.policyCandidate : parameters.policy;
  const inForce = await readInForce(session, parameters.policy);
  const replaced = candidate ? await readInForce(session, parameter) : inForce;
  report.add({
    ...{ environment: session.environment, parameter, dryRun: options.dryRun === true },
    ...{ changed: false, version: replaced.version },
  });
  showCheck(report, proposal);
  await showDifference(session, report, inForce, policy);
  if (isStored(session, change, replaced)) {
    if (!candidate && options.dryRun !== true) await repairNewest(session, replaced);
    report.lines([
      `No change: ${shortHash(policy.hash)}, ${count(policy.rules.length, 'rule')}, in ${parameter}`,
    ]);
    return;
  }
  const isRollback = rollbackTo !== undefined;
  runTestCases(session, report, policy, { cases: options.cases, required: !isRollback });
  if (!isRollback) await showPast(session, report, policy);
  const signed = candidate ? change.signed : await signaturesFor(session, report, change, replaced);
  if (options.dryRun === true) {
    report.lines(['Dry run: nothing was stored.']);
    return;
  }
  const description = await approve(session, options, change);
  const version = await storePolicy(session, {
    ...{ parameter, text: proposal.text, sha256: policy.hash, signed, description },
    reviewed: replaced.version,
  });
  report.add({
    changed: true,
    version,
    why: readDescription(description, policy.hash).why,
    by: session.caller,
  });
  const signers = signersIn(session);
  // If someone else has stored another one in the meantime, its signatures are the newest.
  const isNewest = (await readEncryptedParameter(session, parameter))?.version === version;
  if (!candidate && isNewest && signed !== undefined && signers !== undefined) {
    await rememberSignatures(session, signers, signed);
  }
  await showResult(session, report, change, { parameter, replaced, version });
}

/** Whether the parameter holds the policy already, with the signatures that it needs. */
function isStored(
  session: Session,
  { proposal, signed, candidate = false }: Change,
  { stored }: InForce,
): boolean {
  if (stored === undefined || 'problem' in stored || stored.sha256 !== proposal.policy.hash) return false;
  if (candidate) return JSON.stringify(stored.signed) === JSON.stringify(signed);
  const signers = signersIn(session);
  if (signers === undefined) return true;
  const isNewer = signed !== undefined && signed.serial !== stored.signed?.serial;
  return !isNewer && isSigned(session, signers, stored);
}

/** An earlier run may have been interrupted between the parameter and the bucket. */
async function repairNewest(session: Session, { stored }: InForce): Promise<void> {
  const signers = signersIn(session);
  if (signers === undefined) return;
  const signed = genuine(session, signers, stored);
  if (signed !== undefined) await rememberSignatures(session, signers, signed);
}

/** @returns the signatures to store; undefined if the environment asks for none */
async function signaturesFor(
  session: Session,
  report: ChangeReport,
  { proposal, signed, sign }: Change,
  { stored }: InForce,
): Promise<PolicySignatures | undefined> {
  const signers = signersIn(session);
  if (signers === undefined) return undefined;
  const earlier = [genuine(session, signers, stored), await newestSignatures(session, signers)];
  const { file, policy } = proposal;
  assertPinned(policy, file);
  const offered = sign === undefined ? signed : await sign(nextSerial(...earlier));
  const verified = assertSigned(session, signers, { policy, file, signed: offered, earlier });
  const { serial } = verified.signed;
  report.add({ signatures: { serial, signers: verified.names, quorum: signers.quorum } });
  report.step('Signed', `by ${verified.names.join(', ')} (${signers.quorum} needed), serial ${serial}`);
  return verified.signed;
}

/**
 * Asks who changes the policy in prod for a reason and a confirmation.
 * @returns the description for the history
 */
async function approve(
  session: Session,
  { why, yes = false }: ChangeOptions,
  { proposal, candidate = false, rollbackTo }: Change,
): Promise<string> {
  const { environment, production, caller } = session;
  const reason =
    why ?? (production ? await ask(`Why is the policy of ${environment} changed? `, '--why TEXT') : '');
  const description = describeChange({ why: reason, caller, sha256: proposal.policy.hash, rollbackTo });
  if (production && !yes) {
    const effect = candidate
      ? 'evaluated beside the one in force'
      : `in force in ${environment} within a minute`;
    await confirm({
      question: `This policy will be ${effect}. Type ${environment} to continue: `,
      word: environment,
      option: '--yes',
    });
  }
  return description;
}

interface Result {
  readonly parameter: string;
  readonly replaced: InForce;
  readonly version: number;
}

async function showResult(
  session: Session,
  report: ChangeReport,
  { proposal, candidate = false }: Change,
  { parameter, replaced, version }: Result,
): Promise<void> {
  const { hash, rules } = proposal.policy;
  const { paint } = report;
  const before = replaced.version === 0 ? undefined : replaced.version;
  const goBack = before === undefined ? undefined : npmCommand(session, 'policy', `rollback ${before}`);
  const summary = `${shortHash(hash)}, ${count(rules.length, 'rule')}, version ${version} of ${parameter}`;
  const effect = candidate
    ? `${paint('green', 'Candidate')} within a minute: ${summary}`
    : `${paint('green', 'In force')} within a minute: ${summary}`;
  const lines = candidate
    ? [
        `Compare: the log line candidate_differs says where it would decide otherwise`,
        `Promote: ${npmCommand(session, 'policy', 'promote')}`,
        `Withdraw: ${npmCommand(session, 'policy', 'candidate --remove')}`,
      ]
    : [
        `Before: ${before === undefined ? 'none' : `${shortHash(replaced.stored?.sha256 ?? 'unknown')}, version ${before}`}`,
        ...(goBack === undefined ? [] : [`Go back: ${goBack}`]),
      ];
  if (!candidate && goBack !== undefined) report.add({ rollback: goBack });
  report.lines([effect, ...lines]);
  if (version !== replaced.version + 1) await warnOfOther(session, report, { parameter, replaced, version });
}

/** SSM can't store a value on the condition that nobody else has, so two pushes at the same moment both succeed. */
async function warnOfOther(
  session: Session,
  report: ChangeReport,
  { parameter, replaced, version }: Result,
): Promise<void> {
  const now = await readInForce(session, parameter);
  const holds = `version ${now.version}, ${shortHash(now.stored?.sha256 ?? 'unknown')}`;
  report.add({ concurrent: { expected: replaced.version + 1, stored: version, now: now.version } });
  report.lines([
    report.paint('red', `ATTENTION: someone else changed ${parameter} at the same moment.`),
    `This command expected to store version ${replaced.version + 1}, and stored version ${version}. The parameter now has ${holds}.`,
    `See what the other change was: ${npmCommand(session, 'policy', 'history')}`,
  ]);
}
