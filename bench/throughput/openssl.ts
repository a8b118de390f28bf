// The upper bound: how often all cores together can verify a request and sign an answer, as measured by `openssl speed`.
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import type { AnswerAlgorithm } from '../../src/protocol/key.js';

export interface OpensslLimit {
  /** Requests per second if each cost only one signature and one verification. */
  readonly perSecond: number;
  /** CPU time of one signature and one verification. */
  readonly cpuMs: number;
}

/**
 * Requests are always signed with RSA, so both limits contain the same verification.
 * @param seconds how long to measure each of the four operations
 */
export async function measureOpenssl(
  seconds: number,
): Promise<Readonly<Record<AnswerAlgorithm, OpensslLimit>>> {
  const cores = availableParallelism();
  const { stdout } = await promisify(execFile)('openssl', [
    ...['speed', '-mr', '-seconds', String(seconds), '-multi', String(cores), 'rsa2048', 'ecdsap256'],
  ]);
  // `+F2:2:2048:7081.9:105721.0`: signatures and verifications per second, for all cores together. F4 is ECDSA.
  const [, rsaSigns, rsaVerifies] = /^\+F2:\d+:2048:([\d.]+):([\d.]+)/m.exec(stdout) ?? [];
  const [, ecdsaSigns] = /^\+F4:\d+:256:([\d.]+)/m.exec(stdout) ?? [];
  const limit = (signs: number): OpensslLimit => {
    const perRequest = 1 / signs + 1 / Number(rsaVerifies);
    return { perSecond: 1 / perRequest, cpuMs: perRequest * cores * 1000 };
  };
  return { RS256: limit(Number(rsaSigns)), ES256: limit(Number(ecdsaSigns)) };
}
