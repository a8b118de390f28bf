// The memory that this process may use, and the part of it that requests may hold.
import { totalmem } from 'node:os';

const MIB = 1024 * 1024;
/** The least that carries a body of maximum size in every case. */
const LEAST_BYTES = 64 * MIB;

/**
 * The memory limit of the container, or else the machine's memory, in bytes. A limit that belongs to a parent of the
 * container's control group is not visible here.
 */
export function memoryLimit(): number {
  // Without a limit, Node.js reports 0 or a number far above the machine's memory.
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}

/** By default, requests may hold a quarter of the memory together: the process itself needs about 100 MB. */
export function defaultRequestMemory(limit = memoryLimit()): number {
  return Math.max(LEAST_BYTES, limit / 4);
}
