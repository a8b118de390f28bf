// Limits a process's CPU and memory as a container runtime does, with Linux control groups (version 1 or 2).
import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';

const ROOT = '/sys/fs/cgroup';
const NAME = `callback-handler-${process.pid}`;
const PERIOD_US = 100_000;
const PROBE_BYTES = 2 ** 29;

/** Why processes can't be limited on this machine; undefined if they can. */
export function cgroupProblem(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  // The groups may exist but be read-only, so limits are first tried on a separate process.
  const { pid } = spawn('sleep', ['1'], { stdio: 'ignore' });
  try {
    limitCpu(pid ?? 0, 1)();
    limitMemory(pid ?? 0, PROBE_BYTES)();
    return undefined;
  } catch (error) {
    return `needs writable control groups: ${String(error)}`;
  }
}

/** @returns a function that removes the limit, even after the process has exited */
export function limitCpu(pid: number, cores: number): () => void {
  const quota = String(cores * PERIOD_US);
  return existsSync(`${ROOT}/cpu/cgroup.procs`)
    ? limit(`${ROOT}/cpu/${NAME}`, pid, { 'cpu.cfs_period_us': String(PERIOD_US), 'cpu.cfs_quota_us': quota })
    : limit(`${ROOT}/${NAME}-cpu`, pid, { 'cpu.max': `${quota} ${PERIOD_US}` });
}

/** @returns a function that removes the limit, even after the process has exited */
export function limitMemory(pid: number, bytes: number): () => void {
  return existsSync(`${ROOT}/memory/cgroup.procs`)
    ? limit(`${ROOT}/memory/${NAME}`, pid, { 'memory.limit_in_bytes': String(bytes) })
    : limit(`${ROOT}/${NAME}-memory`, pid, { 'memory.max': String(bytes) });
}

function limit(group: string, pid: number, values: Readonly<Record<string, string>>): () => void {
  mkdirSync(group, { recursive: true });
  const remove = (): void => {
    // Only an empty group can be removed. A process leaves its group when it exits.
    if (existsSync(`/proc/${pid}`)) writeFileSync(`${dirname(group)}/cgroup.procs`, String(pid));
    rmdirSync(group);
  };
  try {
    for (const [file, value] of Object.entries(values)) writeFileSync(`${group}/${file}`, value);
    writeFileSync(`${group}/cgroup.procs`, String(pid));
  } catch (error) {
    remove();
    throw error;
  }
  return remove;
}
