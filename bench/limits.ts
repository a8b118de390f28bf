// Measured values and their limits.

export interface Check {
  readonly what: string;
  readonly measured: string;
  readonly limit: string;
  readonly holds: boolean;
  /** Whether it is a count of errors, of which none is excused, and not a time, a ratio or a size. */
  readonly isCount?: boolean;
}

/** Formats a value for display, with its unit. */
export type Format = (value: number) => string;

export function atLeast(what: string, value: number, limit: number, format: Format): Check {
  return { what, measured: format(value), limit: `at least ${format(limit)}`, holds: value >= limit };
}

export function atMost(what: string, value: number, limit: number, format: Format): Check {
  return { what, measured: format(value), limit: `at most ${format(limit)}`, holds: value <= limit };
}

/** @param errors how many there were */
export function none(what: string, errors: number): Check {
  return { ...atMost(what, errors, 0, String), isCount: true };
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

/**
 * Measures and prints. If only times, ratios or sizes exceed their limits, measures once more, because something else may
 * have kept the machine busy.
 * @returns whether all limits hold
 */
export async function withinLimits(
  measure: () => readonly Check[] | Promise<readonly Check[]>,
): Promise<boolean> {
  const checks = await measure();
  if (printChecks(checks)) return true;
  if (checks.some(({ holds, isCount }) => !holds && isCount === true)) return false;
  console.log('measuring once more, in case the machine was busy');
  return printChecks(await measure());
}
