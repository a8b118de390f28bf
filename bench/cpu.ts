// CPU times of calls, and their ratios.

const ROUNDS = 11;

/** CPU time per call in ms, across all threads because the service signs on a separate one. */
export async function cpuMsPerCall(call: () => unknown, times: number): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) {
    const pending = call();
    if (pending instanceof Promise) await pending;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / times;
}

export interface Comparison {
  readonly ratio: number;
  readonly ms: number;
  readonly otherMs: number;
}

/** Compares the cost of two calls, alternating between them, so that a temporarily slower machine favours neither. */
export async function compare(
  call: () => unknown,
  times: number,
  other: () => unknown,
  otherTimes: number,
): Promise<Comparison> {
  const rounds: Comparison[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const ms = await cpuMsPerCall(call, times);
    const otherMs = await cpuMsPerCall(other, otherTimes);
    rounds.push({ ratio: ms / otherMs, ms, otherMs });
  }
  const median = rounds.sort((a, b) => a.ratio - b.ratio)[Math.floor(ROUNDS / 2)];
  if (median === undefined) throw new Error('no round was measured');
  return median;
}
