// `npm run policy -- show`: prints a stored policy exactly as it is.
import { DeployError } from '../../aws/error.js';
import { type ParameterVersion, readHistory } from '../../aws/parameter-history.js';
import { openSession, type Session } from '../../aws/session.js';
import { npmCommand } from '../../aws/printed-commands.js';
import { type OperatorOptions, printJson } from '../../operator-command.js';
import { shortHash } from '../../terminal.js';
import { readDescription } from './description.js';
import { nameOf } from './history.js';
import { readStored, type StoredText } from './stored.js';

/** What `show` takes for the version: the candidate instead of a version of the policy. */
export const CANDIDATE = 'candidate';

/** @param version a version of the parameter, or `candidate`; the policy in force if undefined */
export async function showPolicy(
  version: number | typeof CANDIDATE | undefined,
  options: OperatorOptions,
): Promise<void> {
  const session = await openSession(options);
  const { policy, policyCandidate } = session.names.parameters;
  const parameter = version === CANDIDATE ? policyCandidate : policy;
  const found = await findVersion(session, parameter, version === CANDIDATE ? undefined : version);
  const { text, sha256, signed, object } = await readText(session, found);
  const { why, by } = readDescription(found.description, sha256);
  const who = found.user ?? by;
  const modified = found.modified?.toISOString();
  if (options.json === true) {
    const { environment } = session;
    const stored = { version: found.version, modified: modified ?? null, by: who ?? null, why };
    printJson({
      environment,
      parameter,
      ...stored,
      sha256,
      object: object ?? null,
      signed: signed ?? null,
      text,
    });
    return;
  }
  const details = [
    `${parameter}, version ${found.version}, ${shortHash(sha256)}`,
    ...(modified === undefined ? [] : [`stored ${modified}`]),
    ...(who === undefined ? [] : [`by ${nameOf(who)}`]),
  ];
  process.stderr.write(`${details.join(', ')}${why === '' ? '' : `: ${why}`}\n`);
  process.stdout.write(text);
}

/**
 * @param version the newest if undefined
 * @throws {DeployError} if SSM does not have it
 */
export async function findVersion(
  session: Session,
  parameter: string,
  version: number | undefined,
): Promise<ParameterVersion> {
  const history = await readHistory(session, parameter);
  const found = version === undefined ? history[0] : history.find((entry) => entry.version === version);
  if (found !== undefined) return found;
  const next = `${npmCommand(session, 'policy', 'history')} lists what there is`;
  if (history.length === 0) {
    const isCandidate = parameter === session.names.parameters.policyCandidate;
    throw new DeployError(
      isCandidate ? 'CANDIDATE_MISSING' : 'VERSION_MISSING',
      isCandidate ? `there is no candidate at ${parameter}` : `there is no policy at ${parameter}`,
      isCandidate
        ? `store one: ${npmCommand(session, 'policy', 'push --candidate')}; if you have just promoted it, ${npmCommand(session, 'policy', 'history')} shows that it is in force`
        : next,
    );
  }
  throw new DeployError(
    'VERSION_MISSING',
    `${parameter} has no version ${version}: SSM has versions ${history.at(-1)?.version} to ${history[0]?.version}`,
    next,
  );
}

/** @throws {DeployError} if the text can't be read */
export async function readText(session: Session, { version, value }: ParameterVersion): Promise<StoredText> {
  const stored = await readStored(session, value);
  if (!('problem' in stored)) return stored;
  throw new DeployError(
    'VERSION_MISSING',
    `the policy of version ${version} can't be read: ${stored.problem}`,
    `choose another version: ${npmCommand(session, 'policy', 'history')}`,
  );
}
