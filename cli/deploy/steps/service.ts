// Step: waits until a service is steady, the handler's or the console's.
import { describeService, isSteady, neverRuns, type ServiceKind } from '../../aws/service-state.js';
import { waitUntilSteady } from '../../aws/service.js';
import { type DeploymentRun, NO_CHANGE, type Step } from '../step.js';

export function serviceStep({ session, actions, notes }: DeploymentRun, kind: ServiceKind = 'handler'): Step {
  return {
    name: kind === 'console' ? 'console service' : 'service',
    async inspect() {
      const state = await describeService(session, kind);
      if (state === undefined)
        return { action: 'wait', summary: 'wait until its task is healthy', details: [] };
      const isChanged = actions.get(kind === 'console' ? 'console' : 'callback') !== 'none';
      if (!isChanged && (isSteady(state) || neverRuns(session, state))) return NO_CHANGE;
      return { action: 'wait', summary: 'wait until it is steady', details: [] };
    },
    async apply(report) {
      const state = await waitUntilSteady(session, { kind, onProgress: report });
      if (neverRuns(session, state)) {
        const note = 'The endpoint is an emulator, which runs no tasks: health was not checked.';
        if (!notes.includes(note)) notes.push(note);
        report('the endpoint is an emulator, which runs no tasks');
      }
    },
  };
}
