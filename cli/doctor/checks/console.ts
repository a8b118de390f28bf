// Checks the console's service, in which people decide on the requests that a policy holds.
import { describeService, neverRuns } from '../../aws/service-state.js';
import { npmCommand } from '../../aws/printed-commands.js';
import { count } from '../../terminal.js';
import { revert } from '../advice.js';
import { type Finding, note, ok, wrong } from '../check.js';
import type { Scene } from '../scene.js';

export async function consoleService(scene: Scene): Promise<readonly Finding[]> {
  const { session } = scene;
  const { console: setting } = session.settings;
  if (setting === undefined) return [note('the settings have none')];
  const state = await describeService(session, 'console');
  if (state === undefined) return [wrong('its service does not exist', await revert(scene, 'console'))];
  const { desired, running, rollout, rolloutReason = 'ECS gave no reason', targets } = state;
  const logs = npmCommand(session, 'logs', '--errors --console');
  if (desired === 0 && setting.desiredCount > 0) {
    const next = npmCommand(session, 'scale', `${setting.desiredCount} --console`);
    return [wrong('it is stopped, because it was scaled to 0: nobody can decide', next)];
  }
  if (rollout === 'FAILED') return [wrong(`its rollout failed: ${rolloutReason}`, logs)];
  if (neverRuns(session, state)) return [note('the endpoint is an emulator, which runs no tasks')];
  const healthy = targets.filter(({ state: target }) => target === 'healthy').length;
  if (running < desired) return [wrong(`only ${running} of ${count(desired, 'task')} running`, logs)];
  if (healthy < desired) return [wrong(`only ${healthy} of ${count(desired, 'task')} healthy`, logs)];
  return [ok(`${running} of ${count(desired, 'task')} running, ${healthy} healthy`)];
}
