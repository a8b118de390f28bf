// Step: stores the callback key in SSM and, on the first deployment, the policy.
import { POLICY_FILE } from '../../../src/config.js';
import { NITRO_VERSION } from '../../../infra/settings/warnings.js';
import { npmCommand } from '../../aws/printed-commands.js';
import type { Session } from '../../aws/session.js';
import { applyCallbackKey, type CallbackKeyState, describe, inspectCallbackKey } from '../callback-key.js';
import { applyPolicy, inspectPolicy, type PolicyPlan } from '../policy.js';
import type { Change, DeploymentRun, Report, Step } from '../step.js';

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

function toChange(session: Session, key: CallbackKeyState, policy: PolicyPlan): Change {
  const { action, makesPair } = key;
  const summary = [
    ...(makesPair ? ['create a key pair'] : []),
    ...(action === 'create' ? ['store the private key in SSM'] : []),
    ...(action === 'rotate' ? ['replace the private key in SSM'] : []),
    ...POLICY_SUMMARY[policy.action],
  ];
  return {
    action: action === 'none' && policy.action !== 'none' ? 'create' : action,
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

async function applyKeys(deployment: DeploymentRun, report: Report): Promise<void> {
  const { session, options, notes } = deployment;
  const { callbackPrivateKey } = session.names.parameters;
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
  const done = await applyPolicy(session, await inspectPolicy(session, policyOptions(deployment)));
  if (done !== undefined) report(done);
}
