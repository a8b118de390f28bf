// Tables: aligned columns for a terminal, Markdown for the documentation.
import { columns, painter } from '../cli/terminal.js';

export interface Table {
  readonly title: string;
  /** Column titles. The first column names the row; the others hold figures. */
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function printTable({ title, head, rows }: Table): void {
  const paint = painter(process.stdout);
  const [first = '', ...others] = columns([head, ...rows]);
  console.log(`\n${paint('bold', title)}\n${paint('dim', first)}\n${others.join('\n')}`);
}

export function markdownTable({ head, rows }: Pick<Table, 'head' | 'rows'>): string {
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |`;
  // Figures are right-aligned.
  const ruler = `|---|${'---:|'.repeat(head.length - 1)}`;
  return [line(head), ruler, ...rows.map(line)].join('\n');
}
