// `npm run destroy`: takes an environment away, and says what stays.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteCertificateCommand } from '@aws-sdk/client-acm';
import { UsageError } from '../command.js';
import { KEY_FILES } from '../../src/keys/directory.js';
import { columns, painter } from '../terminal.js';
import { STACK_NAMES, type StackName } from '../../infra/names.js';
import { type Certificate, findImported } from '../aws/acm.js';
import type { DeployedStack } from '../aws/cloudformation.js';
import { noPositionals, printJson, runOperatorCommand } from '../operator-command.js';
import { confirm } from '../confirm.js';
import { DeployError, isAwsError } from '../aws/error.js';
import { deleteParameters, readParameter } from '../aws/parameters.js';
import { readPrivateFile } from '../aws/private-files.js';
import { runTasks, type Work } from '../progress.js';
import { isKept, removeStack, resourcesOf, type StackResource } from '../aws/removal.js';
import { COMMON_OPTIONS, COMMON_USAGE, openSession, type Session } from '../aws/session.js';
import { describeSettled } from '../aws/settled.js';

const USAGE = `Deletes everything of an environment, the last stack first; in prod keys, images, buckets and logs stay.

Usage: npm run destroy -- [options]

${COMMON_USAGE}
      --confirm NAME             the environment's name, in place of typing it when asked
      --with-cosigner            delete the host of the Co-signer, too, and outside prod its database for good
      --dry-run                  tell what would go and what would stay, and change nothing

Exit code: 0 done, 1 not done, 2 wrong usage, 130 interrupted.
`;

interface Doomed {
  readonly name: StackName;
  readonly stack: DeployedStack;
  readonly resources: readonly StackResource[];
}

/** A load balancer lets go of its certificate late. */
const LATE_ATTEMPTS = 6;
const LATE_MS = 10_000;

await runOperatorCommand({
  name: 'destroy',
  usage: USAGE,
  options: {
    ...COMMON_OPTIONS,
    confirm: { type: 'string' },
    'with-cosigner': { type: 'boolean', default: false },
    'dry-run': { type: 'boolean', default: false },
  },
  async run({ values, positionals }) {
    noPositionals(positionals);
    const session = await openSession(values);
    const { environment, production } = session;
    if (values.confirm !== undefined && values.confirm !== environment) {
      throw new UsageError(`--confirm ${values.confirm}: this is about ${environment}`);
    }
    const doomed = await findStacks(session, values.json);
    if (doomed.some(({ name }) => name === 'cosigner') && !values['with-cosigner']) {
      throw new DeployError(
        'COSIGNER_HOSTED',
        `the Co-signer is hosted in ${environment}, and its database holds its part of your workspace's keys`,
        'take its API users away in the Fireblocks console, then: --with-cosigner',
      );
    }
    const parameters = await presentParameters(session);
    const certificates = await findImported(session);
    // In production what can't be made again stays.
    const besides = [
      ...parameters.map((name) => `parameter ${name}`),
      ...certificates.map(({ arn }) => `certificate ${arn}`),
    ];
    const goes = [
      ...doomed.map(({ stack }) => `stack ${stack.stackName}, ${stack.status}`),
      ...(production ? [] : besides),
    ];
    const stays = [
      ...doomed.flatMap(({ resources }) =>
        resources
          .filter((resource) => isKept(resource))
          .map(({ Type, physicalId, logicalId }) => `${Type} ${physicalId ?? logicalId}`),
      ),
      ...(production ? besides : []),
      ...(await localKeys(session)),
    ];
    const say = (text: string): void => {
      if (!values.json) process.stdout.write(`${text}\n`);
    };
    const paint = painter(process.stdout);
    say(`${environment}, account ${session.account}, ${session.region}\n`);
    for (const line of columns([
      ...goes.map((one) => ['goes', one]),
      ...stays.map((one) => ['stays', one]),
    ])) {
      say(paint(line.startsWith('goes') ? 'red' : 'green', line));
    }
    if (goes.length === 0) {
      if (values.json) printJson({ environment, deleted: [], kept: stays });
      else say(`There is nothing of ${environment} to delete.`);
      return 0;
    }
    const notes = await notesOn(session, { goes: !production && parameters.length > 0 });
    for (const note of notes) say(`\n${paint('yellow', 'Note')}  ${note}`);
    say('');
    if (values['dry-run']) {
      if (values.json) printJson({ environment, wouldDelete: goes, kept: stays, notes });
      else say('Nothing was changed: this was --dry-run.');
      return 0;
    }
    if (values.confirm === undefined) {
      await confirm(
        `This can't be undone. Type ${environment} to go on: `,
        environment,
        `--confirm ${environment}`,
      );
    }
    await runTasks(work(session, doomed, production ? [] : certificates), { json: values.json });
    if (values.json) printJson({ environment, deleted: goes, kept: stays, notes });
    else say(`\n${paint('green', 'Deleted.')}`);
    return 0;
  },
});

/** Last deployed first. What is in the middle of something is waited for. */
async function findStacks(session: Session, json: boolean): Promise<readonly Doomed[]> {
  const found: Doomed[] = [];
  for (const name of [...STACK_NAMES].reverse()) {
    const stack = await describeSettled(session, `${session.names.prefix}-${name}`, { json });
    if (stack !== undefined) found.push({ name, stack, resources: await resourcesOf(session, stack) });
  }
  return found;
}

async function presentParameters(session: Session): Promise<readonly string[]> {
  const all = Object.values(session.names.parameters);
  // Whatever lies there, sound or not.
  const there = await Promise.all(
    all.map((name) =>
      readParameter(session, name).then(
        (value) => value !== undefined,
        (error: unknown) => {
          if (error instanceof DeployError) return true;
          throw error;
        },
      ),
    ),
  );
  return all.filter((_, index) => there[index]);
}

async function localKeys({ keyDirectory }: Session): Promise<readonly string[]> {
  const file = join(keyDirectory, KEY_FILES.callbackPrivate);
  return (await readPrivateFile(file)) === undefined ? [] : [`the keys in ${keyDirectory}`];
}

/** What somebody could be sorry for afterwards. */
async function notesOn(session: Session, { goes }: { readonly goes: boolean }): Promise<readonly string[]> {
  const { production, keyDirectory, names } = session;
  if (production) {
    return [
      'What stays has names that a new deployment of prod wants: delete it by hand before that, parameters included, for they are encrypted with the key of this one.',
    ];
  }
  if (!goes) return [];
  const [local, stored] = await Promise.all([
    readPrivateFile(join(keyDirectory, KEY_FILES.callbackPrivate)),
    readParameter(session, names.parameters.callbackPrivateKey).catch(() => undefined),
  ]);
  return stored === undefined || local?.trim() === stored.trim()
    ? []
    : [`The callback key in SSM is not the one in ${keyDirectory}: with the parameter its only copy may go.`];
}

function work(
  session: Session,
  doomed: readonly Doomed[],
  certificates: readonly Certificate[],
): readonly Work[] {
  const deletions = (names: readonly StackName[]): Work[] =>
    doomed
      .filter(({ name }) => names.includes(name))
      .map(({ name, stack }) => ({
        title: `Stack ${stack.stackName}`,
        run: (report) =>
          removeStack(session, stack, {
            openBuckets: name === 'cosigner',
            report,
            onEvent: ({ type, resource, status }) => report(`${type} ${resource} ${status}`),
          }),
      }));
  return [
    ...deletions(['cosigner', 'callback']),
    ...certificates.map(({ arn }) => ({
      title: `Certificate ${arn}`,
      run: () => deleteCertificate(session, arn),
    })),
    ...(session.production
      ? []
      : [
          {
            title: 'Keys and policy in SSM',
            async run(report: (line: string) => void) {
              for (const name of await deleteParameters(session)) report(name);
            },
          },
        ]),
    ...deletions(['image', 'security', 'foundation']),
  ];
}

async function deleteCertificate({ aws }: Session, arn: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await aws.acm.send(new DeleteCertificateCommand({ CertificateArn: arn }));
      return;
    } catch (error) {
      if (isAwsError(error, 'ResourceNotFoundException')) return;
      if (!isAwsError(error, 'ResourceInUseException') || attempt === LATE_ATTEMPTS) throw error;
      await sleep(LATE_MS);
    }
  }
}
