// `npm run destroy`: deletes an environment, and lists what is kept.
import { join } from 'node:path';
import { STACK_NAMES, type StackName, stackNames } from '../../infra/names.js';
import { KEY_FILES } from '../../src/keys/directory.js';
import { type Certificate, findImported } from '../aws/acm.js';
import { DeployError } from '../aws/error.js';
import { isLeftOver } from '../aws/leftover-log.js';
import { templateOf } from '../deploy/deployed-computes.js';
import { findStacks } from '../deploy/drift.js';
import { nameOf } from '../deploy/fixed-names.js';
import { switchOf } from '../deploy/transition.js';
import { allParameters, readMetadata } from '../aws/parameters.js';
import { readPrivateFile } from '../aws/private-files.js';
import { isKept, resourcesOf, type StackResource } from '../aws/removal.js';
import { npmCommand } from '../aws/printed-commands.js';
import { openSession, type Session } from '../aws/session.js';
import { describeSettled } from '../aws/settled.js';
import type { DeployedStack } from '../aws/stack.js';
import { createProgram, UsageError } from '../command.js';
import { confirm } from '../confirm.js';
import {
  addOperatorOptions,
  EXIT_CODES,
  type OperatorOptions,
  type OperatorRuntime,
  printJson,
  runOperatorProgram,
} from '../operator-command.js';
import { runTasks } from '../progress.js';
import { columns, painter } from '../terminal.js';
import { deletionTasks } from './deletion.js';
import { findNotes } from './destroy-notes.js';

interface DestroyOptions extends OperatorOptions {
  readonly confirm?: string;
  readonly withCosigner?: boolean;
  readonly onlyStacks?: string;
  readonly dryRun?: boolean;
}

export interface StackToDelete {
  readonly name: StackName;
  readonly stack: DeployedStack;
  readonly resources: readonly StackResource[];
}

/** The resources of an environment, deleted or kept. */
interface Inventory {
  /** The most recently deployed stack comes first. */
  readonly stacks: readonly StackToDelete[];
  /** Certificates to delete. */
  readonly certificates: readonly Certificate[];
  /** For the operator: one line for each item that is deleted. */
  readonly deleted: readonly string[];
  /** For the operator: one line for each item that is kept. */
  readonly kept: readonly string[];
  /** Warnings for the operator. */
  readonly notes: readonly string[];
}

export async function runDestroy({ sleep }: OperatorRuntime = {}): Promise<void> {
  const program = createProgram(
    'destroy',
    'Deletes an environment, starting with the last stack. In prod, keys, images, buckets, logs and the store are kept.',
  )
    .option('--confirm <name>', "the environment's name, to skip the confirmation prompt")
    .option('--with-cosigner', "also delete the Co-signer's host; outside prod, its database is lost")
    .option(
      '--only-stacks <names>',
      'delete only these stacks, which a change of "compute" or "front" has left over: a,b',
    )
    .option('--dry-run', 'show what would be deleted and what would be kept, and change nothing');
  addOperatorOptions(program)
    .addHelpText('after', EXIT_CODES)
    .action(async (options: DestroyOptions) => {
      if (options.confirm !== undefined && options.confirm !== options.env) {
        throw new UsageError(`--confirm ${options.confirm}: this command is for ${options.env}`);
      }
      await destroy(await openSession(options, { sleep }), options);
    });
  await runOperatorProgram(program);
}

async function destroy(session: Session, options: DestroyOptions): Promise<void> {
  const { environment } = session;
  const { json = false, dryRun = false } = options;
  const only = leftOverNames(session, options.onlyStacks);
  const inventory = await readInventory(session, options, only);
  const { stacks, certificates, deleted, kept, notes } = inventory;
  if (!json) printInventory(session, inventory);
  if (deleted.length === 0) {
    if (json) printJson({ environment, deleted: [], kept });
    else process.stdout.write(`There is nothing to delete in ${environment}.\n`);
    return;
  }
  if (dryRun) {
    if (json) printJson({ environment, wouldDelete: deleted, kept, notes });
    else process.stdout.write('Nothing was changed: this was a dry run.\n');
    return;
  }
  if (options.confirm === undefined) {
    await confirm({
      question: `This can't be undone. Type ${environment} to continue: `,
      word: environment,
      option: `--confirm ${environment}`,
    });
  }
  await runTasks(deletionTasks(session, stacks, { certificates, everything: only === undefined }), options);
  if (json) printJson({ environment, deleted, kept, notes });
  else process.stdout.write(`\n${painter(process.stdout)('green', 'Deleted.')}\n`);
}

/** The stacks that a change of settings can leave over, and that hold no data. */
const LEFT_OVER: readonly StackName[] = ['function', 'callback', 'api'];

/** @returns undefined if everything is to be deleted @throws {UsageError} for a stack that the settings call for */
function leftOverNames(session: Session, list: string | undefined): readonly StackName[] | undefined {
  if (list === undefined) return undefined;
  const wanted = stackNames(session.settings);
  return list.split(',').map((name) => {
    const found = LEFT_OVER.find((one) => one === name.trim());
    if (found !== undefined && !wanted.includes(found)) return found;
    throw new UsageError(
      `--only-stacks: "${name}" is not left over by a change of "compute" or "front"; to see what is: ${npmCommand(session, 'deploy', '--status')}`,
    );
  });
}

/** @throws {UsageError} for a stack that is in use: what replaces it is not complete, or another stack calls it */
async function assertNotCalled(session: Session, only: readonly StackName[]): Promise<void> {
  const deployed = await findStacks(session);
  const callback = await templateOf(session, deployed.get('callback'));
  if (switchOf(session.settings, deployed, callback) === 'pending') {
    throw new UsageError(
      `--only-stacks: what the settings call for is not completely deployed, so that ${only.join(' and ')} may be in use: deploy first, with ${npmCommand(session, 'deploy')}`,
    );
  }
  if (only.includes('function') && !only.includes('api') && deployed.has('api')) {
    throw new UsageError('--only-stacks: the API calls the function: name api as well');
  }
}

/**
 * @param only the stacks to delete; undefined for everything
 * @throws {DeployError} if the Co-signer is hosted here, and `--with-cosigner` is not given
 */
async function readInventory(
  session: Session,
  options: DestroyOptions,
  only: readonly StackName[] | undefined,
): Promise<Inventory> {
  const { environment, production } = session;
  const stacks = await stacksToDelete(session, options, only ?? STACK_NAMES);
  if (only !== undefined) {
    await assertNotCalled(session, only);
    return inventoryOf(session, stacks);
  }
  if (stacks.some(({ name }) => name === 'cosigner') && options.withCosigner !== true) {
    throw new DeployError(
      'COSIGNER_HOSTED',
      `the Co-signer is hosted in ${environment}, and its database holds its shares of your workspace's keys`,
      'remove its API users in the Fireblocks console, then run the command again with --with-cosigner',
    );
  }
  const parameters = await findParameters(session);
  const certificates = await findImported(session);
  const hasService = stacks.some(({ name }) => name === 'callback');
  const leftOver = !production && !hasService && (await isLeftOver(session));
  const otherResources = [
    ...parameters.map((name) => `parameter ${name}`),
    ...certificates.map(({ arn }) => `certificate ${arn}`),
    ...(leftOver ? [`log group ${session.names.logGroups.containerInsights}`] : []),
  ];
  const ofStacks = inventoryOf(session, stacks);
  const deleted = [...ofStacks.deleted, ...(production ? [] : otherResources)];
  return {
    stacks,
    certificates: production ? [] : certificates,
    deleted,
    kept: [...ofStacks.kept, ...(production ? otherResources : []), ...(await findLocalKeys(session))],
    notes: deleted.length === 0 ? [] : await findNotes(session, stacks, parameters.length > 0),
  };
}

/** The stacks alone. */
function inventoryOf({ environment }: Session, stacks: readonly StackToDelete[]): Inventory {
  const kept = stacks
    .flatMap(({ name, resources }) => resources.filter(isKept).map((resource) => keptLine(name, resource)))
    .filter((line) => line !== undefined);
  const names = stacks.map(({ stack }) => stack.stackName).join(' and ');
  return {
    stacks,
    certificates: [],
    deleted: stacks.map(({ stack }) => `stack ${stack.stackName}, ${stack.status}`),
    kept,
    notes: [`A Co-signer that still calls the URL of ${names} in ${environment} gets no answers afterwards.`],
  };
}

/** @returns undefined for what belongs to somebody else */
function keptLine(
  stack: StackName,
  { Type, Properties, physicalId, logicalId }: StackResource,
): string | undefined {
  const ofAccount = stack === 'api' && (Type === 'AWS::IAM::Role' || Type === 'AWS::ApiGateway::Account');
  if (ofAccount) {
    // There is one role for logs in an account, which the stack has set only if there was none.
    return (
      physicalId && `${Type} ${physicalId}: leave it, because all APIs of the account write logs with it`
    );
  }
  // A log group that was kept before belongs to no stack.
  const name = nameOf({ Type, Properties });
  return `${Type} ${physicalId ?? (typeof name === 'string' ? name : logicalId)}`;
}

function printInventory(
  { environment, account, region }: Session,
  { deleted, kept, notes }: Inventory,
): void {
  const paint = painter(process.stdout);
  const rows = columns([...deleted.map((line) => ['delete', line]), ...kept.map((line) => ['keep', line])]);
  const lines = [
    `${environment}, account ${account}, ${region}`,
    '',
    ...rows.map((row, index) => paint(index < deleted.length ? 'red' : 'green', row)),
    ...notes.map((note) => `\n${paint('yellow', 'Note')}  ${note}`),
    ...(deleted.length === 0 ? [] : ['']),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Waits for running changes. @returns the stacks, most recently deployed first */
async function stacksToDelete(
  session: Session,
  options: DestroyOptions,
  names: readonly StackName[],
): Promise<readonly StackToDelete[]> {
  const found: StackToDelete[] = [];
  for (const name of STACK_NAMES.filter((one) => names.includes(one)).reverse()) {
    const stack = await describeSettled(session, `${session.names.prefix}-${name}`, options);
    if (stack !== undefined) found.push({ name, stack, resources: await resourcesOf(session, stack) });
  }
  return found;
}

/** @returns the names of the parameters that exist */
async function findParameters(session: Session): Promise<readonly string[]> {
  const names = allParameters(session.names);
  const found = await Promise.all(names.map((name) => readMetadata(session, name)));
  return names.filter((_, index) => found[index] !== undefined);
}

async function findLocalKeys({ keyDirectory }: Session): Promise<readonly string[]> {
  const file = join(keyDirectory, KEY_FILES.callbackPrivate);
  return (await readPrivateFile(file)) === undefined ? [] : [`the keys in ${keyDirectory}`];
}
