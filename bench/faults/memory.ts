// Faults that try to use up memory: the largest legitimate requests at once, and hostile clients that never finish
// their requests.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createCosigner, type Outcome } from '../../cli/cosigner/client.js';
import type { Payload } from '../../cli/cosigner/request.js';
import { legacyRequest, MAX_INPUTS } from '../../test/helpers/legacy-request.js';
import { cpuMs, rssMb } from '../measure.js';
import { cgroupProblem, limitMemory } from './cgroup.js';
import type { Fault } from './fault.js';
import type { Testbed } from './testbed.js';

const MIB = 1024 ** 2;
/** The smallest container in `infra/`. */
const CONTAINER_MIB = 512;
/** The default in such a container. The handler of this suite starts outside, so it does not see the limit. */
const REQUEST_MEMORY_MIB = CONTAINER_MIB / 4;
const env = { MAX_REQUEST_MEMORY_MIB: String(REQUEST_MEMORY_MIB) };

const MAX_RSS_MIB = 256;
const AT_ONCE = 16;
/** Maximum response time of one such request, and maximum CPU time for all of those sent at once, in ms. */
const LARGE_REQUEST_MS = 1000;
/** Short runs share the processor with other faults. */
const SHORT_LARGE_REQUEST_MS = 5000;

export function memory(short: boolean): readonly Fault[] {
  return [
    legacyRequests(short ? 2 : 10, short ? SHORT_LARGE_REQUEST_MS : LARGE_REQUEST_MS),
    hostileConnections(short ? 100 : 1000),
  ];
}

function legacyRequests(rounds: number, maxMs: number): Fault {
  return {
    title: `transactions with ${MAX_INPUTS} legacy inputs (7 MB), one by one and ${AT_ONCE} at once`,
    env,
    skip: cgroupProblem(),
    async run(testbed) {
      const pid = testbed.handler.child.pid ?? 0;
      testbed.teardown(limitMemory(pid, CONTAINER_MIB * MIB));
      const { handlerUrl: url, cosigner, callback, count } = testbed;
      const keys = { privateKey: cosigner.privateKey, callbackPublicKeys: [callback.publicKey] };
      const client = createCosigner({ url, keys, maxSockets: AT_ONCE });
      testbed.teardown(() => client.close());
      const payloads = Array.from({ length: AT_ONCE }, () => legacyRequest());
      const send = async (payload: Payload): Promise<Outcome> => {
        const outcome = await client.send('transaction', payload);
        count.sent++;
        if (outcome.answer !== undefined) count.answered++;
        else if (outcome.status === 503 && outcome.retryAfter !== undefined) count.unavailable++;
        else count.wrong.push(`a legacy transaction: ${outcome.problem}`);
        return outcome;
      };

      for (let round = 0; round < rounds; round++) {
        for (const payload of payloads.slice(0, 2)) {
          const { answer, problem, durationMs } = await send(payload);
          if (answer === undefined) throw new Error(`one large request: ${problem}`);
          if (durationMs > maxMs) throw new Error(`one large request took ${durationMs.toFixed(0)} ms`);
        }
        const cpuBefore = cpuMs(pid);
        const outcomes = await Promise.all(payloads.map(send));
        if (outcomes.every(({ answer }) => answer === undefined)) throw new Error('none was answered');
        // The time that they take on one core, whatever else this machine does.
        const cpu = cpuMs(pid) - cpuBefore;
        if (cpu > maxMs) throw new Error(`${AT_ONCE} large requests took ${cpu} ms of CPU time`);
      }
      const peak = rssMb(pid, 'VmHWM');
      if (peak > MAX_RSS_MIB) throw new Error(`the handler used ${peak.toFixed(0)} MiB of memory`);
    },
  };
}

/** Sends from another process, because the Co-signer's response times are measured in this one. */
function hostileConnections(connections: number): Fault {
  return {
    title: `${connections} connections that send all but the last byte of 8 MiB`,
    env,
    async run(testbed) {
      const pid = testbed.handler.child.pid ?? 0;
      const idle = rssMb(pid);
      const limit = 1.5 * idle + REQUEST_MEMORY_MIB;
      const served = testbed.count.answered;
      const hostile = spawn(
        process.execPath,
        [fileURLToPath(new URL('unfinished.js', import.meta.url)), testbed.handlerUrl, String(connections)],
        { stdio: ['ignore', 'inherit', 'inherit'] },
      );
      testbed.teardown(() => hostile.kill('SIGKILL'));
      const [code] = (await once(hostile, 'exit')) as [number | null];
      if (code !== 0) throw new Error('hostile connections were neither refused nor closed');
      await assertMemory(testbed, pid, limit, idle);
      if (testbed.count.answered === served) throw new Error('the Co-signer was not served beside them');
    },
  };
}

async function assertMemory({ client }: Testbed, pid: number, limit: number, idle: number): Promise<void> {
  const peak = rssMb(pid, 'VmHWM');
  if (peak > limit) {
    throw new Error(
      `${peak.toFixed(0)} MiB of memory, more than 1.5 times the ${idle.toFixed(0)} MiB before plus the bound of ${REQUEST_MEMORY_MIB} MiB`,
    );
  }
  // What was refused must no longer count.
  const { problem } = await client.send('transaction', legacyRequest());
  if (problem !== undefined) throw new Error(`a large request afterwards: ${problem}`);
}
