// What the machine does to the process: little CPU, little memory, a full disk, a log that nobody reads, a wrong clock.
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { rssMb } from '../../test/helpers/measure.js';
import { PARAMETERS } from '../../test/helpers/moto.js';
import { BUILT, until } from '../../test/helpers/process.js';
import { limitCpu, limitMemory, noCgroups } from './cgroup.js';
import type { Fault } from './fault.js';

const MIB = 1024 ** 2;
const CLOCK = fileURLToPath(new URL('clock.js', import.meta.url));

export function machine(short: boolean): readonly Fault[] {
  const seconds = short ? 4 : 15;
  return [
    {
      what: 'clock an hour ahead',
      env: { NODE_OPTIONS: `--import ${CLOCK}` },
      async run({ handler }) {
        await sleep(seconds * 1000);
        const line = await handler.line({ event: 'decision' });
        const aheadMs = Date.parse(String(line['time'])) - Date.now();
        if (aheadMs < 3_000_000) throw new Error(`the clock is ${aheadMs} ms ahead`);
      },
    },
    {
      what: 'a quarter of a core, asked as fast as it answers',
      perSecond: 10_000,
      leftOut: noCgroups(),
      async run(stand) {
        stand.teardown(limitCpu(stand.handler.child.pid ?? 0, 0.25));
        await sleep(seconds * 1000);
      },
    },
    {
      what: '512 MiB of memory, asked as fast as it answers',
      perSecond: 10_000,
      leftOut: noCgroups(),
      async run(stand) {
        const pid = stand.handler.child.pid ?? 0;
        stand.teardown(limitMemory(pid, 512 * MIB));
        await sleep(seconds * 1000);
        const most = rssMb(pid, 'VmHWM');
        if (most > 256) throw new Error(`${most.toFixed(0)} MB of memory`);
      },
    },
    {
      what: 'a full disk under the log',
      // A handler of its own: what it says can't be read.
      async run(stand) {
        const { moto, ports, front } = stand;
        const full = openSync('/dev/full', 'w');
        const child = spawn(process.execPath, [BUILT], {
          env: {
            ...process.env,
            ...moto.env,
            POLICY_FILE: '',
            POLICY_PARAMETER: PARAMETERS.policy,
            HOST: '127.0.0.1',
            PORT: String(ports[1]),
          },
          stdio: ['ignore', full, full],
        });
        stand.teardown(() => child.kill('SIGKILL'));
        const url = `http://127.0.0.1:${ports[1]}/health`;
        const up = await until(
          () =>
            fetch(url).then(
              ({ ok }) => (ok ? true : undefined),
              () => undefined,
            ),
          15_000,
        );
        if (up === undefined) throw new Error(`it does not start: exit code ${child.exitCode}`);
        front.deregister();
        await sleep(seconds * 1000);
        front.register();
        if (child.exitCode !== null) throw new Error(`it ended with exit code ${child.exitCode}`);
        child.kill('SIGTERM');
        const code = await until(() => child.exitCode ?? undefined, 40_000);
        if (code !== 0) throw new Error(`stopped, it ends with ${code}`);
      },
    },
    {
      what: 'standard output not read for 10 s',
      perSecond: 1000,
      async run({ handler }) {
        const { stdout, pid } = handler.child;
        const before = rssMb(pid ?? 0);
        stdout?.pause();
        await sleep(10_000);
        stdout?.resume();
        const grown = rssMb(pid ?? 0) - before;
        if (grown > 128) throw new Error(`it grew by ${grown.toFixed(0)} MB`);
      },
    },
  ];
}
