// CPU times that can be compared with a limit on any machine.
import { generateKeyPairSync, sign } from 'node:crypto';

/** What one RSA 2048 signature takes on the machine that limits in ms are meant for. */
const SIGNATURE_MS = 0.21;
const SIGNATURES = 50;

/**
 * The CPU time of a call in ms, the least of three, as it would be on a machine that signs in 0.21 ms if this one is
 * slower. The least is taken because the first call compiles, and because other processes share the machine.
 */
export function cpuTime(run: () => unknown): number {
  return Math.min(...[1, 2, 3].map(() => cpuMs(run))) / slowness();
}

let measured: number | undefined;

/** @returns at least 1 */
export function slowness(): number {
  if (measured === undefined) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const data = Buffer.alloc(200);
    const signMany = (): void => {
      for (let i = 0; i < SIGNATURES; i++) sign('RSA-SHA256', data, privateKey);
    };
    measured = Math.max(1, cpuMs(signMany) / SIGNATURES / SIGNATURE_MS);
  }
  return measured;
}

function cpuMs(run: () => unknown): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
