// Measures a process: start-up time, memory, CPU time.
import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that is not healthy after this time is considered broken. */
const START_TIMEOUT_MS = 30_000;

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

/** Median of the ratios of values measured in the same round. */
export function medianRatio(values: readonly number[], others: readonly number[]): number {
  return median(values.map((value, round) => value / (others[round] ?? NaN)));
}

/** Resident memory in MB: the current value (`VmRSS`) or the peak (`VmHWM`). */
export function rssMb(pid: number, which: 'VmRSS' | 'VmHWM' = 'VmRSS'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${which}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
}

/** CPU time used by all threads so far, in ms. Linux counts it in hundredths of a second (proc_pid_stat(5)). */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field, the command's name, may contain spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Duration of a Node.js process that does nothing, in ms. */
export function emptyNodeMs(): number {
  const startedAt = performance.now();
  spawnSync(process.execPath, ['-e', '0']);
  return performance.now() - startedAt;
}

/** Milliseconds from starting a process to its first 200 from /health. The process is then killed. */
export async function bootMs(start: () => ChildProcess, url: string): Promise<number> {
  const startedAt = performance.now();
  const child = start();
  await waitUntilHealthy(child, url);
  const ms = performance.now() - startedAt;
  await kill(child);
  return ms;
}

/** @throws {Error} if the process exits, or is not healthy within 30 s */
export async function waitUntilHealthy(child: ChildProcess, url: string): Promise<void> {
  const end = performance.now() + START_TIMEOUT_MS;
  while (!(await isHealthy(url))) {
    const code = child.exitCode ?? child.signalCode;
    if (code !== null) throw new Error(`${url}: the process exited with ${code}`);
    if (performance.now() > end) throw new Error(`${url}: not healthy after ${START_TIMEOUT_MS} ms`);
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
    const get = url.startsWith('https:') ? getHttps : getHttp;
    // What is measured on this machine has a certificate of its own.
    get(`${url}/health`, { rejectUnauthorized: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).on('error', () => resolve(false));
  });
}
