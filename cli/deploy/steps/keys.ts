// Step: stores the callback key in SSM and, on the first deployment, the policy.
import { POLICY_FILE } from '../../../src/config.js';
import { NITRO_VERSION } from '../../../infra/settings/warnings.js';
import { npmCommand } from '../../aws/printed-commands.js';
import type { Session } from '../../aws/session.js';
import { applyCallbackKey, type CallbackKeyState, describe, inspectCallbackKey } from '../callback-key.js';
import { applyPolicy, inspectPolicy, type PolicyPlan } from '../policy.js';
import type { Action, Change, DeploymentRun, Report, Step } from '../step.js';

export function keysStep(deployment: DeploymentRun): Step {
  const { session, options } = deployment;
  return {
    name: 'keys',
    async inspect() {
      const [key, policy] = await Promise.all([
        inspectCallbackKey(session, options.rotateCallbackKey),
        inspectPolicy(session, policyOptions(deployment)),
      ]);
      deployment.notes.push(...algorithmNotes(session, key));
      return toChange(session, key, policy);
    },
    apply: (report) => applyKeys(deployment, report),
  };
}

/** Before the first deployment, there is no bucket yet: its lists are read when the policy is stored. */
function policyOptions({ selected, options, deployed }: DeploymentRun) {
  return {
    buildsImage: selected.includes('image') && options.givenTag === undefined,
    bucketExists: deployed.get('security')?.outputs['PolicyBucket'] !== undefined,
  };
}

const POLICY_SUMMARY: Readonly<Record<PolicyPlan['action'], readonly string[]>> = {
  none: [],
  store: ['store the policy in SSM'],
  remember: ['store the signatures of the policy'],
};

const KEY_SUMMARY: Readonly<Record<CallbackKeyState['action'], readonly string[]>> = {
  none: [],
  create: ['store the private key in SSM'],
  rotate: ['replace the private key in SSM'],
  record: ['record the public key'],
};

function actionOf(key: CallbackKeyState['action'], policy: PolicyPlan): Action {
  if (key === 'record') return 'update';
  return key === 'none' && policy.action !== 'none' ? 'create' : key;
}

function toChange(session: Session, key: CallbackKeyState, policy: PolicyPlan): Change {
  const { action, makesPair } = key;
  const summary = [
    ...(makesPair === true ? ['create a key pair'] : []),
    ...KEY_SUMMARY[action],
    ...POLICY_SUMMARY[policy.action],
  ];
  return {
    action: actionOf(action, policy),
    summary: summary.join(', ') || 'nothing',
    details: [...describeKeyChange(session, key), ...describePolicyChange(session, policy)],
  };
}

function describePolicyChange({ names }: Session, policy: PolicyPlan): readonly string[] {
  const { policy: parameter } = names.parameters;
  switch (policy.action) {
    case 'none':
      return [];
    case 'store': {
      const signed = policy.signatures?.signed;
      const by = signed?.signatures.map(({ signer }) => signer).join(', ');
      const signatures = signed === undefined ? '' : `, signed by ${by}, serial ${signed.serial}`;
      return [`store ${POLICY_FILE} in ${parameter}${signatures}`];
    }
    case 'remember':
      return [`store the signatures of ${parameter} as the newest`];
  }
}

function describeKeyChange(session: Session, key: CallbackKeyState): readonly string[] {
  const { keyDirectory, names, settings } = session;
  const { action, makesPair, local, stored } = key;
  const parameter = names.parameters.callbackPrivateKey;
  const wanted = settings.callbackKeyAlgorithm;
  const publicKey = stored?.publicKey;
  const creation = makesPair === true ? [`create a key pair for ${wanted} in ${keyDirectory}`] : [];
  switch (action) {
    case 'create':
      return [
        ...creation,
        ...(makesPair === true ? [] : [`use the key pair in ${keyDirectory}, ${describe(local?.publicKey)}`]),
        `store its private key in ${parameter}`,
        ...algorithmWarning(session, key),
      ];
    case 'rotate':
      return [...creation, ...describeRotation(session, key), ...algorithmWarning(session, key)];
    case 'record':
      return [
        `read the private key in ${parameter} once, because no public key is recorded for its version ${stored?.version ?? ''}`,
        `record its public key in ${names.publicKey}`,
      ];
    case 'none':
      return publicKey === undefined || publicKey.algorithm === wanted
        ? []
        : [`keep ${describe(publicKey)} in ${parameter}, although the settings specify ${wanted}`];
  }
}

function describeRotation({ names, settings }: Session, key: CallbackKeyState): readonly string[] {
  const { makesPair, mustDecrypt, file, local, stored } = key;
  const parameter = names.parameters.callbackPrivateKey;
  const inFile = `the key in ${file}, ${describe(local?.publicKey)}`;
  const made = `the new private key (${settings.callbackKeyAlgorithm})`;
  if (mustDecrypt) {
    return [
      `read the private key in ${parameter} once, because no public key is recorded for its version ${stored?.version ?? ''}`,
      `replace it with ${inFile}; if it is the same key, create a key pair (${settings.callbackKeyAlgorithm})`,
    ];
  }
  const before = describe(stored?.publicKey) || 'the stored value';
  return [`replace ${before} in ${parameter} with ${makesPair === true ? made : inFile}`];
}

/** In JSON mode, nothing is signed. */
function algorithmWarning({ settings }: Session, { stored }: CallbackKeyState): readonly string[] {
  if (
    settings.auth === 'json' ||
    settings.callbackKeyAlgorithm !== 'ES256' ||
    stored?.publicKey?.algorithm === 'ES256'
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
  const publicKey = stored?.publicKey;
  if (action !== 'none' || publicKey === undefined || publicKey.algorithm === wanted) return [];
  const rotate = npmCommand(session, 'deploy', '--rotate-callback-key');
  return [
    `The settings have "callbackKeyAlgorithm": "${wanted}", but the stored key ${describe(publicKey)} stays in use. To replace it: ${rotate}, then give the Co-signer the new public key.`,
  ];
}

async function applyKeys(deployment: DeploymentRun, report: Report): Promise<void> {
  const { session, options, notes } = deployment;
  const { publicKey, parameters } = session.names;
  const { callbackPrivateKey } = parameters;
  const key = await inspectCallbackKey(session, options.rotateCallbackKey);
  if (key.action !== 'none') {
    const applied = await applyCallbackKey(session, key);
    report(
      `callback key ${describe(applied)} is stored in ${callbackPrivateKey}, its public key in ${publicKey}`,
    );
    if (key.action === 'rotate') {
      notes.push(
        `The callback key was rotated: the service uses the new one (${applied.algorithm}) within a minute. Give the Co-signer the new public key now; until then it rejects every response.`,
      );
    }
  }
  const done = await applyPolicy(session, await inspectPolicy(session, policyOptions(deployment)));
  if (done !== undefined) report(done);
}
