// How commands print for people: colour on a terminal only, columns in line.
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];
export type Paint = (style: Style, text: string) => string;

const ACTION_STYLES: Readonly<Record<string, Style>> = {
  APPROVE: 'green',
  REJECT: 'red',
  RETRY: 'yellow',
  IGNORE: 'blue',
};

/** Paints where there is a person at a terminal who has not asked for no colours. */
export function painter(stream: NodeJS.WriteStream): Paint {
  const colour = stream.isTTY && stream.hasColors();
  return (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text);
}

export function paintAction(paint: Paint, action: string, width = 0): string {
  return paint(ACTION_STYLES[action] ?? 'bold', action.padEnd(width));
}

/** Rows with every column as wide as its widest cell; the last one as it is. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)));
  return rows.map((row) =>
    row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0))).join('  '),
  );
}

/** Ends quietly when what reads our output has seen enough, as `head` does. */
export function endWithReader(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}
