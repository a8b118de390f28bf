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
import { readStored, type StoredText } from './stored.js';

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
    const { text, sha256 } = await readText(session, target);
    const place = `version ${target.version}`;
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
    if (!('problem' in stored) && isValid(stored)) return entry;
    // It was never in force: the service has refused it.
    report.step('Skipped', `version ${entry.version}: ${'problem' in stored ? stored.problem : 'invalid'}`);
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

function isValid({ text }: StoredText): boolean {
  try {
    parsePolicy(text, '');
    return true;
  } catch (error) {
    if (error instanceof PolicyError) return false;
    throw error;
  }
}
