// Reads the project's Markdown documents: fenced blocks, inline code, headings, links and prose.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../helpers/cli.js';

export interface Block {
  /** The language of the fence: `sh`, `console`, `yaml`, …; empty if there is none. */
  readonly language: string;
  /** Text of an HTML comment on the line before the fence. */
  readonly comment: string | undefined;
  /** Number of the first line inside the fence, from 1. */
  readonly line: number;
  /** The lines between the fences, without the indentation of the fence. */
  readonly lines: readonly string[];
}

export interface Document {
  /** Path relative to the root folder. */
  readonly file: string;
  readonly text: string;
  readonly blocks: readonly Block[];
  /** The lines outside fenced blocks. */
  readonly prose: string;
}

const ROOT_DOCUMENTS = [
  'README.md',
  'POLICY.md',
  'DEPLOYMENT.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
];

export const DOCUMENTS: readonly Document[] = [
  ...ROOT_DOCUMENTS,
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
].map((file) => parseDocument(file, readFileSync(join(ROOT, file), 'utf8')));

/** @throws if there is no such document */
export function documentOf(file: string): Document {
  const found = DOCUMENTS.find((document) => document.file === file);
  if (found === undefined) throw new Error(`${file} does not exist`);
  return found;
}

function parseDocument(file: string, text: string): Document {
  const blocks: Block[] = [];
  const prose: string[] = [];
  let open: { indent: string; fence: string; language: string; line: number; lines: string[] } | undefined;
  let comment: string | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    if (open !== undefined) {
      if (line.trim() === open.fence) {
        const { language, lines, line: first } = open;
        blocks.push({ language, lines, line: first, comment });
        open = undefined;
      } else open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line);
      continue;
    }
    const [, indent = '', fence = '', language = ''] = /^(\s*)(`{3,})(\S*)/.exec(line) ?? [];
    if (fence !== '') {
      const [, before] = /^\s*<!-- (.*) -->$/.exec(prose.at(-1) ?? '') ?? [];
      comment = before;
      open = { indent, fence, language, line: index + 2, lines: [] };
    } else prose.push(line);
  }
  return { file, text, blocks, prose: prose.join('\n') };
}

/** A command in a document, with the documented output. */
export interface DocumentedCommand {
  readonly command: string;
  /** Absent in `sh` blocks, which show no output. */
  readonly output?: readonly string[];
}

/** The commands in a `sh` or `console` block; continued lines are joined, and `&&` separates commands. */
export function commandsOf({ language, lines }: Block): readonly DocumentedCommand[] {
  const joined = lines.join('\n').replaceAll(/\\\n\s*/g, '');
  if (language === 'sh') {
    return joined
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.startsWith('#'))
      .flatMap((line) => line.split(' && '))
      .map((command) => ({ command: command.trim() }));
  }
  return joined
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = '', ...output] = part.trimEnd().split('\n');
      return { command, output };
    });
}

/** Sections that `npm run bench`, `faults` and `fuzz` write. */
const GENERATED = /<!-- begin: (\w+) -->[\s\S]*?<!-- end: \1 -->/g;

/** Inline code outside fenced blocks and generated sections. */
export function inlineCodeOf({ prose }: Document): readonly string[] {
  return [...prose.replaceAll(GENERATED, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}

/** Replaces what differs from run to run: ids, times, durations, hashes, ports. */
export function mask(line: string): string {
  return line
    .trimEnd()
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/\d{4}-\d\d-\d\d, in \d+ days/g, '<date>')
    .replaceAll(/\b[\d.]+ ms\b/g, '<duration>')
    .replaceAll(/\b([0-9a-f]{64}|[0-9a-f]{12})\b/g, '<hash>')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>');
}

/** Where documented output differs from the actual output; empty if it does not. A `…` line stands for any lines. */
export function differences(documented: readonly string[], printed: readonly string[]): readonly string[] {
  const left = documented.map(mask);
  const right = printed.map(mask);
  const matches = (i: number, j: number): boolean => {
    if (i === left.length) return j === right.length;
    if (left[i] === '…') return matches(i + 1, j) || (j < right.length && matches(i, j + 1));
    return j < right.length && left[i] === right[j] && matches(i + 1, j + 1);
  };
  return matches(0, 0) ? [] : ['- documented', ...documented, '+ printed', ...printed];
}
