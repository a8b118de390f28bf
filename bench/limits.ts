// Measured values and their limits.

export interface Check {
  readonly what: string;
  readonly measured: string;
  readonly limit: string;
  readonly holds: boolean;
}

/** Formats a value for display, with its unit. */
export type Format = (value: number) => string;

export function atLeast(what: string, value: number, limit: number, format: Format): Check {
  return { what, measured: format(value), limit: `at least ${format(limit)}`, holds: value >= limit };
}

export function atMost(what: string, value: number, limit: number, format: Format): Check {
  return { what, measured: format(value), limit: `at most ${format(limit)}`, holds: value <= limit };
}

/** @param share 1 is 100 % */
export function percent(share: number): string {
  // Adding 0 turns -0 into 0.
  return `${Math.round(share * 100) + 0} %`;
}

export function times(ratio: number): string {
  return `${ratio.toFixed(1)}x`;
}

export function megabytes(mb: number): string {
  return `${mb.toFixed(0)} MB`;
}

/** @returns whether all limits hold */
export function printChecks(checks: readonly Check[]): boolean {
  console.log(`Node.js ${process.version}`);
  for (const { what, measured, limit, holds } of checks) {
    console.log(`${holds ? 'ok    ' : 'not ok'}  ${what}: ${measured} (limit: ${limit})`);
  }
  return checks.every(({ holds }) => holds);
}
