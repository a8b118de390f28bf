// The limits that a container has, put on a process: Linux' control groups, version 1 or 2.
import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';

const ROOT = '/sys/fs/cgroup';
const NAME = `callback-handler-${process.pid}`;
const PERIOD_US = 100_000;
const PROBE_BYTES = 2 ** 29;

/** Why a process can't be limited here, if so. */
export function noCgroups(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  // Tried on a process of its own: there may be groups that nobody can write to.
  const { pid } = spawn('sleep', ['1'], { stdio: 'ignore' });
  try {
    limitCpu(pid ?? 0, 1)();
    limitMemory(pid ?? 0, PROBE_BYTES)();
    return undefined;
  } catch (error) {
    return `needs control groups: ${String(error)}`;
  }
}

/** @returns takes the limit off again, once the process is gone */
export function limitCpu(pid: number, cores: number): () => void {
  const quota = String(cores * PERIOD_US);
  return existsSync(`${ROOT}/cpu/cgroup.procs`)
    ? limit(`${ROOT}/cpu/${NAME}`, pid, { 'cpu.cfs_period_us': String(PERIOD_US), 'cpu.cfs_quota_us': quota })
    : limit(`${ROOT}/${NAME}-cpu`, pid, { 'cpu.max': `${quota} ${PERIOD_US}` });
}

export function limitMemory(pid: number, bytes: number): () => void {
  return existsSync(`${ROOT}/memory/cgroup.procs`)
    ? limit(`${ROOT}/memory/${NAME}`, pid, { 'memory.limit_in_bytes': String(bytes) })
    : limit(`${ROOT}/${NAME}-memory`, pid, { 'memory.max': String(bytes) });
}

function limit(group: string, pid: number, values: Readonly<Record<string, string>>): () => void {
  mkdirSync(group, { recursive: true });
  const remove = (): void => {
    // A group that something is in can't be removed; a process that has ended is in none.
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
