// Output for people: colours (only on a terminal) and aligned columns.
import { stripVTControlCharacters, styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];
export type Paint = (style: Style, text: string) => string;

/** A stream that commands print to. */
export interface Output {
  readonly isTTY?: boolean;
  /** Width of a terminal, in characters. */
  readonly columns?: number;
  hasColors?(): boolean;
  write(chunk: string): unknown;
}

const ACTION_STYLES: Readonly<Record<string, Style>> = {
  APPROVE: 'green',
  REJECT: 'red',
  RETRY: 'yellow',
  IGNORE: 'blue',
};

/** Returns a function that styles its argument if the stream is a terminal with colours (`NO_COLOR` turns them off). */
export function painter(stream: Output): Paint {
  const colour = stream.isTTY === true && stream.hasColors?.() === true;
  return (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text);
}

/** @param text what to show in the action's colour */
export function paintAction(paint: Paint, action: string, text = action): string {
  return paint(ACTION_STYLES[action] ?? 'bold', text);
}

/** Pads every column, except the last, to the width of its widest cell. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)));
  return rows.map((row) =>
    row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0))).join('  '),
  );
}

/** @returns the width at which lines are broken: that of a terminal; in a pipe, they are not */
export function widthOf({ isTTY, columns: width = 80 }: Output): number {
  return isTTY === true ? width : Infinity;
}

/** Breaks text at spaces; a word that is longer than the width, such as an ARN, stays whole. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.trim().split(' ')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}

/** A command, which ends its line. */
const COMMAND = /(?<=^|\s)(npm run|aws) .*$/;

/**
 * Breaks advice at spaces. A command gets a line of its own, and is not broken, so that it can be copied.
 * @param text each command must end its line
 */
export function adviceLines(text: string, width: number): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const [command] = COMMAND.exec(line) ?? [];
    if (command === undefined) return wrap(line, width);
    const prose = line.slice(0, -command.length).trim();
    return [...(prose === '' ? [] : wrap(prose, width)), command];
  });
}

/** Puts a label before lines, and indents those below the first. @param indent the label's width, with spaces */
export function labelled(label: string, lines: readonly string[], indent: number): readonly string[] {
  const padding = ' '.repeat(Math.max(0, indent - stripVTControlCharacters(label).length));
  return lines.map((line, index) => `${index === 0 ? `${label}${padding}` : ' '.repeat(indent)}${line}`);
}

/** `1 rule`, `2 rules` */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** The start of a SHA-256, for people; programs and records get it whole. */
export function shortHash(sha256: string): string {
  return sha256.slice(0, 12);
}

/** Exits without an error if the reader of a pipe closes it, as `head` does. */
export function exitOnClosedPipe(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}
