// Random values from a seed, so that the same seed always gives the same traffic.

export interface Random {
  /** A whole number from `min` to `max`, both included. */
  readonly int: (min: number, max: number) => number;
  /** A whole number from `min` to `max`, both included, with about 52 random bits. */
  readonly bigint: (min: bigint, max: bigint) => bigint;
  readonly bytes: (length: number) => Buffer;
  readonly pick: <T>(list: readonly T[]) => T;
  /** @param probability from 0 to 1 */
  readonly chance: (probability: number) => boolean;
  readonly uuid: () => string;
}

/** Mulberry32: 32 bits of state, quick, and good enough for made-up amounts and addresses. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const fraction = (): number => next() / 2 ** 32;
  const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => next() & 0xff));
  return {
    bytes,
    int: (min, max) => min + Math.floor(fraction() * (max - min + 1)),
    bigint: (min, max) => {
      const bits = (BigInt(next()) << 20n) | BigInt(next() >>> 12);
      return min + (bits * (max - min + 1n)) / (1n << 52n);
    },
    pick: <T>(list: readonly T[]): T => {
      const item = list[Math.floor(fraction() * list.length)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
    chance: (probability) => fraction() < probability,
    uuid: () => {
      const hex = bytes(16).toString('hex');
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
    },
  };
}
