// Step: stores the callback key in SSM and, on the first deployment, the policy.
import { readFile } from 'node:fs/promises';
import { POLICY_FILE } from '../../../src/config.js';
import { parsePolicy } from '../../../src/policy/parse/file.js';
import { PolicyError } from '../../../src/policy/parse/problem.js';
import { NITRO_VERSION } from '../../../infra/settings/warnings.js';
import { DeployError } from '../../aws/error.js';
import { putParameter, readParameter } from '../../aws/parameters.js';
import { npmCommand } from '../../aws/printed-commands.js';
import type { Session } from '../../aws/session.js';
import { applyCallbackKey, type CallbackKeyState, describe, inspectCallbackKey } from '../callback-key.js';
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
      deployment.notes.push(...algorithmNotes(session, key));
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

function describeKeyChange(session: Session, key: CallbackKeyState): readonly string[] {
  const { keyDirectory, names, settings } = session;
  const { action, makesPair, file, local, stored } = key;
  const parameter = names.parameters.callbackPrivateKey;
  const wanted = settings.callbackKeyAlgorithm;
  const creation = makesPair ? [`create a key pair for ${wanted} in ${keyDirectory}`] : [];
  switch (action) {
    case 'create':
      return [
        ...creation,
        ...(makesPair ? [] : [`use the key pair in ${keyDirectory}, ${describe(local)}`]),
        `store its private key in ${parameter}`,
        ...algorithmWarning(session, key),
      ];
    case 'rotate': {
      const before = describe(stored) || 'the stored value';
      const after = makesPair ? `the new private key (${wanted})` : `the key in ${file}, ${describe(local)}`;
      return [
        ...creation,
        `replace ${before} in ${parameter} with ${after}`,
        ...algorithmWarning(session, key),
      ];
    }
    case 'none':
      return stored === undefined || stored.algorithm === wanted
        ? []
        : [`keep ${describe(stored)} in ${parameter}, although the settings specify ${wanted}`];
  }
}

/** In JSON mode, nothing is signed. */
function algorithmWarning({ settings }: Session, { stored }: CallbackKeyState): readonly string[] {
  if (
    settings.auth === 'json' ||
    settings.callbackKeyAlgorithm !== 'ES256' ||
    stored?.algorithm === 'ES256'
  ) {
    return [];
  }
  return [
    `AWS Nitro Co-signers accept ES256 from version ${NITRO_VERSION} on, older ones only RS256: check the version of yours first`,
  ];
}

/** Only a rotation changes the algorithm of a stored key, whatever the settings specify. */
function algorithmNotes(session: Session, { action, stored }: CallbackKeyState): readonly string[] {
  const wanted = session.settings.callbackKeyAlgorithm;
  if (action !== 'none' || stored === undefined || stored.algorithm === wanted) return [];
  const rotate = npmCommand(session, 'deploy', '--rotate-callback-key');
  return [
    `The settings have "callbackKeyAlgorithm": "${wanted}", but the stored key ${describe(stored)} stays in use. To replace it: ${rotate}, then give the Co-signer the new public key.`,
  ];
}

async function applyKeys({ session, options, notes }: DeploymentRun, report: Report): Promise<void> {
  const { callbackPrivateKey, policy } = session.names.parameters;
  const key = await inspectCallbackKey(session, options.rotateCallbackKey);
  if (key.action !== 'none') {
    const applied = await applyCallbackKey(session, key);
    report(`callback key ${describe(applied)} is stored in ${callbackPrivateKey}`);
    if (key.action === 'rotate') {
      notes.push(
        `The callback key was rotated: the service uses the new one (${applied.algorithm}) within a minute. Give the Co-signer the new public key now; until then it rejects every response.`,
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
