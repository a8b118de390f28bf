// `npm run destroy`: takes an environment away, and says what stays.
import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteCertificateCommand } from '@aws-sdk/client-acm';
import { DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { UsageError } from '../../../src/command.js';
import { columns, painter } from '../../../src/terminal.js';
import { STACK_NAMES, type StackName } from '../../names.js';
import { findImported } from '../acm.js';
import { emptyBucket, openBucket } from '../buckets.js';
import {
  conditionOf,
  deleteStack,
  deployedBody,
  type DeployedStack,
  describeStack,
  settle,
} from '../cloudformation.js';
import { noPositionals, printJson, runOperatorCommand } from '../command.js';
import { confirm } from '../confirm.js';
import { DeployError, isAwsError } from '../error.js';
import { deleteParameters, readParameter } from '../parameters.js';
import { runTasks, type Work } from '../progress.js';
import { unprotect } from '../protection.js';
import { COMMON_OPTIONS, COMMON_USAGE, openSession, type Session } from '../session.js';

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
  /** By logical id. */
  readonly resources: Readonly<Record<string, Resource>>;
  /** Logical ids to physical ones. */
  readonly ids: ReadonlyMap<string, string>;
}

interface Resource {
  readonly Type: string;
  readonly DeletionPolicy?: string;
}

const BUCKET = 'AWS::S3::Bucket';
/** Load balancers and buckets write their logs late, and a load balancer lets go of its certificate late. */
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
    const { environment, production, names } = session;
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
    const keepsParameters = production;
    const parameters = keepsParameters ? [] : await presentParameters(session);
    const certificate = keepsParameters ? undefined : await findImported(session);

    const goes = [
      ...doomed.map(({ stack }) => `stack ${stack.stackName}, ${stack.status}`),
      ...parameters.map((name) => `parameter ${name}`),
      ...(certificate === undefined ? [] : [`certificate ${certificate.arn}`]),
    ];
    const stays = [
      ...doomed.flatMap(({ resources, ids }) =>
        Object.entries(resources)
          .filter(([, resource]) => isKept(resource))
          .map(([id, { Type }]) => `${Type} ${ids.get(id) ?? id}`),
      ),
      ...(keepsParameters ? Object.values(names.parameters).map((name) => `parameter ${name}`) : []),
      `the keys in ${session.keyDirectory}`,
    ];
    const say = (text: string): void => {
      if (!values.json) process.stdout.write(`${text}\n`);
    };
    const paint = painter(process.stdout);
    if (goes.length === 0) {
      if (values.json) printJson({ environment, deleted: [], kept: stays });
      else say(`There is nothing of ${environment} in account ${session.account}, ${session.region}.`);
      return 0;
    }
    say(`${environment}, account ${session.account}, ${session.region}\n`);
    for (const line of columns([
      ...goes.map((one) => ['goes', one]),
      ...stays.map((one) => ['stays', one]),
    ])) {
      say(paint(line.startsWith('goes') ? 'red' : 'green', line));
    }
    say('');
    if (values['dry-run']) {
      if (values.json) printJson({ environment, wouldDelete: goes, kept: stays });
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
    await runTasks(
      work(session, doomed, { parameters: parameters.length > 0, certificate: certificate?.arn }),
      {
        json: values.json,
      },
    );
    if (values.json) printJson({ environment, deleted: goes, kept: stays });
    else
      say(
        `\n${paint('green', 'Deleted.')} The keys in ${session.keyDirectory} are yours to keep or to delete.`,
      );
    return 0;
  },
});

/** Last deployed first. What is in the middle of something is waited for. */
async function findStacks(session: Session, json: boolean): Promise<readonly Doomed[]> {
  const { cloudformation } = session.aws;
  const found: Doomed[] = [];
  for (const name of [...STACK_NAMES].reverse()) {
    let stack = await describeStack(cloudformation, `${session.names.prefix}-${name}`);
    if (stack !== undefined && conditionOf(stack) === 'busy') {
      const busy = stack;
      const title = `${busy.stackName} is ${busy.status}: waiting for its end`;
      await runTasks(
        [
          {
            title,
            async run(report) {
              stack = await settle(cloudformation, busy, ({ type, resource, status }) =>
                report(`${type} ${resource} ${status}`),
              );
            },
          },
        ],
        { json },
      );
    }
    if (stack === undefined) continue;
    const { Resources = {} } = (await deployedBody(cloudformation, stack.stackName)) as {
      Resources?: Record<string, Resource>;
    };
    const { StackResources = [] } = await cloudformation.send(
      new DescribeStackResourcesCommand({ StackName: stack.stackName }),
    );
    const ids = new Map(
      StackResources.filter(({ ResourceStatus }) => ResourceStatus !== 'DELETE_COMPLETE').map(
        ({ LogicalResourceId = '', PhysicalResourceId = '' }) => [LogicalResourceId, PhysicalResourceId],
      ),
    );
    found.push({ name, stack, resources: Resources, ids });
  }
  return found;
}

function isKept({ DeletionPolicy = 'Delete' }: Resource): boolean {
  return DeletionPolicy.startsWith('Retain');
}

async function presentParameters({ aws, names }: Session): Promise<readonly string[]> {
  const all = Object.values(names.parameters);
  // Whatever lies there goes, sound or not.
  const there = await Promise.all(
    all.map((name) =>
      readParameter(aws.ssm, name).then(
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

interface Extra {
  readonly parameters: boolean;
  readonly certificate: string | undefined;
}

function work(
  session: Session,
  doomed: readonly Doomed[],
  { parameters, certificate }: Extra,
): readonly Work[] {
  const deletions = (names: readonly StackName[]): Work[] =>
    doomed
      .filter(({ name }) => names.includes(name))
      .map((one) => ({
        title: `Stack ${one.stack.stackName}`,
        run: (report) => remove(session, one, report),
      }));
  return [
    ...deletions(['cosigner', 'callback']),
    ...(certificate === undefined
      ? []
      : [{ title: 'Certificate in ACM', run: () => deleteCertificate(session, certificate) }]),
    ...(parameters
      ? [
          {
            title: 'Keys and policy in SSM',
            async run(report: (line: string) => void) {
              for (const name of await deleteParameters(session.aws.ssm, session.names)) report(name);
            },
          },
        ]
      : []),
    ...deletions(['image', 'security', 'foundation']),
  ];
}

async function remove(session: Session, doomed: Doomed, report: (line: string) => void): Promise<void> {
  const { name, stack, resources, ids } = doomed;
  await unprotect(session, stack);

  const buckets = Object.entries(resources)
    .filter(([, resource]) => resource.Type === BUCKET && !isKept(resource))
    .flatMap(([id]) => ids.get(id) ?? []);
  for (let attempt = 1; ; attempt++) {
    for (const bucket of buckets) {
      if (name === 'cosigner') await openBucket(session, bucket);
      report(`${bucket}: ${await emptyBucket(session, bucket)} objects deleted`);
    }
    try {
      await deleteStack(session.aws.cloudformation, stack, ({ type, resource, status }) =>
        report(`${type} ${resource} ${status}`),
      );
      return;
    } catch (error) {
      const late = error instanceof DeployError && buckets.length > 0 && error.message.includes(BUCKET);
      if (!late || attempt === LATE_ATTEMPTS) throw error;
      report('something was written to the bucket meanwhile: once more');
      await sleep(LATE_MS);
    }
  }
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
