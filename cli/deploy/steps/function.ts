// Steps: asks the new version of the function for its health, and only then lets it be called.
import { LIVE_VERSION } from '../../../infra/names.js';
import { DeployError } from '../../aws/error.js';
import { describeFunction } from '../../aws/function.js';
import { askHealth, type HealthAnswer } from '../../aws/function-health.js';
import { npmCommand } from '../../aws/printed-commands.js';
import type { Session } from '../../aws/session.js';
import type { DeployedStack } from '../../aws/stack.js';
import { wantedImages } from '../image.js';
import type { Parameters } from '../parameters.js';
import { type DeploymentRun, NO_CHANGE, type Report, type Step } from '../step.js';
import type { Template } from '../templates.js';
import { stackStep } from './stack.js';

const POLL_MS = 5000;
/** Number of attempts: new environments start in seconds, unless Lambda is still preparing the image. */
const ATTEMPTS = 24;
const EMULATOR = 'The endpoint is an emulator, which runs no functions: health was not checked.';

/** Whether the newest version is not called yet, because an earlier deployment ended before. */
export function isHeldBack({ parameters = {} }: Partial<DeployedStack> = {}): boolean {
  return (parameters[LIVE_VERSION] ?? '') !== '';
}

/** Refuses a deployment with `FUNCTION_STOPPED`. @throws {DeployError} `FUNCTION_UNHEALTHY` */
export function functionStep(run: DeploymentRun): Step {
  const { session, actions, deployed, notes } = run;
  const before = deployed.get('function');
  const effect = (): string => {
    if (actions.get('function') === 'update' || isHeldBack(before))
      return '; the version before stays in use';
    return before === undefined ? '; what the Co-signer calls was not changed' : '';
  };
  return {
    name: 'function health',
    async inspect() {
      const state = await describeFunction(session);
      const isChanged = actions.get('function') !== 'none' || isHeldBack(before);
      if (state?.reserved === 0) {
        if (!isChanged) return { ...NO_CHANGE, summary: 'nothing: stopped by "scale 0"' };
        const summary = 'refused: stopped by "scale 0"';
        return { action: 'wait', summary, details: [], refusal: stopped(session) };
      }
      const answer = isChanged ? undefined : await askHealth(session, 'live');
      if (!isChanged && (answer === undefined || answer.healthy)) return NO_CHANGE;
      return { action: 'wait', summary: 'wait until it answers', details: [] };
    },
    async apply(report) {
      const answer = await waitUntilHealthy(session, report);
      if (answer === undefined && !notes.includes(EMULATOR)) notes.push(EMULATOR);
      if (answer?.healthy === false) throw unhealthy(run, answer, before, effect());
      report(answer?.text ?? 'the endpoint is an emulator, which runs no functions');
    },
  };
}

/**
 * The update of the stack has published a version, and the alias still names the one before.
 * @param parametersOf returns the parameters of the stack
 */
export function versionStep(
  run: DeploymentRun,
  template: Template,
  parametersOf: () => Promise<Parameters>,
): Step {
  const { actions, deployed } = run;
  const stack = stackStep(run, template, async () => ({ ...(await parametersOf()), [LIVE_VERSION]: '' }));
  return {
    name: 'function version',
    inspect() {
      const isNeeded = actions.get('function') === 'update' || isHeldBack(deployed.get('function'));
      return Promise.resolve(
        isNeeded
          ? { action: 'update', summary: 'then put the new version into use', details: [] }
          : NO_CHANGE,
      );
    },
    apply: (report) => stack.apply(report),
  };
}

/** @returns the last answer; undefined if an emulator runs no functions */
async function waitUntilHealthy(session: Session, report: Report): Promise<HealthAnswer | undefined> {
  for (let attempt = 1; ; attempt++) {
    const answer = await askHealth(session, 'newest');
    if (answer === undefined || answer.healthy || attempt === ATTEMPTS) return answer;
    report(answer.text);
    await session.sleep(POLL_MS);
  }
}

function stopped(session: Session): DeployError {
  return new DeployError(
    'FUNCTION_STOPPED',
    'the function is stopped by "scale 0", so that the new version could not be checked',
    `in an emergency, first stop all decisions, so that the version before makes none meanwhile: ${npmCommand(session, 'policy', 'stop')}; then start the function: ${npmCommand(session, 'scale', 'settings')}`,
  );
}

function unhealthy(
  run: DeploymentRun,
  { text, log }: HealthAnswer,
  before: DeployedStack | undefined,
  effect: string,
): DeployError {
  const { session } = run;
  return new DeployError(
    'FUNCTION_UNHEALTHY',
    `the function is not healthy: ${text}${effect}`,
    `${wayBack(run, before)}read the errors in the log: ${npmCommand(session, 'logs', '--errors')}; for their causes see "When something is wrong" in DEPLOYMENT.md`,
    log,
  );
}

/** @returns how to undo the change; empty if nothing was changed that can be undone */
function wayBack({ session, options, actions }: DeploymentRun, before: DeployedStack | undefined): string {
  if (before === undefined) return '';
  const [image] = wantedImages(session.settings, options.tag);
  const tag = before.parameters['ImageTag'];
  if (tag !== undefined && tag !== image?.tag)
    return `to go back to the image before: ${npmCommand(session, 'deploy', `--image-tag ${tag}`)}; `;
  const isChanged = actions.get('function') === 'update' || isHeldBack(before);
  return isChanged
    ? `if a setting was changed, change it back and deploy: ${npmCommand(session, 'deploy')}; `
    : '';
}
