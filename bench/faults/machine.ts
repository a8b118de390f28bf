// Machine-level faults: too little CPU or memory, a full disk, standard output that is not read, a wrong clock.
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BUILT, until } from '../../test/helpers/process.js';
import { rssMb, waitUntilHealthy } from '../measure.js';
import { cgroupProblem, limitCpu, limitMemory } from './cgroup.js';
import type { Fault } from './fault.js';
import { handlerEnvironment } from './testbed.js';

const MIB = 1024 ** 2;
const CLOCK = new URL('clock.js', import.meta.url).href;
/** Requests per second, more than the handler can answer. */
const SATURATING = 10_000;

export function machine(short: boolean): readonly Fault[] {
  const durationMs = short ? 2000 : 15_000;
  const skip = cgroupProblem();
  return [
    wrongClock(durationMs),
    {
      title: 'a quarter of a core, under full load',
      perSecond: SATURATING,
      skip,
      async run(testbed) {
        testbed.teardown(limitCpu(testbed.handler.child.pid ?? 0, 0.25));
        await sleep(durationMs);
      },
    },
    {
      title: '512 MiB of memory, under full load',
      perSecond: SATURATING,
      skip,
      async run(testbed) {
        const pid = testbed.handler.child.pid ?? 0;
        testbed.teardown(limitMemory(pid, 512 * MIB));
        await sleep(durationMs);
        const peak = rssMb(pid, 'VmHWM');
        if (peak > 256) throw new Error(`the handler used ${peak.toFixed(0)} MB of memory`);
      },
    },
    fullDisk(durationMs),
    blockedOutput(short ? 3000 : 10_000),
  ];
}

function wrongClock(durationMs: number): Fault {
  return {
    title: 'clock one hour ahead',
    env: { NODE_OPTIONS: `--import ${CLOCK}` },
    async run({ handler }) {
      await sleep(durationMs);
      const line = await handler.line({ event: 'decision' });
      const aheadMs = Date.parse(String(line['time'])) - Date.now();
      if (aheadMs < 3_000_000) throw new Error(`the handler's clock is only ${aheadMs} ms ahead`);
    },
  };
}

/** Uses a second handler, because nothing can read its log. */
function fullDisk(durationMs: number): Fault {
  return {
    title: 'the log on a full disk',
    async run(testbed) {
      const { ports, front } = testbed;
      const full = openSync('/dev/full', 'w');
      const child = spawn(process.execPath, [BUILT], {
        env: { ...process.env, ...handlerEnvironment(testbed, ports[1]) },
        stdio: ['ignore', full, full],
      });
      testbed.teardown(() => child.kill('SIGKILL'));
      await waitUntilHealthy(child, `http://127.0.0.1:${ports[1]}`);
      front.deregister();
      await sleep(durationMs);
      front.register();
      if (child.exitCode !== null) throw new Error(`the handler exited with code ${child.exitCode}`);
      child.kill('SIGTERM');
      const code = await until(() => child.exitCode ?? undefined, 40_000);
      if (code !== 0) throw new Error(`after SIGTERM the handler exited with code ${code}`);
    },
  };
}

function blockedOutput(durationMs: number): Fault {
  return {
    title: `standard output not read for ${durationMs / 1000} s`,
    perSecond: 1000,
    async run({ handler }) {
      const { stdout, pid } = handler.child;
      const before = rssMb(pid ?? 0);
      stdout?.pause();
      await sleep(durationMs);
      stdout?.resume();
      const growth = rssMb(pid ?? 0) - before;
      if (growth > 128) throw new Error(`the handler's memory grew by ${growth.toFixed(0)} MB`);
    },
  };
}
