// Writes CSV (RFC 4180) that spreadsheets do not take for formulas.
import { printable } from '../table.js';

/** Spreadsheets evaluate cells that begin with these. Names of assets and rules come from requests and from the log. */
const FORMULA = /^[=+\-@＝＋－＠\t\r\n|%]/;
/** Where a list separator is a semicolon or a tab, a cell may begin in the middle of one of ours. */
const INNER_FORMULA = /[;\t|](?=\s*[=+\-@＝＋－＠])/g;

/** @returns all rows, each with CRLF at its end */
export function csvOf(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.map(cellOf).join(',')}\r\n`).join('');
}

function cellOf(text: string): string {
  // An apostrophe marks text, and is not shown.
  const shown = printable(text).replace(INNER_FORMULA, (separator) => `${separator}'`);
  const safe = FORMULA.test(text) ? `'${shown}` : shown;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
