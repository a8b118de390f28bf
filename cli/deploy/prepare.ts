// What a deployment begins with: its options made sense of, and the stacks as they are.
import { UsageError } from '../command.js';
import { STACK_NAMES } from '../../infra/names.js';
import { conditionOf, type DeployedStack, describeStack } from '../aws/cloudformation.js';
import { DeployError } from '../aws/error.js';
import { assertImage, gitRevision } from './image.js';
import { assertNeeds, selectStacks } from './plan.js';
import { awsCommand, npmCommand } from '../aws/printed-commands.js';
import type { Session } from '../aws/session.js';
import { describeSettled } from '../aws/settled.js';
import type { Deploying } from './steps.js';
import { synthesizeTemplates } from './templates.js';

/** Options of the command, as they were given. */
export interface DeployValues {
  readonly 'from-stack'?: string;
  readonly 'only-stacks'?: string;
  readonly 'skip-stacks'?: string;
  readonly build: string;
  readonly 'image-tag'?: string;
  readonly 'rotate-callback-key': boolean;
  readonly 'renew-certificate': boolean;
  readonly 'force-recreate': boolean;
  readonly 'dry-run': boolean;
  readonly yes: boolean;
  readonly json: boolean;
}

/**
 * Finds out what is there and what is wanted, and refuses what can't be.
 * @param recreateCommand deletes and creates stacks that are stuck
 * @throws {UsageError} @throws {DeployError}
 */
export async function prepare(
  session: Session,
  values: DeployValues,
  recreateCommand: string,
): Promise<Deploying> {
  const { 'image-tag': givenTag, build } = values;
  if (build !== 'codebuild' && build !== 'local') throw new UsageError('--build takes codebuild or local');
  if (givenTag !== undefined && !/^\w[\w.-]{0,127}$/.test(givenTag)) {
    throw new UsageError(`--image-tag: "${givenTag}" can't be the tag of an image`);
  }
  const templates = synthesizeTemplates(session.environment, session.settings);
  const available = templates.map(({ name }) => name);
  const selected = selectStacks(
    { fromStack: values['from-stack'], onlyStacks: values['only-stacks'], skipStacks: values['skip-stacks'] },
    available,
  );
  for (const option of ['rotate-callback-key', 'renew-certificate', 'image-tag'] as const) {
    if (Boolean(values[option]) && !selected.includes('callback')) {
      throw new UsageError(`--${option} is about the callback stack, which is not among those selected`);
    }
  }
  if (values['renew-certificate'] && session.settings.certificate !== 'private') {
    throw new UsageError(
      '--renew-certificate is for "certificate": "private" alone: others are renewed by whoever issued them',
    );
  }

  const deployed = await describeAll(session, values);
  for (const name of selected) {
    const stack = deployed.get(name);
    if (stack !== undefined)
      assertUsable(session, stack, values['force-recreate'] ? undefined : recreateCommand);
  }
  assertNeeds(selected, templates, deployed);
  const notes: string[] = [];
  let tag = givenTag;
  if (givenTag !== undefined) await assertImage(session, givenTag);
  else if (selected.includes('image')) {
    const revision = await gitRevision(session);
    tag = revision.tag;
    if (revision.dirty)
      notes.push(`Files were changed since ${tag} was committed: those changes are not in the image.`);
  } else if (selected.includes('callback')) {
    tag = deployed.get('callback')?.parameters['ImageTag'];
    if (tag === undefined) {
      throw new UsageError(
        'callback needs an image: select image as well, or name one that is there with --image-tag',
      );
    }
  }
  return {
    session,
    templates,
    selected,
    deployed,
    actions: new Map(),
    notes,
    options: {
      rotateCallbackKey: values['rotate-callback-key'],
      renewCertificate: values['renew-certificate'],
      build,
      givenTag,
      tag: tag ?? '',
    },
  };
}

/** Waits for what an earlier deployment has begun. */
async function describeAll(session: Session, values: DeployValues): Promise<Deploying['deployed']> {
  const deployed: Deploying['deployed'] = new Map();
  for (const name of STACK_NAMES) {
    const stackName = `${session.names.prefix}-${name}`;
    const stack = values['dry-run']
      ? await describeStack(session.aws.cloudformation, stackName)
      : await describeSettled(session, stackName, values);
    if (stack === undefined) continue;
    if (conditionOf(stack) === 'busy') {
      throw new DeployError(
        'STACK_BUSY',
        `${stackName} is ${stack.status}: a deployment is running`,
        `run it again when that has come to its end: ${npmCommand(session, 'deploy', '--status')}`,
      );
    }
    deployed.set(name, stack);
  }
  if (deployed.has('cosigner') && !session.settings.cosigner) {
    throw new DeployError(
      'STACK_LEFT_OVER',
      `${session.names.prefix}-cosigner is there, and the settings say "cosigner": false`,
      'set it to true again; or take the Co-signer away first, as DEPLOYMENT.md has it under "Removing it"',
    );
  }
  return deployed;
}

/** @param recreateCommand absent: that is what is going on */
function assertUsable(session: Session, stack: DeployedStack, recreateCommand: string | undefined): void {
  if (conditionOf(stack) !== 'stuck') return;
  const { stackName, status } = stack;
  // What was deployed once has to be brought back, not deleted.
  const live: Readonly<Record<string, string>> = {
    UPDATE_FAILED: 'rollback-stack',
    UPDATE_ROLLBACK_FAILED: 'continue-update-rollback',
    IMPORT_ROLLBACK_FAILED: 'continue-update-rollback',
  };
  const command = live[status];
  if (command !== undefined) {
    throw new DeployError(
      'STACK_STUCK',
      `${stackName} is ${status}: CloudFormation has to bring the state before back`,
      awsCommand(session, `cloudformation ${command} --stack-name ${stackName}`),
    );
  }
  if (recreateCommand === undefined) return;
  const events = awsCommand(session, `cloudformation describe-stack-events --stack-name ${stackName}`);
  throw new DeployError(
    'STACK_STUCK',
    `${stackName} is ${status}: it can only be deleted and created again`,
    `why: ${events}\n       then: ${recreateCommand}`,
  );
}
