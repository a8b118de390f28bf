// Checks the function that runs the handler: its version, concurrency and image, whether it answers, and the load
// balancer's target.
import { DescribeTargetHealthCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { describeFunctionState, type FunctionState } from '../../aws/function.js';
import { askHealth } from '../../aws/function-health.js';
import { npmCommand } from '../../aws/printed-commands.js';
import { readImage } from '../../deploy/image-status.js';
import { IMAGE_OLD_DAYS } from '../../deploy/status-warnings.js';
import { revert } from '../advice.js';
import { type Finding, note, ok, unlessAny, warning, wrong } from '../check.js';
import { NotChecked } from '../not-checked.js';
import type { Scene } from '../scene.js';

export async function functionAlias(scene: Scene): Promise<readonly Finding[]> {
  const { session } = scene;
  const state = await scene.function();
  if (state === undefined) return [wrong('it does not exist', await revert(scene, 'function'))];
  const { reserved, reason = 'Lambda gave no reason' } = state;
  if (reserved === 0) {
    const next = npmCommand(session, 'scale', 'settings');
    return [wrong('it is stopped, because it was scaled to 0: the Co-signer gets no answers', next)];
  }
  if (state.state === 'Failed') return [wrong(`it can't run: ${reason}`, npmCommand(session, 'deploy'))];
  const problems = [...concurrencyProblems(scene, state), ...(await imageProblems(scene, state))];
  const answer = await askHealth(session, 'live');
  if (answer === undefined)
    return [...problems, note('the endpoint is an emulator, which runs no functions')];
  if (!answer.healthy) {
    const next = `read why: ${npmCommand(session, 'logs', '--errors')}; see "The function does not answer" in DEPLOYMENT.md`;
    problems.push(wrong(answer.text, next));
  }
  return unlessAny(problems, `${describeFunctionState(state)}, and answers`);
}

function concurrencyProblems(
  { session }: Scene,
  { reserved, provisioned }: FunctionState,
): readonly Finding[] {
  const { reservedConcurrency, provisionedConcurrency = 0 } = session.settings.lambda ?? {};
  const next = npmCommand(session, 'scale', 'settings');
  const limit = (value: number | undefined): string => (value === undefined ? 'no limit' : String(value));
  const available = provisioned?.available ?? 0;
  return [
    ...(reserved === reservedConcurrency
      ? []
      : [
          warning(
            `its reserved concurrency is ${limit(reserved)}; the settings specify ${limit(reservedConcurrency)}`,
            next,
          ),
        ]),
    ...(available >= provisionedConcurrency
      ? []
      : [warning(`only ${available} of ${provisionedConcurrency} environments are kept ready`, next)]),
  ];
}

async function imageProblems({ session }: Scene, { image }: FunctionState): Promise<readonly Finding[]> {
  if (image === undefined) return [];
  const { name, pushed, ageDays = 0 } = await readImage(session, image);
  const deploy = npmCommand(session, 'deploy');
  if (pushed === undefined) {
    const text = `its image ${name} is not in the repository: Lambda can't prepare it again`;
    return [session.emulated ? note(`${text}. An emulator builds none`) : wrong(text, deploy)];
  }
  if (ageDays <= IMAGE_OLD_DAYS) return [];
  return [warning(`its image ${name} is ${ageDays} days old`, `git pull, then ${deploy}`)];
}

/** The load balancer does not check the function's health. */
export async function functionTarget(scene: Scene): Promise<readonly Finding[]> {
  const { session } = scene;
  const TargetGroupArn = (await scene.stack('callback'))?.outputs['TargetGroupArn'];
  const alias = (await scene.stack('function'))?.outputs['FunctionAliasArn'];
  if (TargetGroupArn === undefined || alias === undefined) {
    throw new NotChecked('the stacks do not name the target group and the function');
  }
  const { TargetHealthDescriptions = [] } = await session.aws.elb.send(
    new DescribeTargetHealthCommand({ TargetGroupArn }),
  );
  const targets = TargetHealthDescriptions.flatMap(({ Target }) => Target?.Id ?? []);
  // Emulators register no function when they create a target group in a stack.
  if (session.emulated && targets.length === 0) return [note('the endpoint is an emulator')];
  if (targets.includes(alias) && targets.length === 1) return [ok('the load balancer invokes the function')];
  const found = targets.length === 0 ? 'nothing' : targets.join(', ');
  return [wrong(`the load balancer invokes ${found} instead of ${alias}`, await revert(scene, 'callback'))];
}
