// The emergency stop, stored and lifted by an operator under load, with a restart while it is in force.
import { setTimeout as sleep } from 'node:timers/promises';
import { PARAMETERS } from '../../test/helpers/moto.js';
import type { Fault } from './fault.js';

const REFRESH_SECONDS = 2;
const REFRESH_MS = REFRESH_SECONDS * 1000;
/** How long each state is observed after it must be in force, in ms. */
const OBSERVED_MS = 1000;

/** A request that is sent later than the refresh interval after a change must get the new answer. */
export function emergencyStops(count: number): Fault {
  return {
    title: `policy stopped and resumed ${count === 1 ? 'once' : `${count} times`}, in force within ${REFRESH_SECONDS} s; a restart while stopped`,
    env: { STOP_PARAMETER: PARAMETERS.stop, POLICY_REFRESH_SECONDS: String(REFRESH_SECONDS) },
    async run(testbed) {
      const { moto, front, handler, ports } = testbed;
      const states = [{ action: 'APPROVE', storedAt: 0 }];
      testbed.expect = ({ action }, sentAt) => {
        const inForce = states.findLastIndex(({ storedAt }) => storedAt <= sentAt - REFRESH_MS);
        const possible = states.slice(inForce).map((state) => state.action);
        return possible.includes(action) ? undefined : `${action} instead of ${possible.join(' or ')}`;
      };
      const store = async (value: string, action: string): Promise<void> => {
        // The handler may read the value before SSM's response arrives here.
        const state = { action, storedAt: Infinity };
        states.push(state);
        await moto.put('stop', value);
        state.storedAt = Date.now();
        await sleep(REFRESH_MS + OBSERVED_MS);
      };
      for (let stop = 0; stop < count; stop++) {
        const action = stop % 2 === 0 ? 'RETRY' : 'REJECT';
        await store(action, action);
        if (stop === 0) {
          await testbed.start(ports[1]);
          front.deregister();
          await handler.stop();
        }
        await store('RUN', 'APPROVE');
      }
    },
  };
}
