// Prepares a deployment: checks the options, and reads the state of the stacks.
import { STACK_NAMES, type StackName } from '../../infra/names.js';
import { DeployError } from '../aws/error.js';
import { awsCommand, npmCommand } from '../aws/printed-commands.js';
import type { Session } from '../aws/session.js';
import { describeSettled } from '../aws/settled.js';
import { type DeployedStack, deployedTemplate, describeStack, stateOf } from '../aws/stack.js';
import { UsageError } from '../command.js';
import { assertImageExists, gitRevision, isForOtherCpu } from './image.js';
import { assertInputs, keepExports, keepsExports } from './inputs.js';
import { takenNames } from './fixed-names.js';
import type { DeployOptions } from './options.js';
import { assertNeeds, selectStacks } from './plan.js';
import type { DeploymentRun } from './step.js';
import { synthesizeTemplates, type Template, type TemplateBody } from './templates.js';

const OLD_EXPORTS =
  'Stacks of an earlier version import values from each other: once all are updated, deploy again to remove the exports.';

/** The format that Docker defines for tags. */
const IMAGE_TAG = /^\w[\w.-]{0,127}$/;

/**
 * Checks the options and the deployed stacks.
 * @param recreateCommand the command that deletes stuck stacks and creates them again
 * @throws {UsageError} @throws {DeployError}
 */
export async function prepareDeployment(
  session: Session,
  options: DeployOptions,
  recreateCommand: string,
): Promise<DeploymentRun> {
  if (options.imageTag !== undefined && !IMAGE_TAG.test(options.imageTag)) {
    throw new UsageError(`--image-tag: "${options.imageTag}" is not a valid image tag`);
  }
  const synthesized = synthesizeTemplates(session.environment, session.settings);
  const available = synthesized.map(({ name }) => name);
  const selected = selectStacks(options, available);
  assertOptionsApply(session, options, selected);
  const deployed = await describeStacks(session, options);
  for (const name of selected) {
    const stack = deployed.get(name);
    if (stack !== undefined)
      assertUsable(session, stack, options.forceRecreate === true ? undefined : recreateCommand);
  }
  const deployedTemplates = await readTemplates(session, deployed);
  const templates = keepExports(synthesized, deployedTemplates);
  assertNeeds(selected, templates, deployed);
  assertInputs(selected, { templates, deployed, deployedTemplates });
  await assertNamesFree(
    session,
    templates.filter(({ name }) => selected.includes(name) && !deployed.has(name)),
  );
  const notes = keepsExports(templates) ? [OLD_EXPORTS] : [];
  return {
    session,
    templates,
    selected,
    deployed,
    deployedTemplates,
    actions: new Map(),
    parameters: new Map(),
    notes,
    options: {
      rotateCallbackKey: options.rotateCallbackKey ?? false,
      renewCertificate: options.renewCertificate ?? false,
      build: options.build,
      givenTag: options.imageTag,
      acceptedFindings: options.acceptFindings?.split(',').map((name) => name.trim()) ?? [],
      tag: await chooseTag(session, { selected, deployed, notes, givenTag: options.imageTag }),
    },
  };
}

/** @throws {UsageError} for an option that has no effect on the selected stacks */
function assertOptionsApply(
  { settings }: Session,
  options: DeployOptions,
  selected: readonly StackName[],
): void {
  const callbackOptions = {
    '--rotate-callback-key': options.rotateCallbackKey,
    '--renew-certificate': options.renewCertificate,
    '--image-tag': options.imageTag,
    '--accept-findings': options.acceptFindings,
  };
  for (const [option, value] of Object.entries(callbackOptions)) {
    if (value !== undefined && !selected.includes('callback')) {
      throw new UsageError(`${option} applies to the callback stack, which is not selected`);
    }
  }
  if (options.acceptJson === true && settings.auth !== 'json') {
    throw new UsageError('--accept-json applies to "auth": "json" only');
  }
  if (options.renewCertificate === true && settings.certificate !== 'private') {
    throw new UsageError(
      '--renew-certificate applies to "certificate": "private" only: other certificates are renewed by their issuer',
    );
  }
}

type TagInputs = Pick<DeploymentRun, 'selected' | 'deployed' | 'notes'> & {
  readonly givenTag: string | undefined;
};

/** @returns the tag of the image that the service will run; empty if the service is not selected */
async function chooseTag(
  session: Session,
  { selected, deployed, notes, givenTag }: TagInputs,
): Promise<string> {
  const assertCpu = (tag: string): void => {
    if (!isForOtherCpu(session, tag)) return;
    throw new UsageError(
      `image ${tag} is not for ${session.settings.architecture}, which the settings have: deploy without --image-tag, and with the image stack, to build one`,
    );
  };
  if (givenTag !== undefined) {
    assertCpu(givenTag);
    await assertImageExists(session, givenTag);
    return givenTag;
  }
  if (selected.includes('image')) {
    const { tag, dirty } = await gitRevision(session);
    if (dirty) notes.push(`Files have changed since commit ${tag}: these changes are not in the image.`);
    return tag;
  }
  if (!selected.includes('callback') && !selected.includes('console')) return '';
  const tag = deployed.get('callback')?.parameters['ImageTag'];
  if (tag !== undefined) {
    assertCpu(tag);
    return tag;
  }
  throw new UsageError(
    'callback needs an image: also select the image stack, or choose an existing image with --image-tag',
  );
}

/** Waits for changes that an earlier deployment has started. @throws {DeployError} */
async function describeStacks(session: Session, options: DeployOptions): Promise<DeploymentRun['deployed']> {
  const deployed: DeploymentRun['deployed'] = new Map();
  for (const name of STACK_NAMES) {
    const stackName = `${session.names.prefix}-${name}`;
    const stack =
      options.dryRun === true
        ? await describeStack(session.aws.cloudformation, stackName)
        : await describeSettled(session, stackName, options);
    if (stack === undefined) continue;
    if (stateOf(stack) === 'busy') {
      throw new DeployError(
        'STACK_BUSY',
        `${stackName} is ${stack.status}: a deployment is running`,
        `run the command again when it has ended: ${npmCommand(session, 'deploy', '--status')}`,
      );
    }
    deployed.set(name, stack);
  }
  if (deployed.has('cosigner') && !session.settings.cosigner) {
    throw new DeployError(
      'STACK_LEFT_OVER',
      `the stack ${session.names.prefix}-cosigner exists, but the settings have "cosigner": false`,
      'set it to true again; or remove the Co-signer first, as described in "Removing it" in DEPLOYMENT.md',
    );
  }
  return deployed;
}

/** @throws {DeployError} if a stack that is about to be created has resources whose names are taken */
async function assertNamesFree(session: Session, created: readonly Template[]): Promise<void> {
  const { environment, production } = session;
  const taken = await Promise.all(
    created.map(({ body }) => takenNames(session, JSON.parse(body) as TemplateBody)),
  );
  if (taken.flat().length === 0) return;
  const kept = production ? `an earlier deployment of ${environment} has kept them, or ` : '';
  throw new DeployError(
    'NAMES_TAKEN',
    `${environment} can't be created: resources with its names exist already`,
    `${kept}another project has this environment here: delete them if nobody needs them; or use another environment, region or account`,
    taken.flat(),
  );
}

async function readTemplates(
  { aws }: Session,
  deployed: DeploymentRun['deployed'],
): Promise<DeploymentRun['deployedTemplates']> {
  const read = async ([name, { stackName }]: [StackName, DeployedStack]) =>
    [name, (await deployedTemplate(aws.cloudformation, stackName)) as TemplateBody] as const;
  // A stack in that state has been named, but never created.
  const created = [...deployed].filter(([, { status }]) => status !== 'REVIEW_IN_PROGRESS');
  return new Map(await Promise.all(created.map(read)));
}

/** Commands that roll back stacks. Stacks that have been deployed before must not be deleted. */
const ROLLBACK_COMMANDS: Readonly<Record<string, string>> = {
  UPDATE_FAILED: 'rollback-stack',
  UPDATE_ROLLBACK_FAILED: 'continue-update-rollback',
  IMPORT_ROLLBACK_FAILED: 'continue-update-rollback',
};

/**
 * @param recreateCommand undefined if stuck stacks are recreated by this run
 * @throws {DeployError} if the stack can't be updated
 */
function assertUsable(session: Session, stack: DeployedStack, recreateCommand: string | undefined): void {
  if (stateOf(stack) !== 'stuck') return;
  const { stackName, status } = stack;
  const rollback = ROLLBACK_COMMANDS[status];
  if (rollback !== undefined) {
    throw new DeployError(
      'STACK_STUCK',
      `${stackName} is ${status}: CloudFormation has to restore its previous state`,
      awsCommand(session, `cloudformation ${rollback} --stack-name ${stackName}`),
    );
  }
  if (recreateCommand === undefined) return;
  const events = awsCommand(session, `cloudformation describe-stack-events --stack-name ${stackName}`);
  throw new DeployError(
    'STACK_STUCK',
    `${stackName} is ${status}: it can only be deleted and created again`,
    `see the reason: ${events}\n       then run: ${recreateCommand}`,
  );
}
