// The upper bound: how often all cores together can sign and verify with RSA 2048, as measured by `openssl speed`.
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';

export interface OpensslLimit {
  /** Requests per second if each cost only one signature and one verification. */
  readonly perSecond: number;
  /** CPU time of one signature and one verification. */
  readonly cpuMs: number;
}

/** @param seconds how long to sign, and then again how long to verify */
export async function measureOpenssl(seconds: number): Promise<OpensslLimit> {
  const cores = availableParallelism();
  const { stdout } = await promisify(execFile)('openssl', [
    ...['speed', '-mr', '-seconds', String(seconds), '-multi', String(cores), 'rsa2048'],
  ]);
  // `+F2:2:2048:7081.9:105721.0`: signatures and verifications per second, for all cores together.
  const [, signs, verifies] = /^\+F2:\d+:2048:([\d.]+):([\d.]+)/m.exec(stdout) ?? [];
  const perRequest = 1 / Number(signs) + 1 / Number(verifies);
  return { perSecond: 1 / perRequest, cpuMs: perRequest * cores * 1000 };
}
