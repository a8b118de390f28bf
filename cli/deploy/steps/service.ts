// Step: waits until a service is steady, the handler's or the console's.
import { describeScaling, suspendScaling } from '../../aws/scaling.js';
import { describeService, isSteady, neverRuns, type ServiceKind } from '../../aws/service-state.js';
import { waitUntilSteady } from '../../aws/service.js';
import { tasksBySettings, tasksOf } from '../parameters.js';
import { type Change, type DeploymentRun, NO_CHANGE, type Step } from '../step.js';

export function serviceStep(deployment: DeploymentRun, kind: ServiceKind = 'handler'): Step {
  const { session, notes } = deployment;
  return {
    name: kind === 'console' ? 'console service' : 'service',
    inspect: () => inspectService(deployment, kind),
    async apply(report) {
      const state = await waitUntilSteady(session, { kind, onProgress: report });
      if (neverRuns(session, state)) {
        const note = 'The endpoint is an emulator, which runs no tasks: health was not checked.';
        if (!notes.includes(note)) notes.push(note);
        report('the endpoint is an emulator, which runs no tasks');
      }
      const scaling = await describeScaling(session, kind);
      if (scaling === undefined || scaling.suspended === (state.desired === 0)) return;
      await suspendScaling(session, kind, state.desired === 0);
      report(`autoscaling ${state.desired === 0 ? 'suspended' : 'resumed'}`);
    },
  };
}

async function inspectService(run: DeploymentRun, kind: ServiceKind): Promise<Change> {
  const { session } = run;
  const action = run.actions.get(kind === 'console' ? 'console' : 'callback');
  const state = await describeService(session, kind);
  if (state === undefined || action === 'recreate') {
    return { action: 'wait', summary: 'wait until its task is healthy', details: [] };
  }
  const tasks = action === 'none' ? state.desired : await tasksOf(run, kind);
  const stopped = tasks === 0 && tasksBySettings(session, kind).least > 0;
  const scaling = await describeScaling(session, kind);
  const details = [
    ...(tasks === state.desired ? [] : [`tasks: ${state.desired} → ${tasks}`]),
    // An interrupted `scale` leaves it as it should not be.
    ...(scaling === undefined || scaling.suspended === (tasks === 0)
      ? []
      : [`autoscaling: ${tasks === 0 ? 'suspend' : 'resume'}`]),
  ];
  const isReady = isSteady(state) || neverRuns(session, state);
  if (action === 'none' && isReady && details.length === 0) {
    return stopped ? { ...NO_CHANGE, summary: 'nothing: stopped by "scale 0"' } : NO_CHANGE;
  }
  return {
    action: 'wait',
    summary: stopped ? 'stays stopped by "scale 0"' : 'wait until it is steady',
    details,
  };
}
