// `npm run deploy`: from nothing to a healthy handler, and from one version to the next.
import { readFileSync } from 'node:fs';
import { columns, painter } from '../terminal.js';
import { fetchCertificate } from '../aws/acm.js';
import { inspectCallbackKey, writePublicKey } from './callback-key.js';
import { noPositionals, printJson, runOperatorCommand } from '../operator-command.js';
import { confirm } from '../confirm.js';
import { DeployError, explainError } from '../aws/error.js';
import { nextSteps } from './next-steps.js';
import { type DeployValues, prepare } from './prepare.js';
import { npmCommand } from '../aws/printed-commands.js';
import { runTasks } from '../progress.js';
import { COMMON_OPTIONS, COMMON_USAGE, openSession, type Session } from '../aws/session.js';
import { printStatus, readStatus } from './status.js';
import { type Action, type Change, type Deploying, type Step, type StepName, stepsOf } from './steps.js';
import type { Template } from './templates.js';

const USAGE = `Deploys the callback handler to AWS, or brings what is there up to date. Run it again whenever it stopped.

Usage: npm run deploy -- [options]

${COMMON_USAGE}
      --from-stack NAME          this stack and all after it
      --only-stacks A,B          these stacks alone
      --skip-stacks A,B          all but these
      --build codebuild|local    how the image is built: in AWS (default), or here with docker or podman
      --image-tag TAG            run this image, which is there already, and build none
      --rotate-callback-key      put another key in the place of the handler's own
      --renew-certificate        put a new one in the place of a certificate that an earlier deployment made
      --force-recreate           delete stacks that are stuck, such as ROLLBACK_COMPLETE, and create them again
      --dry-run                  tell what would change, and change nothing in AWS
      --status                   tell how everything is
      --yes                      do not ask

The stacks are, in this order: foundation, security, image, callback and, if the settings say so, cosigner.
Keys, certificate and the wait for a healthy task belong to callback, the build of the image to image.

Exit code: 0 done, 1 not done, 2 wrong usage, 130 interrupted.
`;

const OPTIONS = {
  ...COMMON_OPTIONS,
  'from-stack': { type: 'string' },
  'only-stacks': { type: 'string' },
  'skip-stacks': { type: 'string' },
  build: { type: 'string', default: 'codebuild' },
  'image-tag': { type: 'string' },
  'rotate-callback-key': { type: 'boolean', default: false },
  'renew-certificate': { type: 'boolean', default: false },
  'force-recreate': { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  status: { type: 'boolean', default: false },
  yes: { type: 'boolean', default: false },
} as const;

interface Planned {
  readonly step: Step;
  readonly change: Change;
}

const paint = painter(process.stdout);
/** Steps that are done, with the seconds that they took. */
const done = new Map<StepName, number>();

async function deploy(session: Session, values: DeployValues): Promise<void> {
  const { json, yes } = values;
  const dryRun = values['dry-run'];
  const say = (text: string): void => {
    if (!json) process.stdout.write(`${text}\n`);
  };
  sayHead(session, say);
  const deploying = await prepare(session, values, `${commandOf(values)} --force-recreate`);
  const planned: Planned[] = [];
  for (const step of stepsOf(deploying)) planned.push({ step, change: await step.inspect() });
  sayPlan(planned, say);

  const toDo = planned.filter(({ change }) => change.action !== 'none');
  const answer = () => ({
    environment: session.environment,
    account: session.account,
    region: session.region,
    steps: planned.map(({ step, change }) => ({
      step: step.name,
      action: change.action,
      details: change.details.length > 0 || change.action === 'none' ? change.details : [change.summary],
      ...(done.has(step.name) && { seconds: done.get(step.name) }),
    })),
    notes: [...session.notes, ...deploying.notes],
  });
  if (dryRun) {
    if (json) printJson(answer());
    sayNotes(deploying, say);
    say(toDo.length === 0 ? 'Nothing to change.' : 'Nothing was changed in AWS: this was --dry-run.');
    return;
  }
  if (toDo.length > 0 && !yes) {
    const { environment, account } = session;
    await confirm(
      `Go on, in account ${account}? Type ${environment}: `,
      environment,
      '--yes, or look first with --dry-run',
    );
  }

  try {
    await runTasks(
      toDo.map(({ step }) => ({
        title: titleOf(step.name, deploying),
        async run(report) {
          const startedAt = performance.now();
          await step.apply(report);
          done.set(step.name, Math.round((performance.now() - startedAt) / 100) / 10);
        },
      })),
      { json },
    );
  } catch (error) {
    const explained = explainError(error, session.profile);
    if (!(explained instanceof DeployError)) throw error;
    const { code, message, next, details } = explained;
    const resume = resumeCommand(values, explained);
    throw new DeployError(code, message, `${next}\n       and go on with: ${resume}`, details);
  }
  const next = await whatNext(session, deploying);
  if (json) {
    printJson({ ...answer(), next });
    return;
  }
  say(toDo.length === 0 ? paint('green', 'Nothing to change.') : `\n${paint('green', 'Deployed.')}`);
  sayNotes(deploying, say);
  if (next !== undefined && toDo.length > 0) {
    say(`\n${paint('bold', 'What next')}`);
    for (const line of next.text) say(line);
  }
  say(`\nHow it is at any time: ${npmCommand(session, 'deploy', '--status')}`);
}

function sayNotes({ notes }: Deploying, say: (text: string) => void): void {
  for (const note of notes) say(`${paint('yellow', 'Note')}  ${note}`);
}

function sayHead(session: Session, say: (text: string) => void): void {
  const { environment, account, region, settings, caller, emulated, notes } = session;
  const rows = [
    ['environment', environment],
    ['account', `${account}, as ${caller}`],
    ['region', region],
    ['handler', `https://${settings.hostName}, ${settings.auth === 'jwt' ? 'signed JWT' : 'JSON'}`],
    ...(emulated ? [['endpoint', `${process.env['AWS_ENDPOINT_URL'] ?? ''}: an emulator, not AWS`]] : []),
  ];
  for (const line of columns(rows)) say(line);
  for (const note of notes) say(`${paint('yellow', 'Note')}  ${note}`);
}

const TITLES: Readonly<Record<Exclude<StepName, Template['name']>, string>> = {
  keys: 'Keys and policy in SSM',
  certificate: 'Certificate in ACM',
  build: 'Image',
  service: 'Service steady, targets healthy',
};

function titleOf(name: StepName, { templates, options }: Deploying): string {
  const template = templates.find((one) => one.name === name);
  if (template !== undefined) return `Stack ${template.stackName}`;
  return name === 'build' ? `Image ${options.tag}` : TITLES[name as keyof typeof TITLES];
}

const ACTION_STYLES: Readonly<Partial<Record<Action, 'green' | 'yellow' | 'red' | 'dim'>>> = {
  none: 'dim',
  create: 'green',
  recreate: 'red',
  rotate: 'yellow',
  renew: 'yellow',
};

function sayPlan(planned: readonly Planned[], say: (text: string) => void): void {
  say('');
  const lines = columns([
    ['step', 'what'],
    ...planned.map(({ step, change }) => [step.name, change.summary]),
  ]);
  lines.forEach((line, index) => {
    const one = planned[index - 1];
    say(
      index === 0
        ? paint('bold', line)
        : paint(ACTION_STYLES[one?.change.action ?? 'none'] ?? 'yellow', line),
    );
    for (const detail of one?.change.details ?? []) say(`    ${paint('dim', detail)}`);
  });
  say('');
}

async function whatNext(session: Session, { selected, deployed }: Deploying) {
  if (!selected.includes('callback')) return undefined;
  const { stored } = await inspectCallbackKey(session, true);
  const publicKey = stored === undefined ? undefined : await writePublicKey(session, stored);
  const arn = deployed.get('callback')?.parameters['CertificateArn'];
  if (session.settings.certificate === 'private' && arn !== undefined) await fetchCertificate(session, arn);
  return nextSteps(session, publicKey);
}

function assertNode(): void {
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } };
  const wanted = engines.node.replace('>=', '').split('.').map(Number);
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = wanted;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  throw new DeployError(
    'NODE_TOO_OLD',
    `this is Node.js ${process.versions.node}`,
    `install Node.js ${engines.node}`,
  );
}

/** The command as it was given. */
function commandOf(values: DeployValues, without: readonly string[] = []): string {
  const parts = Object.entries(values as unknown as Record<string, string | boolean>).flatMap(
    ([name, value]): string[] => {
      const isDefault = name === 'build' && value === OPTIONS.build.default;
      if (without.includes(name) || value === false || isDefault) return [];
      return value === true ? [`--${name}`] : [`--${name}`, value];
    },
  );
  return ['npm run deploy --', ...parts].join(' ');
}

/** The same, without what is done and must not be done twice. */
function resumeCommand(values: DeployValues, error?: DeployError): string {
  const without = [
    ...(done.has('keys') ? ['rotate-callback-key'] : []),
    ...(done.has('certificate') ? ['renew-certificate'] : []),
    ...(error?.code === 'STACK_STUCK' ? ['force-recreate'] : []),
  ];
  return `${commandOf(values, without)}${error?.code === 'STACK_STUCK' ? ' --force-recreate' : ''}`;
}

await runOperatorCommand({
  name: 'deploy',
  usage: USAGE,
  options: OPTIONS,
  interrupted: (values) => `What AWS has begun goes on there. To go on: ${resumeCommand(values)}`,
  async run({ values, positionals }) {
    noPositionals(positionals);
    if (values.status) {
      const status = await readStatus(await openSession(values));
      if (values.json) printJson(status);
      else printStatus(process.stdout, status);
      return 0;
    }
    assertNode();
    const session = await openSession(values, { makeMissingSettings: true });
    await deploy(session, values);
    return 0;
  },
});
