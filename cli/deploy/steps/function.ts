// Step: before the load balancer or the API uses the function, waits until it answers.
import { DeployError } from '../../aws/error.js';
import { describeFunction } from '../../aws/function.js';
import { askHealth, type HealthAnswer } from '../../aws/function-health.js';
import { npmCommand } from '../../aws/printed-commands.js';
import type { Session } from '../../aws/session.js';
import { wantedImages } from '../image.js';
import { type DeploymentRun, NO_CHANGE, type Report, type Step } from '../step.js';

const POLL_MS = 5000;
/** Number of attempts: new environments start in seconds, unless Lambda is still preparing the image. */
const ATTEMPTS = 24;
const EMULATOR = 'The endpoint is an emulator, which runs no functions: health was not checked.';

/** @throws {DeployError} `FUNCTION_STOPPED`, `FUNCTION_UNHEALTHY` */
export function functionStep(run: DeploymentRun): Step {
  const { session, actions, deployed, notes } = run;
  const before = deployed.get('function')?.parameters['ImageTag'];
  return {
    name: 'function health',
    async inspect() {
      const state = await describeFunction(session);
      const isChanged = actions.get('function') !== 'none';
      if (state?.reserved === 0) {
        if (isChanged) throw stopped(session);
        return { ...NO_CHANGE, summary: 'nothing: stopped by "scale 0"' };
      }
      const answer = isChanged ? undefined : await askHealth(session);
      if (!isChanged && (answer === undefined || answer.healthy)) return NO_CHANGE;
      return { action: 'wait', summary: 'wait until it answers', details: [] };
    },
    async apply(report) {
      const answer = await waitUntilHealthy(session, report);
      if (answer === undefined && !notes.includes(EMULATOR)) notes.push(EMULATOR);
      if (answer?.healthy === false) throw unhealthy(run, answer, before);
      report(answer?.text ?? 'the endpoint is an emulator, which runs no functions');
    },
  };
}

/** @returns the last answer; undefined if an emulator runs no functions */
async function waitUntilHealthy(session: Session, report: Report): Promise<HealthAnswer | undefined> {
  for (let attempt = 1; ; attempt++) {
    const answer = await askHealth(session);
    if (answer === undefined || answer.healthy || attempt === ATTEMPTS) return answer;
    report(answer.text);
    await session.sleep(POLL_MS);
  }
}

function stopped(session: Session): DeployError {
  return new DeployError(
    'FUNCTION_STOPPED',
    'the function is stopped by "scale 0", so that the new version could not be checked',
    `start it: ${npmCommand(session, 'scale', 'settings')}`,
  );
}

function unhealthy(
  { session, options }: DeploymentRun,
  { text, log }: HealthAnswer,
  before: string | undefined,
): DeployError {
  const [image] = wantedImages(session.settings, options.tag);
  const isOtherImage = before !== undefined && before !== image?.tag;
  const back = isOtherImage
    ? `to go back to the image before: ${npmCommand(session, 'deploy', `--image-tag ${before}`)}; `
    : '';
  // CloudFormation has already let the alias name the new version, so that an update is in use.
  const effect =
    before === undefined
      ? 'what the Co-signer calls was not changed'
      : 'the Co-signer gets no answers from this version';
  return new DeployError(
    'FUNCTION_UNHEALTHY',
    `the function is not healthy: ${text}; ${effect}`,
    `${back}read the errors in the log: ${npmCommand(session, 'logs', '--errors')}; for their causes see "When something is wrong" in DEPLOYMENT.md`,
    log,
  );
}
