// Checks what the handler reads from SSM: keys, policy, emergency stop.
import { POLICY_FILE } from '../../../src/config.js';
import { readStoredKey } from '../../aws/callback-key.js';
import { DeployError } from '../../aws/error.js';
import { readMetadata, readParameter } from '../../aws/parameters.js';
import { npmCommand } from '../../aws/printed-commands.js';
import { InputError } from '../../command.js';
import { inspectPolicy } from '../../deploy/policy.js';
import { readParameters, readStop } from '../../deploy/parameter-status.js';
import { readCases, runCases } from '../../policy/cases.js';
import { propose } from '../../policy/change/proposal.js';
import { readStored } from '../../policy/change/stored.js';
import { count, shortHash } from '../../terminal.js';
import { type Finding, note, ok, warning, wrong } from '../check.js';
import { NotChecked } from '../not-checked.js';
import type { Scene } from '../scene.js';

/** The private key is not decrypted: the recorded public key says to which version it belongs. */
export async function callbackKey({ session }: Scene): Promise<readonly Finding[]> {
  const { settings, names } = session;
  if (settings.auth === 'json') return [note('in JSON mode, answers are not signed')];
  const name = names.parameters.callbackPrivateKey;
  const read = await orWrong(() => readStoredKey(session));
  if ('findings' in read) return read.findings;
  const stored = read.value;
  if (stored === undefined)
    return [wrong(`${name} is missing: no task can start`, npmCommand(session, 'deploy'))];
  const { version, publicKey } = stored;
  if (publicKey === undefined) {
    const text = `version ${version} of ${name} was not stored by a deployment: it is not known whether the Co-signer trusts it`;
    return [wrong(text, `check the key, and record its public key: ${npmCommand(session, 'deploy')}`)];
  }
  const { algorithm, fingerprint } = publicKey;
  if (algorithm !== settings.callbackKeyAlgorithm) {
    const text = `it signs with ${algorithm}; the settings specify ${settings.callbackKeyAlgorithm}`;
    const next = `set "callbackKeyAlgorithm" to "${algorithm}", or ${npmCommand(session, 'deploy', '--rotate-callback-key')}`;
    return [wrong(text, next)];
  }
  return [ok(`${algorithm}, ${shortHash(fingerprint)}, version ${version}`)];
}

export async function cosignerKeys({ session }: Scene): Promise<readonly Finding[]> {
  if (session.settings.auth === 'json') return [note('in JSON mode, requests are not signed')];
  const { name, state, holds } = (await readParameters(session)).parameters.cosignerKeys;
  const next = npmCommand(session, 'keys', 'cosigner cosigner_public.pem');
  switch (state) {
    case 'good':
      return [ok(`${count(holds.length, 'key')}: ${holds.map(shortHash).join(', ')}`)];
    case 'missing':
      return [wrong(`${name} is missing: every request is refused`, next)];
    case 'bad':
      return [wrong(`${name} can't be used: ${holds.join(', ')}`, next)];
    case 'unknown':
      return [{ state, text: holds.join(', ') }];
  }
}

/** The same that a deployment checks before it starts a task. */
export async function policy({ session }: Scene): Promise<readonly Finding[]> {
  const { settings, names } = session;
  if (settings.policySource === 'image') return [note(`${POLICY_FILE} is in the image`)];
  const name = names.parameters.policy;
  const push = npmCommand(session, 'policy', 'push');
  if ((await readMetadata(session, name)) === undefined) {
    return [wrong(`${name} is missing: no task can start`, push)];
  }
  const plan = await orWrong(() => inspectPolicy(session, { buildsImage: false, bucketExists: true }));
  if ('findings' in plan) return plan.findings;
  if (plan.value.action === 'remember') {
    return [warning('its signatures are not stored as the newest', npmCommand(session, 'deploy'))];
  }
  const { rules, hash } = await storedPolicy(session);
  return [ok(`${shortHash(hash)}, ${count(rules.length, 'rule')}`)];
}

async function storedPolicy(session: Scene['session']) {
  const name = session.names.parameters.policy;
  const value = await readParameter(session, name);
  const stored = value === undefined ? undefined : await readStored(session, value);
  if (stored === undefined || 'problem' in stored) throw new NotChecked(`${name} can't be read`);
  return (await propose(session, stored.text, name)).policy;
}

export async function policyCases({ session }: Scene): Promise<readonly Finding[]> {
  const { policyCases: file, policySource } = session.settings;
  if (policySource === 'image') return [note('checked when the image is built')];
  if (file === undefined) {
    const text = 'the settings name no test cases';
    const next = 'set "policyCases" to a file with test cases: POLICY.md explains them';
    return [session.production ? warning(text, next) : note(text)];
  }
  const { results } = await runOrRefuse(session, file);
  const failed = results.filter(({ passed }) => !passed);
  if (failed.length === 0) return [ok(`${file}: ${count(results.length, 'case')} passed`)];
  const next = `correct the case or the policy: ${npmCommand(session, 'policy', 'push')}`;
  return [wrong(`${file}: ${failed.map(({ name }) => `"${name}"`).join(', ')} failed`, next)];
}

/** @throws {NotChecked} if the policy can't be used, which is reported by its own check, or the file can't */
async function runOrRefuse(session: Scene['session'], file: string) {
  try {
    return runCases(await storedPolicy(session), readCases(file));
  } catch (error) {
    if (error instanceof InputError) throw new NotChecked(error.message);
    if (isUnusable(error)) throw new NotChecked("the policy can't be used");
    throw error;
  }
}

export async function emergencyStop({ session }: Scene): Promise<readonly Finding[]> {
  const { state, action = '', since, problem } = await readStop(session);
  if (state === 'running') return [ok('not in force')];
  if (state === 'unknown') return [{ state: 'unknown', text: problem ?? '' }];
  const reason = problem === undefined ? '' : `: ${problem}`;
  const text = `every request gets ${action}${since === undefined ? '' : ` since ${since}`}${reason}`;
  return [wrong(text, `if the emergency is over: ${npmCommand(session, 'policy', 'resume')}`)];
}

/** @returns what was read; findings if it can't be used. @throws the error if it could not be read */
async function orWrong<Value>(
  read: () => Promise<Value>,
): Promise<{ readonly value: Value } | { readonly findings: readonly Finding[] }> {
  try {
    return { value: await read() };
  } catch (error) {
    if (!isUnusable(error)) throw error;
    const { message, details, next } = error;
    return { findings: [wrong([message, ...details].join('; '), next)] };
  }
}

const UNUSABLE = /^(POLICY|SIGNATURES|LIST|KEY|CASES)_|^PARAMETER_NOT_ENCRYPTED$/;

function isUnusable(error: unknown): error is DeployError {
  return error instanceof DeployError && UNUSABLE.test(error.code);
}
