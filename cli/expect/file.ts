// Reads files with transactions to announce: a JSON list, or CSV.
import { parseJsonFile } from '../../infra/json-file.js';
import { addressWarnings } from '../../src/chain/address/canonical.js';
import { DEFAULT_CATALOG } from '../../src/chain/default-catalog.js';
import {
  type Announcement,
  idOf,
  isAnnouncement,
  toAnnouncement,
} from '../../src/policy/facts/announcement.js';
import { describeProblem, type FormProblem } from '../../src/policy/facts/form.js';
import { InputError, readText, reasonOf } from '../command.js';
import { count } from '../terminal.js';
import { parseCsv } from './csv.js';

/** An entry of a file, as the store keeps it. */
export interface Entry {
  readonly id: string;
  readonly announcement: Announcement;
  /** As written; what is stored is its JSON. */
  readonly value: object;
}

export interface AnnouncedFile {
  readonly entries: readonly Entry[];
  /** What a person should look at. */
  readonly warnings: readonly string[];
}

/** An entry before it is checked. */
interface Written {
  readonly value: unknown;
  /** Where the problem of a part of the entry is: `entry 2` or `line 5`. */
  readonly placeOf: (path: readonly PropertyKey[]) => string;
}

/** At most so many problems are printed. */
const MAX_PROBLEMS = 50;

/**
 * Reads a file as a whole.
 * @param file `-` for standard input
 * @throws {InputError} with all problems of the file
 */
export function readAnnouncedFile(file: string): AnnouncedFile {
  const text = readText(file).replace(/^\ufeff/, '');
  const problems: string[] = [];
  const written = /^\s*[[{]/.test(text) ? readJsonEntries(text, file) : readCsvEntries(text, file, problems);
  const entries = new Map<string, Entry>();
  for (const { value, placeOf } of written) {
    const announcement = toAnnouncement(value);
    if (!isAnnouncement(announcement)) {
      problems.push(...announcement.problems.map((problem) => describe(problem, value, placeOf)));
      continue;
    }
    const id = idOf(announcement);
    if (entries.has(id)) problems.push(`${placeOf([])}: ${id} is announced twice in this file`);
    entries.set(id, { id, announcement, value: value as object });
  }
  if (problems.length > 0) throw new InputError(reportOf(file, problems));
  if (entries.size === 0) throw new InputError(`${file} announces no transactions`);
  return { entries: [...entries.values()], warnings: [...entries.values()].flatMap(warningsOf) };
}

function describe(problem: FormProblem, value: unknown, placeOf: Written['placeOf']): string {
  const { externalTxId, txId } = Object(value) as Readonly<Record<string, unknown>>;
  const id = externalTxId ?? txId;
  const name = typeof id === 'string' && id !== '' ? ` (${id.slice(0, 100)})` : '';
  return `${placeOf(problem.path)}${name}: ${describeProblem(problem)}`;
}

function reportOf(file: string, problems: readonly string[]): string {
  const shown = problems.slice(0, MAX_PROBLEMS).map((problem) => `  ${problem}`);
  const more = problems.length > shown.length ? [`  and ${problems.length - shown.length} more`] : [];
  return [`${file} has ${count(problems.length, 'problem')}; nothing was stored:`, ...shown, ...more].join(
    '\n',
  );
}

function readJsonEntries(text: string, file: string): readonly Written[] {
  let value: unknown;
  try {
    value = parseJsonFile(text);
  } catch (error) {
    throw new InputError(`${file} is not JSON: ${reasonOf(error)}`);
  }
  if (!Array.isArray(value)) throw new InputError(`${file} must contain a list: put the transactions in [ ]`);
  return value.map((entry: unknown, index) => ({ value: entry, placeOf: () => `entry ${index + 1}` }));
}

const COLUMNS = [
  ...['externalTxId', 'txId', 'asset', 'amount', 'expires'],
  ...['address', 'tag', 'destinationAmount'],
];
/** The columns that all rows of a transaction have in common. */
const COMMON = COLUMNS.slice(0, 5);

type Row = Readonly<Record<string, string>>;

/**
 * A row for each destination; rows with the same id are one transaction.
 * @param problems problems found are added to it
 */
function readCsvEntries(text: string, file: string, problems: string[]): readonly Written[] {
  const rows = parseCsv(text);
  if ('message' in rows) throw new InputError(`${file}:${rows.line}: ${rows.message}`);
  const [header, ...body] = rows;
  const names = header?.cells ?? [];
  checkHeader(names, file);
  const transactions = new Map<string, { readonly row: Row; readonly line: number }[]>();
  for (const { line, cells } of body) {
    if (cells.length !== names.length) {
      problems.push(
        `line ${line}: has ${count(cells.length, 'cell')}, and the first line has ${names.length}`,
      );
      continue;
    }
    const row = Object.fromEntries(names.map((name, place) => [name, cells[place] ?? '']));
    const id = JSON.stringify([row['externalTxId'], row['txId']]);
    const others = transactions.get(id) ?? [];
    transactions.set(id, [...others, { row, line }]);
    const differing = COMMON.find((name) => others[0] !== undefined && others[0].row[name] !== row[name]);
    if (differing !== undefined) {
      problems.push(`line ${line}: ${differing} differs from line ${others[0]?.line}, which has the same id`);
    }
  }
  return [...transactions.values()].map(toWritten);
}

function checkHeader(names: readonly string[], file: string): void {
  const known = `the columns are ${COLUMNS.join(', ')}`;
  const unknown = names.find((name, place) => !COLUMNS.includes(name) || names.indexOf(name) !== place);
  const separator =
    names.length === 1 && /[;\t]/.test(names[0] ?? '') ? 'separate the cells by commas; ' : '';
  if (unknown !== undefined) {
    throw new InputError(
      `${file}:1: unknown or second column ${JSON.stringify(unknown)}: ${separator}${known}`,
    );
  }
  const missing = ['asset', 'amount', 'address'].find((name) => !names.includes(name));
  if (missing !== undefined) throw new InputError(`${file}:1: the column ${missing} is missing: ${known}`);
}

function toWritten(rows: readonly { readonly row: Row; readonly line: number }[]): Written {
  const [first] = rows;
  const common = Object.fromEntries(COMMON.map((name) => [name, orAbsent(first?.row[name])]));
  const destinations = rows.map(({ row }) => ({
    address: row['address'],
    tag: orAbsent(row['tag']),
    // Of a transaction with one destination, it may be left out.
    amount: orAbsent(row['destinationAmount']) ?? (rows.length === 1 ? row['amount'] : undefined),
  }));
  const value: unknown = JSON.parse(JSON.stringify({ ...common, destinations }));
  return {
    value,
    placeOf: ([part, index]) =>
      `line ${(part === 'destinations' && typeof index === 'number' ? rows[index] : first)?.line}`,
  };
}

function orAbsent(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** Typing errors, as far as the asset is built in. */
function warningsOf({ id, announcement: { asset, destinations } }: Entry): readonly string[] {
  const chain = DEFAULT_CATALOG.assets.get(asset)?.chain;
  if (chain === undefined) return [];
  return destinations.flatMap(({ address }) =>
    addressWarnings(address, chain).map((warning) => `${id}: ${warning}`),
  );
}
