// Prepares a deployment: checks the options, and reads the state of the stacks.
import { STACK_NAMES, type StackName, stackNames } from '../../infra/names.js';
import { DeployError } from '../aws/error.js';
import { awsCommand, npmCommand } from '../aws/printed-commands.js';
import type { Session } from '../aws/session.js';
import { handlerStack } from '../aws/handler.js';
import { describeSettled } from '../aws/settled.js';
import { type DeployedStack, deployedTemplate, describeStack, stateOf } from '../aws/stack.js';
import { UsageError } from '../command.js';
import { assertImageExists, gitRevision, isForOtherCpu, wantedImages, withoutTarget } from './image.js';
import { assertInputs, keepExports, keepsExports } from './inputs.js';
import { takenNames } from './fixed-names.js';
import type { DeployOptions } from './options.js';
import { assertNeeds, selectStacks } from './plan.js';
import type { DeploymentRun } from './step.js';
import { synthesizeTemplates, type Template, type TemplateBody } from './templates.js';
import { leavingAfterwards, leavingFirst, transitionOf } from './transition.js';

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
  const { settings } = session;
  const selected = selectStacks(options, stackNames(settings));
  assertOptionsApply(session, options, selected);
  const deployed = await describeStacks(session, options);
  for (const name of selected) {
    const stack = deployed.get(name);
    if (stack !== undefined)
      assertUsable(session, stack, options.forceRecreate === true ? undefined : recreateCommand);
  }
  const deployedTemplates = await readTemplates(session, deployed);
  const leaving = leavingFirst(settings, deployedTemplates);
  const afterwards = leavingAfterwards(leaving, settings, selected);
  const synthesize = (these: typeof leaving): readonly Template[] =>
    keepExports(synthesizeTemplates(session.environment, settings, these), deployedTemplates);
  const templates = synthesize(leaving);
  const second = afterwards.size === leaving.size ? [] : synthesize(afterwards);
  assertNeeds(selected, templates, deployed);
  assertInputs(selected, { templates, deployed, deployedTemplates });
  await assertNamesFree(
    session,
    templates.filter(({ name }) => selected.includes(name)),
    { deployed, deployedTemplates },
  );
  const notes = keepsExports(templates) ? [OLD_EXPORTS] : [];
  return {
    session,
    templates,
    transition: transitionOf({ settings, deployed, selected, afterwards, first: templates, second }),
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
      tag: await chooseTag(session, {
        selected,
        deployed,
        notes,
        givenTag: options.imageTag === undefined ? undefined : withoutTarget(options.imageTag),
      }),
    },
  };
}

/** @throws {UsageError} for an option that has no effect on the selected stacks */
function assertOptionsApply(
  { settings }: Session,
  options: DeployOptions,
  selected: readonly StackName[],
): void {
  const handler = handlerStack(settings);
  const applies: readonly (readonly [option: string, value: unknown, stack: StackName])[] = [
    ['--rotate-callback-key', options.rotateCallbackKey, handler],
    ['--renew-certificate', options.renewCertificate, 'callback'],
    ['--image-tag', options.imageTag, handler],
    ['--accept-findings', options.acceptFindings, handler],
  ];
  if (options.renewCertificate === true && settings.front === 'api') {
    throw new UsageError(
      '--renew-certificate does not apply to "front": "api", which has AWS\'s certificate',
    );
  }
  for (const [option, value, stack] of applies) {
    if (value !== undefined && !selected.includes(stack)) {
      throw new UsageError(`${option} applies to the ${stack} stack, which is not selected`);
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
  const { settings } = session;
  const existing = async (tag: string): Promise<string> => {
    assertCpu(tag);
    for (const image of wantedImages(settings, tag)) await assertImageExists(session, image.tag);
    return tag;
  };
  if (givenTag !== undefined) return existing(givenTag);
  if (selected.includes('image')) {
    const { tag, dirty } = await gitRevision(session);
    if (dirty) notes.push(`Files have changed since commit ${tag}: these changes are not in the image.`);
    return tag;
  }
  const handler = handlerStack(settings);
  if (!selected.includes(handler) && !selected.includes('console')) return '';
  const tag = deployed.get(handler)?.parameters['ImageTag'];
  if (tag !== undefined) {
    assertCpu(tag);
    return withoutTarget(tag);
  }
  const other = deployed.get(handler === 'callback' ? 'function' : 'callback')?.parameters['ImageTag'];
  if (other !== undefined) return existing(withoutTarget(other));
  throw new UsageError(
    `${handler} needs an image: also select the image stack, or choose an existing image with --image-tag`,
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

/** @throws {DeployError} if resources that are about to be created have names that are taken */
async function assertNamesFree(
  session: Session,
  templates: readonly Template[],
  { deployed, deployedTemplates }: Pick<DeploymentRun, 'deployed' | 'deployedTemplates'>,
): Promise<void> {
  const { environment, production } = session;
  const taken = await Promise.all(
    templates.map(({ name, body }) => {
      const { Resources = {} } = JSON.parse(body) as TemplateBody;
      const known = deployedTemplates.get(name)?.Resources ?? {};
      const created = Object.entries(Resources).filter(([id]) => known[id] === undefined);
      return takenNames(session, { Resources: Object.fromEntries(created) }, deployed);
    }),
  );
  if (taken.flat().length === 0) return;
  const kept = production ? `an earlier deployment of ${environment} has kept them, or ` : '';
  throw new DeployError(
    'NAMES_TAKEN',
    `${environment} can't be deployed: resources with its names exist already`,
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
