// Tables of text and numbers for people.
import { columns } from '../terminal.js';

/**
 * @param rows the first one has the headers
 * @param numeric positions of the columns that are aligned at the right
 * @returns one line for each row
 */
export function tableLines(
  rows: readonly (readonly string[])[],
  numeric: readonly number[],
): readonly string[] {
  const widths = numeric.map((place) => [
    place,
    Math.max(0, ...rows.map((row) => (row[place] ?? '').length)),
  ]);
  const widthAt = new Map(widths.map(([place = 0, width = 0]) => [place, width]));
  return columns(rows.map((row) => row.map((cell, place) => cell.padStart(widthAt.get(place) ?? 0)))).map(
    (line) => line.trimEnd(),
  );
}

/** Shows control and formatting characters of names in requests instead of sending them to the terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}

/** @returns at most `length` characters, of which the last is `…` if some are missing */
export function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, Math.max(0, length - 1))}…` : text;
}
