// Writes CSV (RFC 4180) that spreadsheets do not take for formulas.

/** Spreadsheets evaluate cells that begin with these. Names of assets and rules come from requests and from the log. */
const FORMULA = /^[=+\-@\t\r\n|%]/;

/** @returns all rows, each with CRLF at its end */
export function csvOf(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.map(cellOf).join(',')}\r\n`).join('');
}

function cellOf(text: string): string {
  // An apostrophe marks text, and is not shown.
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
