// The limit: how often the machine's cores together can sign and verify with RSA 2048, by OpenSSL's own measure.
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';

export interface Limit {
  /** Requests a second, each with one signature and one verification, and nothing else. */
  readonly perSecond: number;
  /** CPU time of one signature and one verification. */
  readonly cpuMs: number;
}

export async function measureLimit(seconds: number): Promise<Limit> {
  const cores = availableParallelism();
  const { stdout } = await promisify(execFile)('openssl', [
    ...['speed', '-mr', '-seconds', String(seconds), '-multi', String(cores), 'rsa2048'],
  ]);
  // `+F2:2:2048:7081.9:105721.0`: signatures and verifications a second, of all cores together.
  const [, signs, verifies] = /^\+F2:\d+:2048:([\d.]+):([\d.]+)/m.exec(stdout) ?? [];
  const perRequest = 1 / Number(signs) + 1 / Number(verifies);
  return { perSecond: 1 / perRequest, cpuMs: perRequest * cores * 1000 };
}
