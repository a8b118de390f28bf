// Generates load with wrk, a separate process that leaves most of the machine's CPU to the handler.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { codeOf } from '../../src/protocol/error.js';

export interface Load {
  readonly answered: number;
  readonly seconds: number;
  /** Responses with a status other than 2xx or 3xx. */
  readonly refused: number;
  /** Requests without a response. */
  readonly lost: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const SCRIPT = fileURLToPath(new URL('load.lua', import.meta.url));
/** The Co-signer waits this long for a response; wrk's default is 2 s. */
const TIMEOUT = '30s';

/**
 * @param tokenFile tokens to send in turn, one per line
 * @throws {Error} if wrk is not installed
 */
export async function wrk(
  url: string,
  tokenFile: string,
  connections: number,
  seconds: number,
): Promise<Load> {
  const { stdout } = await promisify(execFile)('wrk', [
    ...['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', TIMEOUT, '-s', SCRIPT, url, '--', tokenFile],
  ]).catch((error: unknown) => {
    throw codeOf(error) === 'ENOENT' ? new Error('wrk is not installed: apt-get install wrk') : error;
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Load;
}
