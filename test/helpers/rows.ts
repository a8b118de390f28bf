// What a measurement prints: each figure with the limit it must keep.

export interface Row {
  readonly what: string;
  readonly measured: string;
  readonly limit: string;
  readonly holds: boolean;
}

/** @returns whether all limits hold */
export function printRows(rows: readonly Row[]): boolean {
  console.log(`Node.js ${process.version}`);
  for (const { what, measured, limit, holds } of rows) {
    console.log(`${holds ? 'ok    ' : 'not ok'}  ${what}: ${measured}, limit ${limit}`);
  }
  return rows.every(({ holds }) => holds);
}
