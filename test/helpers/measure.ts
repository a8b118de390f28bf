// What is measured of a process, and what comes of many measurements.
import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that takes longer to start does not start. */
const START_MS = 30_000;

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

/** Resident memory, in MB: now, or the most that it ever was. */
export function rssMb(pid: number, which: 'VmRSS' | 'VmHWM' = 'VmRSS'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${which}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
}

/** CPU time of all threads so far, in ms. Linux counts it in hundredths of a second (proc_pid_stat(5)). */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field, the name, may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** What a Node.js process takes that does nothing, in ms. */
export function emptyNodeMs(): number {
  const startedAt = performance.now();
  spawnSync(process.execPath, ['-e', '0']);
  return performance.now() - startedAt;
}

/** Milliseconds from the start of a process to its first 200 on /health. It is killed then. */
export async function bootMs(start: () => ChildProcess, url: string): Promise<number> {
  const startedAt = performance.now();
  const child = start();
  await healthy(child, url);
  const ms = performance.now() - startedAt;
  await kill(child);
  return ms;
}

export async function healthy(child: ChildProcess, url: string): Promise<void> {
  const end = performance.now() + START_MS;
  while (!(await isHealthy(url))) {
    const code = child.exitCode ?? child.signalCode;
    if (code !== null) throw new Error(`${url}: the process ended with ${code}`);
    if (performance.now() > end) throw new Error(`${url}: not healthy after ${START_MS} ms`);
    await sleep(1);
  }
}

export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

function isHealthy(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    get(`${url}/health`, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).on('error', () => resolve(false));
  });
}
