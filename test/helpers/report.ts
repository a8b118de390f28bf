// Tables: in line for a terminal, and in Markdown for a document.
import { columns, painter } from '../../cli/terminal.js';

type Cells = readonly (readonly string[])[];

export function printTable(title: string, head: readonly string[], cells: Cells): void {
  const paint = painter(process.stdout);
  const [first = '', ...others] = columns([head, ...cells]);
  console.log(`\n${paint('bold', title)}\n${paint('dim', first)}\n${others.join('\n')}`);
}

export function markdownTable(head: readonly string[], cells: Cells): string {
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |`;
  // Everything but what a row is about is a figure.
  const ruler = `|---|${'---:|'.repeat(head.length - 1)}`;
  return [line(head), ruler, ...cells.map(line)].join('\n');
}
