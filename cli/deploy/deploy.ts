// Runs a deployment: plans the steps, asks for confirmation, applies them, and shows the next steps.
import { frontStack, handlerStack } from '../aws/handler.js';
import { fetchCertificate } from '../aws/acm.js';
import { readStoredKey } from '../aws/callback-key.js';
import { DeployError } from '../aws/error.js';
import { explainError } from '../aws/explain.js';
import { npmCommand } from '../aws/printed-commands.js';
import type { Session } from '../aws/session.js';
import { UsageError } from '../command.js';
import { confirm } from '../confirm.js';
import { printJson } from '../operator-command.js';
import { runTasks } from '../progress.js';
import { writePublicKey } from './callback-key.js';
import { describeLeftOver, leftOverAdvice } from './left-over.js';
import { nextSteps, type NextSteps } from './next-steps.js';
import type { DeployOptions } from './options.js';
import { planWarnings } from './plan-warnings.js';
import { prepareDeployment } from './prepare.js';
import { DeployPrinter, type PlannedStep, titleOf } from './print.js';
import { assertNoRefusals } from './refusals.js';
import type { DeploymentRun, StepName } from './step.js';
import { stepsOf } from './steps.js';

/** What is needed to continue an interrupted or failed run. */
export interface ResumeInfo {
  /** The command that deletes stuck stacks and creates them again. */
  readonly recreateCommand: string;
  /** Completed steps, with the time that each took in seconds; added as they complete. */
  readonly done: Map<StepName, number>;
  /** @returns the command to resume with after this error */
  readonly resumeCommand: (error: DeployError) => string;
}

/** @throws {UsageError} @throws {DeployError} */
export async function deploy(session: Session, options: DeployOptions, run: ResumeInfo): Promise<void> {
  const { json = false, dryRun = false } = options;
  const printer = new DeployPrinter(json);
  printer.session(session);
  const deployment = await prepareDeployment(session, options, run.recreateCommand);
  const { leftOver } = deployment.transition;
  if (leftOver.length > 0) {
    const text = describeLeftOver(session, leftOver);
    deployment.notes.push(`T${text.slice(1)}; ${leftOverAdvice(session, leftOver)}.`);
  }
  const planned: PlannedStep[] = [];
  for (const step of stepsOf(deployment)) planned.push({ step, change: await step.inspect() });
  const refusals = planned.flatMap(({ change }) => change.refusal ?? []);
  const warnings = [
    ...refusals.map(({ message, next }) => `This deployment would be refused: ${message}. Next: ${next}`),
    ...planWarnings(deployment),
    ...session.warnings,
  ];
  printer.plan(planned, warnings);
  assertNoRefusals(deployment);
  const pending = planned.filter(({ change }) => change.action !== 'none');

  if (dryRun) {
    if (json) printJson(toResult(deployment, planned, run, warnings));
    printer.notes(deployment.notes);
    printer.line(
      pending.length === 0 ? 'Nothing to change.' : 'Nothing was changed in AWS: this was a dry run.',
    );
    return;
  }
  const [refusal] = refusals;
  if (refusal !== undefined) throw refusal;
  if (pending.length > 0) await confirmDeployment(deployment, options);
  await applySteps(deployment, pending, options, run);
  const next = await findNextSteps(deployment, planned);
  if (json) printJson({ ...toResult(deployment, planned, run, warnings), next });
  else printer.outcome(deployment, pending.length > 0, next);
  printer.line(`\nTo see the state at any time: ${npmCommand(session, 'deploy', '--status')}`);
}

/**
 * In prod, a deployment that does not authenticate requests is confirmed separately, and `--yes` does not include that.
 * @throws {UsageError} @throws {DeployError}
 */
async function confirmDeployment(
  { session, selected }: DeploymentRun,
  { yes = false, acceptJson = false }: DeployOptions,
): Promise<void> {
  const { environment, account, production, settings } = session;
  const changesHandler = selected.includes(handlerStack(settings)) || selected.includes(frontStack(settings));
  const mustAccept = production && settings.auth === 'json' && changesHandler && !acceptJson;
  if (yes && mustAccept) {
    throw new UsageError(
      `${environment} would accept requests without authentication, because "auth" is "json": add --accept-json to confirm that, or set "auth" to "jwt"`,
    );
  }
  if (!yes) {
    await confirm({
      question: `Deploy to account ${account}? Type ${environment} to continue: `,
      word: environment,
      option: `--yes${mustAccept ? ' and --accept-json' : ''}, or preview the changes with --dry-run`,
    });
  }
  if (mustAccept) {
    await confirm({
      question: `Requests to ${environment} will not be authenticated. Type json to accept that: `,
      word: 'json',
      option: '--accept-json',
    });
  }
}

async function applySteps(
  deployment: DeploymentRun,
  pending: readonly PlannedStep[],
  { json }: DeployOptions,
  { done, resumeCommand }: ResumeInfo,
): Promise<void> {
  const tasks = pending.map(({ step, change }) => ({
    title: titleOf({ step, change }, deployment),
    async run(report: (line: string) => void) {
      const startedAt = performance.now();
      await step.apply(report);
      done.set(step.name, Math.round((performance.now() - startedAt) / 100) / 10);
    },
  }));
  try {
    await runTasks(tasks, { json });
  } catch (error) {
    const explained = explainError(error, deployment.session.profile);
    if (!(explained instanceof DeployError)) throw error;
    const { code, message, next, details } = explained;
    const resume = resumeCommand(explained);
    throw new DeployError(code, message, `${next}\n       then continue with: ${resume}`, details);
  }
}

/** @returns the output for `--json` */
function toResult(
  { session, notes }: DeploymentRun,
  planned: readonly PlannedStep[],
  { done }: Pick<ResumeInfo, 'done'>,
  warnings: readonly string[],
) {
  return {
    environment: session.environment,
    account: session.account,
    region: session.region,
    steps: planned.map(({ step, change }) => ({
      step: step.name,
      action: change.action,
      details:
        change.action === 'none' || change.action === 'update'
          ? change.details
          : [change.summary, ...change.details],
      ...(done.has(step.name) && { seconds: done.get(step.name) }),
    })),
    notes: [...session.notes, ...warnings, ...notes],
  };
}

/** Writes the files for the Co-signer. @returns what to do next; undefined without the callback stack */
async function findNextSteps(
  { session, selected, deployed }: DeploymentRun,
  planned: readonly PlannedStep[],
): Promise<NextSteps | undefined> {
  const { settings } = session;
  const front = frontStack(settings);
  const isSelected = selected.includes(front) || selected.includes(handlerStack(settings));
  if (!isSelected || !deployed.has(front)) return undefined;
  const stored = await readStoredKey(session);
  if (stored?.publicKey !== undefined) await writePublicKey(session, stored.publicKey);
  const arn = deployed.get('callback')?.parameters['CertificateArn'];
  const isPrivate = settings.front === 'alb' && settings.certificate === 'private';
  if (isPrivate && arn !== undefined) await fetchCertificate(session, arn);
  const replaced = {
    key: planned.some(({ step, change }) => step.name === 'keys' && change.action === 'rotate'),
    certificate: planned.some(({ change }) => change.action === 'renew'),
  };
  return nextSteps(session, stored?.publicKey, replaced, deployed.get(front)?.outputs['CallbackURL']);
}
