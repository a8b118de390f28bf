// Output for people: colours (only on a terminal) and aligned columns.
import { styleText } from 'node:util';

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
