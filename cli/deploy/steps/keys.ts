// Step: stores the callback key in SSM and, on the first deployment, the policy.
import { readFile } from 'node:fs/promises';
import { POLICY_FILE } from '../../../src/config.js';
import { parsePolicy } from '../../../src/policy/parse/file.js';
import { PolicyError } from '../../../src/policy/parse/problem.js';
import { DeployError } from '../../aws/error.js';
import { putParameter, readParameter } from '../../aws/parameters.js';
import { npmCommand } from '../../aws/printed-commands.js';
import type { Session } from '../../aws/session.js';
import { applyCallbackKey, type CallbackKeyState, inspectCallbackKey, short } from '../callback-key.js';
import type { Change, DeploymentRun, Report, Step } from '../step.js';

export function keysStep(deployment: DeploymentRun): Step {
  const { session, options } = deployment;
  return {
    name: 'keys',
    async inspect() {
      const [key, { isStored }] = await Promise.all([
        inspectCallbackKey(session, options.rotateCallbackKey),
        readPolicy(session),
      ]);
      return toChange(session, key, isStored);
    },
    apply: (report) => applyKeys(deployment, report),
  };
}

function toChange(session: Session, key: CallbackKeyState, policyStored: boolean): Change {
  const { action, makesPair } = key;
  const summary = [
    ...(makesPair ? ['create a key pair'] : []),
    ...(action === 'create' ? ['store the private key in SSM'] : []),
    ...(action === 'rotate' ? ['replace the private key in SSM'] : []),
    ...(policyStored ? [] : ['store the policy in SSM']),
  ];
  return {
    action: action === 'none' && !policyStored ? 'create' : action,
    summary: summary.join(', ') || 'nothing',
    details: [
      ...describeKeyChange(session, key),
      ...(policyStored ? [] : [`store ${POLICY_FILE} in ${session.names.parameters.policy}`]),
    ],
  };
}

function describeKeyChange(
  { keyDirectory, names }: Session,
  { action, makesPair, file, local, stored }: CallbackKeyState,
): readonly string[] {
  const parameter = names.parameters.callbackPrivateKey;
  const creation = makesPair ? [`create a key pair in ${keyDirectory}`] : [];
  switch (action) {
    case 'create':
      return [
        ...creation,
        ...(makesPair ? [] : [`use the key pair in ${keyDirectory}, ${short(local?.fingerprint)}`]),
        `store its private key in ${parameter}`,
      ];
    case 'rotate': {
      const before = short(stored?.fingerprint) || 'the stored value';
      const after = makesPair ? 'the new private key' : `the key in ${file} (${short(local?.fingerprint)})`;
      return [...creation, `replace ${before} in ${parameter} with ${after}`];
    }
    case 'none':
      return creation;
  }
}

async function applyKeys({ session, options, notes }: DeploymentRun, report: Report): Promise<void> {
  const { callbackPrivateKey, policy } = session.names.parameters;
  const key = await inspectCallbackKey(session, options.rotateCallbackKey);
  if (key.action !== 'none') {
    const { fingerprint } = await applyCallbackKey(session, key);
    report(`callback key ${short(fingerprint)} is stored in ${callbackPrivateKey}`);
    if (key.action === 'rotate') {
      notes.push(
        'The callback key was rotated: the service uses the new one within a minute. Give the Co-signer the new public key now; until then it rejects every response.',
      );
    }
  }
  const { isStored, content } = await readPolicy(session);
  if (!isStored) {
    await putParameter(session, policy, { value: content, replace: false });
    report(`${POLICY_FILE} is stored in ${policy}`);
  }
}

interface DeployedPolicy {
  /** Whether SSM contains a policy; if not, the content comes from the file. */
  readonly isStored: boolean;
  /** YAML. */
  readonly content: string;
}

/** @throws {DeployError} if the policy is invalid, because the service would not start with it */
async function readPolicy(session: Session): Promise<DeployedPolicy> {
  const parameter = session.names.parameters.policy;
  const stored = await readParameter(session, parameter);
  if (stored !== undefined) {
    assertValid(stored, parameter, `store a valid one: ${npmCommand(session, 'policy', 'push')}`);
    return { isStored: true, content: stored };
  }
  const content = await readFile(POLICY_FILE, 'utf8');
  assertValid(content, POLICY_FILE, `fix ${POLICY_FILE}; npm run policy -- check shows every problem`);
  return { isStored: false, content };
}

function assertValid(content: string, where: string, next: string): void {
  try {
    parsePolicy(content, where);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new DeployError(
      'POLICY_UNSOUND',
      `${where} can't be used as the policy`,
      next,
      error.brief.report.split('\n'),
    );
  }
}
