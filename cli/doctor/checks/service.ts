// Checks the service: its rollout, its image and its targets.
import { neverRuns, type ServiceState } from '../../aws/service-state.js';
import { npmCommand } from '../../aws/printed-commands.js';
import { IMAGE_OLD_DAYS } from '../../deploy/status-warnings.js';
import { readImage } from '../../deploy/image-status.js';
import { count } from '../../terminal.js';
import { revert } from '../advice.js';
import { type Finding, note, ok, unlessAny, warning, wrong } from '../check.js';
import { NotChecked } from '../not-checked.js';
import type { Scene } from '../scene.js';

const EMULATOR = 'the endpoint is an emulator, which runs no tasks';

export async function service(scene: Scene): Promise<readonly Finding[]> {
  const { session } = scene;
  const state = await scene.service();
  if (state === undefined) return [wrong('it does not exist', await revert(scene, 'callback'))];
  const { desired, running, rollout, rolloutReason = 'ECS gave no reason' } = state;
  const { desiredCount, maxCount } = session.settings;
  const problems: Finding[] = [];
  if (desired === 0) {
    const next = npmCommand(session, 'scale', String(Math.max(1, desiredCount)));
    return [wrong('it is stopped, because it was scaled to 0: the Co-signer gets no answers', next)];
  }
  if (rollout === 'FAILED') {
    problems.push(wrong(`its rollout failed: ${rolloutReason}`, npmCommand(session, 'logs', '--errors')));
  }
  if (desired < desiredCount) {
    const next = npmCommand(session, 'scale', String(desiredCount));
    problems.push(
      warning(`it was scaled to ${count(desired, 'task')}; the settings specify ${desiredCount}`, next),
    );
  }
  problems.push(...(await imageProblems(scene, state)));
  if (neverRuns(session, state)) return [...problems, note(EMULATOR)];
  if (running < desired) {
    const next = `see "The task does not start" in DEPLOYMENT.md, and read why: ${npmCommand(session, 'logs', '--errors')}`;
    problems.push(
      wrong(`only ${running} of ${count(desired, 'task')} ${running === 1 ? 'runs' : 'run'}`, next),
    );
  } else if (rollout !== 'COMPLETED' && rollout !== 'FAILED') {
    problems.push(warning('a rollout is in progress', 'wait until it is done, then run the doctor again'));
  }
  const upTo = maxCount > desiredCount ? `, at most ${maxCount}` : '';
  return unlessAny(problems, `${running} of ${count(desired, 'task')} running${upTo}`);
}

async function imageProblems(
  { session }: Scene,
  { image, ...state }: ServiceState,
): Promise<readonly Finding[]> {
  if (image === undefined) return [];
  const { name, pushed, ageDays = 0 } = await readImage(session, image);
  const deploy = npmCommand(session, 'deploy');
  if (pushed === undefined) {
    const text = `its image ${name} is not in the repository: no task can be started`;
    return [
      neverRuns(session, { ...state, image })
        ? note(`${text}. An emulator builds none`)
        : wrong(text, deploy),
    ];
  }
  if (ageDays <= IMAGE_OLD_DAYS) return [];
  return [warning(`its image ${name} is ${ageDays} days old`, `git pull, then ${deploy}`)];
}

export async function targets(scene: Scene): Promise<readonly Finding[]> {
  const { session } = scene;
  const state = await scene.service();
  if (state === undefined) throw new NotChecked('there is no service');
  if (neverRuns(session, state)) return [note(EMULATOR)];
  const healthy = state.targets.filter((target) => target.state === 'healthy');
  const settled = state.targets.filter((target) => target.state !== 'draining');
  const problems = settled
    .filter((target) => target.state !== 'healthy')
    .map(({ id, state: target, reason }) => {
      const text = `${id} is ${target}${reason === undefined ? '' : `: ${reason}`}`;
      return target === 'initial'
        ? warning(text, 'wait for a minute, then run the doctor again')
        : wrong(text, 'see "No healthy target" in DEPLOYMENT.md');
    });
  if (healthy.length === 0 && state.desired > 0) {
    problems.push(
      wrong('no target is healthy: the Co-signer gets no answers', npmCommand(session, 'logs', '--errors')),
    );
  }
  const zones = new Set(healthy.flatMap(({ zone }) => zone ?? []));
  const [zone] = zones;
  if (healthy.length > 1 && zones.size === 1 && zone !== undefined) {
    problems.push(
      warning(
        `all ${healthy.length} are in ${zone}`,
        `spread them over both zones: ${npmCommand(session, 'restart')}`,
      ),
    );
  }
  const where = zones.size === 0 ? '' : ` in ${[...zones].sort().join(', ')}`;
  if (problems.length > 0) return problems;
  return [healthy.length > 0 ? ok(`${healthy.length} healthy${where}`) : note('no task is wanted')];
}
