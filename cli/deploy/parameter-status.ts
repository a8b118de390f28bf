// Reads the status of the parameters that the service reads: keys, policy, candidate, emergency stop.
import { POLICY_FILE } from '../../src/config.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import { BaseError } from '../../src/protocol/error.js';
import { type AnswerAlgorithm, importCosignerKeys } from '../../src/protocol/key.js';
import { verifySignatures } from '../../src/sources/signatures.js';
import { parseStop, type StopAction } from '../../src/sources/stop.js';
import { readStoredKey } from '../aws/callback-key.js';
import { DeployError } from '../aws/error.js';
import { explainError } from '../aws/explain.js';
import { readParameter, readStoredParameter } from '../aws/parameters.js';
import { npmCommand } from '../aws/printed-commands.js';
import type { Session } from '../aws/session.js';
import { signersIn } from '../policy/change/signatures.js';
import { readStored, type StoredText } from '../policy/change/stored.js';
import { count } from '../terminal.js';

/** A parameter that the service reads. `unknown`: it could not be read. */
interface ParameterStatus {
  readonly name: string;
  readonly state: 'good' | 'missing' | 'bad' | 'unknown';
  /** Key fingerprints or the policy's SHA-256; the error message if the state is `bad` or `unknown`. */
  readonly holds: readonly string[];
}

/** The emergency stop. `unknown`: its parameter could not be read. */
export interface StopStatus {
  readonly name: string;
  readonly state: 'running' | 'stopped' | 'unknown';
  /** What every request gets while decisions are stopped. */
  readonly action: StopAction | undefined;
  /** When the parameter was last changed: ISO 8601, UTC. */
  readonly since: string | undefined;
  /** Why the stored value is invalid, or could not be read. */
  readonly problem: string | undefined;
}

export interface ParameterStates {
  /** The state of `policyCandidate` is `missing` unless a candidate is evaluated beside the policy. */
  readonly parameters: Readonly<
    Record<'callbackKey' | 'cosignerKeys' | 'policy' | 'policyCandidate', ParameterStatus>
  >;
  /** The algorithm of the stored callback key; undefined if it is missing or not recorded. */
  readonly callbackAlgorithm: AnswerAlgorithm | undefined;
}

export async function readParameters(session: Session): Promise<ParameterStates> {
  const { cosignerPublicKey } = session.names.parameters;
  const [{ callbackAlgorithm, ...callbackKey }, cosignerKeys, policy, policyCandidate] = await Promise.all([
    callbackKeyStatus(session),
    parameterStatus(session, cosignerPublicKey, (value) =>
      importCosignerKeys(value).map(({ fingerprint }) => fingerprint),
    ),
    policyStatus(session),
    candidateStatus(session),
  ]);
  return { parameters: { callbackKey, cosignerKeys, policy, policyCandidate }, callbackAlgorithm };
}

/** Goes by the recorded public key: the private key is not decrypted. */
async function callbackKeyStatus(
  session: Session,
): Promise<ParameterStatus & Pick<ParameterStates, 'callbackAlgorithm'>> {
  const name = session.names.parameters.callbackPrivateKey;
  try {
    const stored = await readStoredKey(session);
    if (stored === undefined) return { name, state: 'missing', holds: [], callbackAlgorithm: undefined };
    const { version, publicKey } = stored;
    if (publicKey !== undefined) {
      const { fingerprint, algorithm } = publicKey;
      return { name, state: 'good', holds: [fingerprint], callbackAlgorithm: algorithm };
    }
    const next = `to record it: ${npmCommand(session, 'deploy')}`;
    const problem = `no public key is recorded for version ${version} of ${name}: ${next}`;
    return { name, state: 'unknown', holds: [problem], callbackAlgorithm: undefined };
  } catch (error) {
    return { ...failedStatus(session, name, error), callbackAlgorithm: undefined };
  }
}

export async function readStop(session: Session): Promise<StopStatus> {
  const name = session.names.parameters.policyStop;
  try {
    // The service obeys a stop that is stored without encryption, too.
    const stored = await readStoredParameter(session, name);
    const { action, problem } = parseStop(stored?.value);
    const since = action === undefined ? undefined : stored?.modified?.toISOString();
    return { name, state: action === undefined ? 'running' : 'stopped', action, since, problem };
  } catch (error) {
    const { message } = explainedError(error, session);
    return { name, state: 'unknown', action: undefined, since: undefined, problem: message };
  }
}

async function policyStatus(session: Session): Promise<ParameterStatus> {
  const { settings, names } = session;
  if (settings.policySource === 'image') {
    return { name: POLICY_FILE, state: 'good', holds: [`${POLICY_FILE} in the image`] };
  }
  const name = names.parameters.policy;
  return parameterStatus(session, name, async (value) => {
    const stored = await readPolicy(session, name, value);
    const signers = signersIn(session);
    if (signers === undefined) return [summaryOf(stored, name)];
    const { signed, sha256 } = stored;
    const verified = verifySignatures(signed, { for: name, sha256 }, signers);
    if ('problem' in verified) throw unusable(session, name, verified.problem);
    return [
      `${summaryOf(stored, name)}, signed by ${verified.signers.join(', ')}, serial ${signed?.serial ?? 0}`,
    ];
  });
}

/** A candidate decides nothing, and needs no signatures. */
async function candidateStatus(session: Session): Promise<ParameterStatus> {
  const name = session.names.parameters.policyCandidate;
  return parameterStatus(session, name, async (value) => [
    summaryOf(await readPolicy(session, name, value), name),
  ]);
}

/** @throws {DeployError} if the parameter names a text that does not exist */
async function readPolicy(session: Session, name: string, value: string): Promise<StoredText> {
  const stored = await readStored(session, value);
  if ('problem' in stored) throw unusable(session, name, stored.problem);
  return stored;
}

function unusable(session: Session, name: string, problem: string): DeployError {
  const next = `store a valid policy: ${npmCommand(session, 'policy', 'push')}`;
  return new DeployError('POLICY_UNSOUND', `${name} can't be used: ${problem}`, next);
}

/** @throws {PolicyError} */
function summaryOf({ text, sha256 }: StoredText, name: string): string {
  return `${sha256}, ${count(parsePolicy(text, name).rules.length, 'rule')}`;
}

/** @param summarize throws if the value can't be used */
async function parameterStatus(
  session: Session,
  name: string,
  summarize: (value: string) => readonly string[] | Promise<readonly string[]>,
): Promise<ParameterStatus> {
  try {
    const value = await readParameter(session, name);
    return value === undefined
      ? { name, state: 'missing', holds: [] }
      : { name, state: 'good', holds: await summarize(value) };
  } catch (error) {
    return failedStatus(session, name, error);
  }
}

function failedStatus(session: Session, name: string, error: unknown): ParameterStatus {
  const { code, message } = explainedError(error, session);
  return { name, state: isUnusable(code) ? 'bad' : 'unknown', holds: [message] };
}

/** @throws the error itself if neither AWS nor the operator caused it */
export function explainedError(error: unknown, { profile }: Session): BaseError {
  const explained = explainError(error, profile);
  if (!(explained instanceof BaseError)) throw error;
  return explained as BaseError;
}

/** Whether the error indicates an unusable value rather than a failed read. */
function isUnusable(code: string): boolean {
  return code.startsWith('POLICY_') || code === 'PARAMETER_NOT_ENCRYPTED' || code.startsWith('KEY_');
}
