// The policy of a deployment: checks that the service could start with it and, the first time, stores it in SSM.
import { readFile } from 'node:fs/promises';
import { POLICY_FILE } from '../../src/config.js';
import type { Policy } from '../../src/policy/evaluate/rules.js';
import { draftPolicy } from '../../src/policy/parse/file.js';
import { PolicyError } from '../../src/policy/parse/problem.js';
import { pinProblems, serialProblem } from '../../src/sources/admission.js';
import { verifySignatures } from '../../src/sources/signatures.js';
import type { Signers } from '../../src/sources/signers.js';
import type { PolicySignatures } from '../../src/sources/stored-policy.js';
import { DeployError } from '../aws/error.js';
import { readParameter } from '../aws/parameters.js';
import { npmCommand } from '../aws/printed-commands.js';
import type { Session } from '../aws/session.js';
import { describeChange } from '../policy/change/description.js';
import { assertConsole, propose } from '../policy/change/proposal.js';
import {
  assertSigned,
  newestSignatures,
  readSignatureFile,
  signAdvice,
  signatureFileOf,
  signersIn,
} from '../policy/change/signatures.js';
import { rememberSignatures, storePolicy } from '../policy/change/store.js';
import { readStored } from '../policy/change/stored.js';
import { assertCommittedPolicy } from './policy-in-image.js';

export type PolicyPlan =
  | { readonly action: 'none' }
  | {
      readonly action: 'store';
      readonly text: string;
      /** Of the text. */
      readonly sha256: string;
      readonly signatures: Signatures | undefined;
    }
  /** The policy is stored, but an interruption came before its signatures were stored as the newest. */
  | { readonly action: 'remember'; readonly signatures: Signatures };

interface Signatures {
  readonly signers: Signers;
  readonly signed: PolicySignatures;
}

const NOTHING: PolicyPlan = { action: 'none' };

interface PolicyOptions {
  /** Whether the committed tree becomes the image. */
  readonly buildsImage: boolean;
  /** Whether the bucket exists, so that the lists that the policy names can be read. */
  readonly bucketExists: boolean;
}

/**
 * Determines the change, without making any.
 * @throws {DeployError} if the service would not start with the policy
 */
export async function inspectPolicy(
  session: Session,
  { buildsImage, bucketExists }: PolicyOptions,
): Promise<PolicyPlan> {
  if (session.settings.policySource === 'image') {
    if (buildsImage) await assertCommittedPolicy(session);
    return NOTHING;
  }
  const value = await readParameter(session, session.names.parameters.policy);
  return value === undefined ? inspectFile(session, bucketExists) : inspectStored(session, value);
}

/** Makes the change that `inspectPolicy` determined. @returns what was done; undefined if there is no change */
export async function applyPolicy(session: Session, plan: PolicyPlan): Promise<string | undefined> {
  const parameter = session.names.parameters.policy;
  switch (plan.action) {
    case 'none':
      return undefined;
    case 'store': {
      const { text, sha256, signatures } = plan;
      const signed = signatures?.signed;
      const description = describeChange({ why: 'first deployment', caller: session.caller, sha256 });
      await storePolicy(session, { parameter, text, sha256, signed, description, reviewed: 0 });
      if (signatures !== undefined) await rememberSignatures(session, signatures.signers, signatures.signed);
      return `${POLICY_FILE} is stored in ${parameter}`;
    }
    case 'remember':
      await rememberSignatures(session, plan.signatures.signers, plan.signatures.signed);
      return `the signatures of ${parameter} are stored as the newest`;
  }
}

async function inspectFile(session: Session, bucketExists: boolean): Promise<PolicyPlan> {
  const text = await readFile(POLICY_FILE, 'utf8');
  const policy = await check(session, text, {
    where: POLICY_FILE,
    next: `fix ${POLICY_FILE}; npm run policy -- check shows every problem`,
    readsLists: bucketExists,
  });
  const signers = signersIn(session);
  const sha256 = policy.hash;
  if (signers === undefined) return { action: 'store', text, sha256, signatures: undefined };
  const { signed } = assertSigned(session, signers, {
    policy,
    file: POLICY_FILE,
    signed: readSignatureFile(signatureFileOf(POLICY_FILE)),
    earlier: [await newestSignatures(session, signers)],
  });
  return { action: 'store', text, sha256, signatures: { signers, signed } };
}

async function inspectStored(session: Session, value: string): Promise<PolicyPlan> {
  const parameter = session.names.parameters.policy;
  const push = npmCommand(session, 'policy', 'push');
  const next = `store a valid one: ${push}`;
  const stored = await readStored(session, value);
  if ('problem' in stored) throw unusable(parameter, next, [stored.problem]);
  const { text, sha256, signed } = stored;
  await check(session, text, { where: parameter, next, readsLists: true });

  const signers = signersIn(session);
  if (signers === undefined) return NOTHING;
  const newest = await newestSignatures(session, signers);
  const verified = verifySignatures(signed, { for: parameter, sha256 }, signers);
  const problem =
    'problem' in verified
      ? verified.problem
      : signed === undefined
        ? undefined
        : serialProblem(signed, newest);
  if (problem !== undefined) {
    throw new DeployError(
      'SIGNATURES_MISSING',
      `the service would refuse the policy in ${parameter}: ${problem}`,
      `${signAdvice(session, POLICY_FILE)}\n       then store it: ${push}`,
    );
  }
  if (signed === undefined || newest?.serial === signed.serial) return NOTHING;
  return { action: 'remember', signatures: { signers, signed } };
}

interface Checked {
  /** The file or parameter that holds the policy. */
  readonly where: string;
  readonly next: string;
  /** Whether the lists that the policy names must be readable, too. */
  readonly readsLists: boolean;
}

/**
 * @returns the policy
 * @throws {DeployError} if the policy or one of its lists is invalid, because the service would not start with it
 */
async function check(session: Session, text: string, { where, next, readsLists }: Checked): Promise<Policy> {
  try {
    // A list in a file is refused at once, because it can't be read on AWS.
    const draft = draftPolicy(text, where);
    const isWhole = readsLists || draft.references.some(({ from }) => !from.startsWith('s3://'));
    const policy = isWhole ? (await propose(session, text, where)).policy : draft.complete(new Map());
    assertConsole(session, policy);
    const unpinned = session.settings.policySigners === undefined ? [] : pinProblems(policy);
    if (unpinned.length > 0) throw unusable(where, next, unpinned);
    return policy;
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw unusable(where, next, error.brief.report.split('\n'));
  }
}

function unusable(where: string, next: string, details: readonly string[]): DeployError {
  return new DeployError('POLICY_UNSOUND', `${where} can't be used as the policy`, next, details);
}
