// Reads CSV (RFC 4180), strictly: a file with a mistake is refused rather than understood in some way.

export interface CsvRow {
  /** Where it begins, counted from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

export interface CsvProblem {
  readonly line: number;
  readonly message: string;
}

/** @returns the rows that are not empty, or the first problem */
export function parseCsv(text: string): readonly CsvRow[] | CsvProblem {
  const rows: CsvRow[] = [];
  let cells: string[] = [];
  let [at, line, start] = [0, 1, 1];
  while (at < text.length) {
    const cell = readCell(text, at);
    if (cell === undefined) {
      return { line, message: 'a quote must begin and end a cell; within a cell in quotes, write it twice' };
    }
    cells.push(cell.text);
    line += lineBreaksIn(text, at, cell.end);
    at = cell.end;
    if (text[at] === ',') {
      at++;
      if (at < text.length) continue;
      cells.push('');
    }
    if (cells.some((each) => each !== '')) rows.push({ line: start, cells });
    cells = [];
    at += text.startsWith('\r\n', at) ? 2 : 1;
    line++;
    start = line;
  }
  return rows;
}

interface Cell {
  readonly text: string;
  /** Where the comma or line break after it is. */
  readonly end: number;
}

const PLAIN_CELL = /[^",\r\n]*/y;
const QUOTED_CELL = /"((?:[^"]|"")*)"/y;

function readCell(text: string, at: number): Cell | undefined {
  const pattern = text[at] === '"' ? QUOTED_CELL : PLAIN_CELL;
  pattern.lastIndex = at;
  const [whole = '', quoted] = pattern.exec(text) ?? [];
  const end = at + whole.length;
  const isWhole = end === text.length || [',', '\n', '\r'].includes(text[end] ?? '');
  if (!isWhole || (text[at] === '"' && quoted === undefined)) return undefined;
  return { text: quoted === undefined ? whole.trim() : quoted.replaceAll('""', '"'), end };
}

function lineBreaksIn(text: string, from: number, to: number): number {
  return text.slice(from, to).split('\n').length - 1;
}
