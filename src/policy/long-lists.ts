// Long lists are taken out of a policy before its YAML is parsed, which takes 20 µs an entry and more: a list of
// 100,000 would stop the service for seconds.
import { randomUUID } from 'node:crypto';

/** Lines that are looked at at all. */
const MIN_ENTRIES = 1000;
/** Texts that stand in YAML as they are: in quotes without escapes, or plain and without any of YAML's marks. */
const ENTRY = `- (?:"[^"\\\\\\n]+"|'[^'\\n]+'|[A-Za-z0-9][\\w.-]*)[ \\t\\r]*\\n`;
const LONG_LIST = new RegExp(`^( +)${ENTRY}(?:\\1${ENTRY}){${MIN_ENTRIES - 1},}`, 'gm');

export interface Shortened {
  /** The text with one entry in the place of each long list. */
  readonly text: string;
  /** Puts the lists back. @returns `undefined` if what was taken out was no list: the text must be parsed as it is */
  readonly restore: (value: unknown) => unknown;
}

/** @returns `undefined` where there is no long list */
export function takeOutLongLists(text: string): Shortened | undefined {
  const taken = new Map<string, readonly string[]>();
  const short = text.replace(LONG_LIST, (lines: string, indentation: string) => {
    const marker = randomUUID();
    taken.set(marker, lines.trimEnd().split('\n').map(entryOf));
    return `${indentation}- ${marker}\n`;
  });
  return taken.size === 0 ? undefined : { text: short, restore: (value) => restore(value, taken) };
}

function entryOf(line: string): string {
  const text = line.trim().slice('- '.length).trimStart();
  return /^["']/.test(text) ? text.slice(1, -1) : text;
}

function restore(value: unknown, taken: Map<string, readonly string[]>): unknown {
  if (!isObject(value) || !isObject(value['lists'])) return undefined;
  const missing = new Set(taken.keys());
  const lists = Object.entries(value['lists']).map(([name, entries]): [string, unknown] => [
    name,
    Array.isArray(entries)
      ? entries.flatMap((entry: string): readonly string[] => {
          const long = taken.get(entry);
          if (long !== undefined) missing.delete(entry);
          return long ?? [entry];
        })
      : entries,
  ]);
  return missing.size === 0 ? { ...value, lists: Object.fromEntries(lists) } : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
