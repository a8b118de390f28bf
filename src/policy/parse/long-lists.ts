// Long lists are taken out of a policy before its YAML is parsed, which takes 20 µs an entry and more: a list of
// 100,000 would stop the service for seconds.
import { randomUUID } from 'node:crypto';

/** Shorter lists are left where they are. */
const MIN_ENTRIES = 100;
/** An entry that stands in YAML as it is: in quotes without escapes, or plain and without any of YAML's marks. */
const ENTRY = /^( +)- (?:"([^"\\]+)"|'([^']+)'|([A-Za-z0-9][\w.-]*))[ \t\r]*$/;

export interface Shortened {
  /** The text with one entry in the place of each long list. */
  readonly text: string;
  /** Puts the lists back. @returns `undefined` if what was taken out was no list: the text must be parsed as it is */
  readonly restore: (value: unknown) => unknown;
}

/** @returns `undefined` where there is no long list */
export function takeOutLongLists(text: string): Shortened | undefined {
  const taken = new Map<string, readonly string[]>();
  const kept: string[] = [];
  let run: string[] = [];
  let entries: string[] = [];
  let indentation = '';
  const endRun = (): void => {
    if (entries.length >= MIN_ENTRIES) {
      const marker = randomUUID();
      taken.set(marker, entries);
      kept.push(`${indentation}- ${marker}`);
    } else kept.push(...run);
    run = [];
    entries = [];
  };
  for (const line of text.split('\n')) {
    const [, spaces, double, single, plain] = ENTRY.exec(line) ?? [];
    const entry = double ?? single ?? plain;
    if (entry === undefined || spaces !== indentation) endRun();
    if (entry === undefined) kept.push(line);
    else {
      indentation = spaces ?? '';
      run.push(line);
      entries.push(entry);
    }
  }
  endRun();
  return taken.size === 0 ? undefined : { text: kept.join('\n'), restore: (value) => restore(value, taken) };
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
