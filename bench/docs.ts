// Keeps the figures in docs/ up to date: full runs replace the sections between two markers.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const DOCS = new URL('../docs/', import.meta.url);

/**
 * Replaces the text between `<!-- begin: SECTION -->` and `<!-- end: SECTION -->`.
 * @param file in `docs/`
 * @throws {Error} if the file does not contain the markers
 */
export function updateSection(file: string, section: string, markdown: string): void {
  const path = fileURLToPath(new URL(file, DOCS));
  const [begin, end] = [`<!-- begin: ${section} -->`, `<!-- end: ${section} -->`];
  const text = readFileSync(path, 'utf8');
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  if (from === -1 || to === -1) throw new Error(`docs/${file} needs the lines ${begin} and ${end}`);
  writeFileSync(path, `${text.slice(0, from)}${begin}\n\n${markdown.trim()}\n\n${text.slice(to)}`);
  console.log(`The tables are in docs/${file}.`);
}

/** @param file in `docs/` */
export function writeDocsFile(file: string, content: string): void {
  const path = fileURLToPath(new URL(file, DOCS));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  console.log(`The plot is in docs/${file}.`);
}

/** Today's date in UTC, as `2026-11-21`. */
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}
