// Load from a process of its own: wrk, which takes little of the machine that it shares with what it measures.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface Load {
  readonly answered: number;
  readonly seconds: number;
  /** Answers other than 2xx. */
  readonly refused: number;
  /** Requests without an answer. */
  readonly lost: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const SCRIPT = fileURLToPath(new URL('load.lua', import.meta.url));

/** @param tokenFile tokens to send in turn, one a line */
export async function wrk(
  url: string,
  tokenFile: string,
  connections: number,
  seconds: number,
): Promise<Load> {
  const { stdout } = await promisify(execFile)('wrk', [
    ...['-t1', `-c${connections}`, `-d${seconds}s`, '-s', SCRIPT, url, '--', tokenFile],
  ]).catch((error: unknown) => {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw missing ? new Error("wrk can't be started: apt-get install wrk") : error;
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Load;
}
