// `npm run policy -- rollback`: puts an earlier version of the policy in force again.
import { parsePolicy } from '../../../src/policy/parse/file.js';
import { PolicyError } from '../../../src/policy/parse/problem.js';
import type { PolicySignatures } from '../../../src/sources/stored-policy.js';
import { DeployError } from '../../aws/error.js';
import { type ParameterVersion, readHistory } from '../../aws/parameter-history.js';
import { npmCommand } from '../../aws/printed-commands.js';
import type { Session } from '../../aws/session.js';
import { shortHash } from '../../terminal.js';
import { applyChange, type ChangeOptions, openPolicySession } from './apply.js';
import { readDescription } from './description.js';
import { propose } from './proposal.js';
import { type ChangeReport, runChange } from './report.js';
import { findVersion, readText } from './show.js';
import { signAnew } from './sign-anew.js';
import { isSigned, signersIn } from './signatures.js';
import { readStored, type StoredText, type Unreadable } from './stored.js';

export interface RollbackOptions extends ChangeOptions {
  /** Files with private keys that sign the policy anew. */
  readonly key?: readonly string[];
}

/** @param version of the parameter; by default, the one before the version in force, with another policy */
export async function rollBack(version: number | undefined, options: RollbackOptions): Promise<void> {
  await runChange(options, async (report) => {
    const session = await openPolicySession(options);
    const target = await targetOf(session, report, version);
    if (target === undefined) return;
    const stored = await readText(session, target);
    const { text, sha256 } = stored;
    const place = `version ${target.version}`;
    assertWasSigned(session, target.version, stored);
    const { why } = readDescription(target.description, sha256);
    report.add({ rollbackTo: target.version });
    report.step('Rollback', `to ${place}, ${shortHash(sha256)}${why === '' ? '' : `: ${why}`}`);
    const proposal = await propose(session, text, place, (problem) => {
      report.step('List', report.paint('yellow', problem));
    });
    const change = { proposal, signed: undefined, rollbackTo: target.version };
    const sign = (serial: number): Promise<PolicySignatures> =>
      signAnew(session, { version: target.version, text, sha256, serial }, options);
    await applyChange(session, report, { ...change, sign }, options);
  });
}

/** @returns undefined if nothing has to be done */
async function targetOf(
  session: Session,
  report: ChangeReport,
  version: number | undefined,
): Promise<ParameterVersion | undefined> {
  const { policy } = session.names.parameters;
  if (version !== undefined) return findVersion(session, policy, version);
  const history = await readHistory(session, policy);
  const [inForce, ...earlier] = history;
  if (inForce === undefined) return findVersion(session, policy, undefined);
  const current = await readStored(session, inForce.value);
  const done = await rolledBackTo(session, inForce, current.sha256, earlier);
  if (done !== undefined) {
    report.add({ environment: session.environment, parameter: policy, changed: false, rollbackTo: done });
    report.lines([
      `No change: version ${inForce.version}, which is in force, is the rollback to version ${done}.`,
      `To go back further, name a version: ${npmCommand(session, 'policy', 'history')}`,
    ]);
    return undefined;
  }
  for (const entry of earlier) {
    const stored = await readStored(session, entry.value);
    if (stored.sha256 === current.sha256) continue;
    const problem = refusalOf(session, stored);
    if (problem === undefined) return entry;
    // It was never in force: the service has refused it.
    report.step('Skipped', `version ${entry.version}: ${problem}`);
  }
  throw new DeployError(
    'VERSION_MISSING',
    `${policy} has no earlier version with another policy`,
    `push the policy that you want: ${npmCommand(session, 'policy', 'push')}`,
  );
}

/**
 * A rollback that is run twice, such as after an interruption, must not go back to the policy that it has just replaced.
 * @returns the version whose policy the version in force has put in force again
 */
async function rolledBackTo(
  session: Session,
  { description }: ParameterVersion,
  sha256: string | undefined,
  earlier: readonly ParameterVersion[],
): Promise<number | undefined> {
  const { rollbackTo } = readDescription(description, sha256);
  const origin = earlier.find(({ version }) => version === rollbackTo);
  if (origin === undefined || sha256 === undefined) return undefined;
  return (await readStored(session, origin.value)).sha256 === sha256 ? rollbackTo : undefined;
}

/** @returns why the service has refused a version */
function refusalOf(session: Session, stored: StoredText | Unreadable): string | undefined {
  if ('problem' in stored) return stored.problem;
  if (!isValid(stored)) return 'invalid';
  return wasSigned(session, stored) ? undefined : 'not signed by enough signers';
}

/** Its serial may be an old one: it is signed anew. */
function wasSigned(session: Session, stored: StoredText): boolean {
  const signers = signersIn(session);
  return signers === undefined || isSigned(session, signers, stored);
}

/**
 * Whoever can write the parameter could otherwise store a policy that the service refuses, and wait for a rollback to
 * have it signed.
 * @throws {DeployError}
 */
function assertWasSigned(session: Session, version: number, stored: StoredText): void {
  if (wasSigned(session, stored)) return;
  throw new DeployError(
    'SIGNATURES_MISSING',
    `version ${version} was never signed by enough signers, so it was never in force; nothing was changed`,
    `choose another version: ${npmCommand(session, 'policy', 'history')}; or review and push it: ${npmCommand(session, 'policy', `show ${version}`)}`,
  );
}

function isValid({ text }: StoredText): boolean {
  try {
    parsePolicy(text, '');
    return true;
  } catch (error) {
    if (error instanceof PolicyError) return false;
    throw error;
  }
}
