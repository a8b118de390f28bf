// Reads a file of test cases: requests, each with its expected decision, and where each part stands in the file.
import { dirname, join } from 'node:path';
import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import * as z from 'zod';
import { type Verdict, VERDICTS } from '../../src/approvals/statement.js';
import { codeOf } from '../../src/protocol/error.js';
import { type Announcement, announcementSchema, idOf } from '../../src/policy/facts/announcement.js';
import { ACTIONS } from '../../src/protocol/decision.js';
import { type Decimal, parseAmount } from '../../src/protocol/decimal.js';
import type { CallbackRequest } from '../../src/protocol/request.js';
import { InputError, readJson, readText, reasonOf } from '../command.js';
import { toRequest } from './files.js';
import type { Announced } from './simulation.js';

const actions = ACTIONS.map((action) => action.toLowerCase() as Lowercase<typeof action>);

const timeSchema = z.iso.datetime({ offset: true });

const requestFields = {
  for: z.enum(['transaction', 'configuration']).optional(),
  payload: z.record(z.string(), z.unknown()).optional(),
  file: z.string().optional(),
  set: z.record(z.string(), z.unknown()).default({}),
  now: timeSchema.optional(),
  people: z.record(z.string(), z.enum(VERDICTS)).optional(),
};

const ONE_OF_TWO = { error: 'needs either "payload" or "file"' };

function hasOneOfTwo({ payload, file }: { readonly payload?: unknown; readonly file?: unknown }): boolean {
  return (payload === undefined) !== (file === undefined);
}

const amountSchema = z.union([z.string(), z.number()]).transform((value, context) => {
  const amount = parseAmount(String(value));
  if (amount === undefined) context.addIssue('must be a decimal number such as "1000"');
  return amount ?? z.NEVER;
});

const caseSchema = z
  .strictObject({
    name: z.string().min(1),
    ...requestFields,
    limits: z.record(z.string(), z.strictObject({ spent: amountSchema })).default({}),
    expected: z.array(announcementSchema).default([]),
    earlier: z.array(z.strictObject(requestFields).refine(hasOneOfTwo, ONE_OF_TWO)).default([]),
    expect: z.strictObject({ action: z.enum(actions), rule: z.string().optional() }),
  })
  .refine(hasOneOfTwo, ONE_OF_TWO);

/** A file of test cases. */
export const fileSchema = z.strictObject({ now: timeSchema.optional(), cases: z.array(caseSchema).min(1) });

type CaseEntry = z.output<typeof caseSchema>;

export interface Case {
  readonly name: string;
  /** Number of the line that it begins in. */
  readonly line: number;
  readonly request: CallbackRequest;
  /** The request before `set` changed it. */
  readonly before: CallbackRequest['payload'];
  /** What `set` changes. */
  readonly set: readonly { readonly path: string; readonly line: number }[];
  /** The time of the decision; `undefined` if neither the case nor the file says it. */
  readonly now: Date | undefined;
  /** What others have spent, in this request's counters, keyed by limit. */
  readonly limits: ReadonlyMap<string, Decimal>;
  /** What people have decided about it, by their keys in the policy; `undefined`: nobody was asked before. */
  readonly people: Verdicts | undefined;
  /** Transactions that are announced before all decisions. */
  readonly announced: readonly Announced[];
  /** Requests that are decided before, in order. */
  readonly earlier: readonly EarlierRequest[];
  readonly expected: { readonly action: string; readonly rule: string | undefined; readonly line: number };
}

export type Verdicts = ReadonlyMap<string, Verdict>;

export interface EarlierRequest {
  readonly request: CallbackRequest;
  readonly people: Verdicts | undefined;
  /** `undefined`: that of the case. */
  readonly now: Date | undefined;
}

/** What is wrong with a case. */
export interface CaseProblem {
  readonly line: number;
  readonly name: string;
  readonly message: string;
}

export interface CaseFile {
  readonly file: string;
  /** Without those that could not be read. */
  readonly cases: readonly Case[];
  readonly problems: readonly CaseProblem[];
}

/** @throws {InputError} if the file can't be read, or is not of the form of a case file */
export function readCases(file: string): CaseFile {
  const lines = new LineCounter();
  // With merge keys (`<<: *base`), cases can share what they have in common.
  const document = parseDocument(readText(file), { merge: true, lineCounter: lines });
  const [firstError] = document.errors;
  if (firstError !== undefined) throw new InputError(`${file} is not valid YAML: ${firstError.message}`);
  const lineOf = (path: readonly PropertyKey[]): number =>
    lines.linePos(nodeAt(document, path)?.range?.[0] ?? 0).line;
  const value = toValue(document, file);
  const { data, error } = fileSchema.safeParse(value);
  if (data === undefined) {
    const problems = error.issues.map(({ path, message }) => formProblem(value, path, message, lineOf(path)));
    throw invalidCases(file, problems);
  }
  const payloads = new Map<string, unknown>();
  const readPayload = (name: string): unknown => {
    const path = join(dirname(file), name);
    if (!payloads.has(path)) payloads.set(path, readJson(path));
    return payloads.get(path);
  };
  const cases: Case[] = [];
  const problems: CaseProblem[] = [];
  for (const [index, entry] of data.cases.entries()) {
    const at = (...path: readonly string[]): number => lineOf(['cases', index, ...path]);
    try {
      const written = writtenCase(value, index)['expected'];
      cases.push(toCase(entry, { at, readPayload, now: entry.now ?? data.now, written }));
    } catch (thrown) {
      if (codeOf(thrown) !== 'INPUT_UNUSABLE') throw thrown;
      problems.push({ line: at(), name: entry.name, message: reasonOf(thrown) });
    }
  }
  return { file, cases, problems };
}

/** One error for all problems, in the order of the file. */
export function invalidCases(file: string, problems: readonly CaseProblem[]): InputError {
  const described = [...problems]
    .sort((a, b) => a.line - b.line)
    .map(({ line, name, message }) => `  line ${line}${name === '' ? '' : `, case "${name}"`}: ${message}`);
  return new InputError(`${file} has invalid test cases:\n${described.join('\n')}`);
}

function formProblem(
  value: unknown,
  path: readonly PropertyKey[],
  message: string,
  line: number,
): CaseProblem {
  const [top, index, ...rest] = path;
  const { name } = top === 'cases' && typeof index === 'number' ? writtenCase(value, index) : {};
  const isNamed = typeof name === 'string' && name !== '';
  const where = (isNamed ? rest : path).join('.');
  return { line, name: isNamed ? name : '', message: where === '' ? message : `${where}: ${message}` };
}

/** A case as it is written: anything. */
function writtenCase(file: unknown, index: number): Readonly<Record<string, unknown>> {
  const { cases } = (file ?? {}) as { readonly cases?: readonly unknown[] };
  const written = cases?.[index];
  return isObject(written) ? written : {};
}

/** @throws {InputError} if an alias refers to an anchor that does not exist */
function toValue(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new InputError(`${file} is not valid YAML: ${reasonOf(error)}`);
  }
}

/** The node of the last key or entry of a path that is written at this place; merged keys are written elsewhere. */
function nodeAt(document: Document, path: readonly PropertyKey[]): Node | undefined {
  let found: Node | undefined;
  let node: unknown = document.contents;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key);
      if (!isNode(pair?.key)) return found;
      found = pair.key;
      node = pair.value;
    } else if (isSeq(node)) {
      const entry = node.items[Number(key)];
      if (!isNode(entry)) return found;
      found = entry;
      node = entry;
    } else return found;
  }
  return found;
}

interface CaseContext {
  /** The line of a part of the case. */
  readonly at: (...path: readonly string[]) => number;
  readonly readPayload: (file: string) => unknown;
  readonly now: string | undefined;
  /** The announced transactions as they are written. */
  readonly written: unknown;
}

/** @throws {InputError} */
function toCase(entry: CaseEntry, { at, readPayload, now, written }: CaseContext): Case {
  const { name, set, expect, limits, expected, earlier } = entry;
  const { request, before } = requestOf(name, entry, readPayload);
  return {
    ...{ name, line: at(), request, before },
    limits: new Map(Object.entries(limits).map(([limit, { spent }]) => [limit, spent])),
    people: verdictsIn(entry),
    announced: announcedIn(expected, written),
    earlier: earlier.map((each, index) => ({
      people: verdictsIn(each),
      request: requestOf(`${name}, earlier ${index + 1}`, each, readPayload).request,
      now: each.now === undefined ? undefined : new Date(each.now),
    })),
    set: Object.keys(set).map((path) => ({ path, line: at('set', path) })),
    now: now === undefined ? undefined : new Date(now),
    expected: { action: expect.action.toUpperCase(), rule: expect.rule, line: at('expect', 'rule') },
  };
}

function verdictsIn({ people }: Pick<CaseEntry, 'people'>): Verdicts | undefined {
  return people === undefined ? undefined : new Map(Object.entries(people));
}

/** @param written the same transactions, for the store. @throws {InputError} if one is announced twice */
function announcedIn(announcements: readonly Announcement[], written: unknown): readonly Announced[] {
  const ids = announcements.map(idOf);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new InputError(`it announces ${twice} twice in "expected"`);
  const values = written as readonly unknown[];
  return announcements.map((announcement, index) => ({
    ...{ id: idOf(announcement), data: JSON.stringify(values[index]), expires: announcement.expires },
  }));
}

/** @param id for a request that has none. @throws {InputError} */
function requestOf(
  id: string,
  { for: kind, payload, file, set }: Pick<CaseEntry, 'for' | 'payload' | 'file' | 'set'>,
  readPayload: CaseContext['readPayload'],
): Pick<Case, 'request' | 'before'> {
  const base = file === undefined ? payload : readPayload(file);
  const request = { requestId: id, ...(structuredClone(base) as Record<string, unknown>) };
  const before = structuredClone(request);
  for (const [path, value] of Object.entries(set)) setValueAt(request, path, value);
  return { request: toRequest(request, 'it', kind), before };
}

/** @param path such as `destinations.0.amountUSD` @throws {InputError} */
function setValueAt(payload: Record<string, unknown>, path: string, value: unknown): void {
  const names = path.split('.');
  const last = names.pop() ?? '';
  let target: unknown = payload;
  for (const name of names)
    target = isObject(target) && Object.hasOwn(target, name) ? target[name] : undefined;
  if (!isObject(target) || (Array.isArray(target) && !isNextIndex(target, last)))
    throw new InputError(
      `it sets "${path}", but its payload has no "${isObject(target) ? path : names.join('.')}"`,
    );
  target[last] = value;
}

/** An entry of the list, or the one after its last. */
function isNextIndex(list: readonly unknown[], name: string): boolean {
  return /^\d{1,9}$/.test(name) && Number(name) <= list.length;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
