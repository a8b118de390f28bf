// Step: waits until the service is steady.
import { describeService, isSteady, neverRuns } from '../../aws/service-state.js';
import { waitUntilSteady } from '../../aws/service.js';
import { type DeploymentRun, NO_CHANGE, type Step } from '../step.js';

export function serviceStep({ session, actions, notes }: DeploymentRun): Step {
  return {
    name: 'service',
    async inspect() {
      const state = await describeService(session);
      if (state === undefined)
        return { action: 'wait', summary: 'wait until its task is healthy', details: [] };
      const isChanged = actions.get('callback') !== 'none';
      if (!isChanged && (isSteady(state) || neverRuns(session, state))) return NO_CHANGE;
      return { action: 'wait', summary: 'wait until it is steady', details: [] };
    },
    async apply(report) {
      const state = await waitUntilSteady(session, { onProgress: report });
      if (neverRuns(session, state)) {
        notes.push('The endpoint is an emulator, which runs no tasks: health was not checked.');
        report('the endpoint is an emulator, which runs no tasks');
      }
    },
  };
}
