// Reads a list from elsewhere: one address a line, with comments. The whole list can be used, or nothing of it.
import { isUtf8 } from 'node:buffer';
import { addressFormProblem, isCommonForm } from '../language/address-form.js';
import { AddressList } from '../language/address-list.js';
import { excerptOf, ListError, type PolicyProblem, problemIn } from './problem.js';

/** Maximum size of a list, in bytes. */
export const MAX_LIST_BYTES = 100_000_000;
const MAX_LINES = 2_000_000;
/** How many problems are reported; a file in another format has one on every line. */
const MAX_PROBLEMS = 5;
/** How many lines are read in a step; it takes less than half a millisecond. */
const LINES_PER_STEP = 256;
/** How many bytes are searched for line breaks in a step. */
const BYTES_PER_STEP = 256 * 1024;

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const HASH = 0x23;
const DELETE = 0x7f;

/** Something wrong, and its offset in the file. */
interface Flaw {
  readonly at: number;
  readonly message: string;
}

/**
 * Reads a list in small steps, so that the caller can do something else in between.
 * @param bytes the whole file; the list keeps them
 * @param from where the file is, for problems
 * @throws {ListError} with the first problems
 */
export function* readAddressFile(bytes: Buffer, from: string): Generator<undefined, AddressList> {
  const unusable = flawOfFile(bytes);
  if (unusable !== undefined) throw new ListError([problemIn(from, unusable)]);
  const lines = yield* countLines(bytes);
  if (lines > MAX_LINES) throw new ListError([problemIn(from, `the list has more than ${MAX_LINES} lines`)]);
  const list = new AddressList(bytes, lines);
  const problems: PolicyProblem[] = [];
  let line = 1;
  for (let start = afterByteOrderMark(bytes); start < bytes.length; line++) {
    const end = bytes.indexOf(LINE_FEED, start);
    const flaw = end === -1 ? { at: start, message: CUT_OFF } : addLine(list, bytes, start, end);
    if (flaw !== undefined) problems.push(problemAt(from, bytes, start, line, flaw));
    if (end === -1 || problems.length === MAX_PROBLEMS) break;
    start = end + 1;
    if (line % LINES_PER_STEP === 0) yield;
  }
  if (problems.length > 0) throw new ListError(withoutSecrets(bytes, problems));
  if (list.size === 0) throw new ListError([problemIn(from, `the list has no entry: ${NEEDS_ENTRY}`)]);
  return list;
}

const NEEDS_ENTRY = 'it must have at least one address, because it may have been cut off';
const CUT_OFF = 'the list ends in the middle of this line: the last line must end with a line break';

function flawOfFile(bytes: Buffer): string | undefined {
  if (bytes.length > MAX_LIST_BYTES) return tooLarge();
  if (bytes.length === 0) return `the list is empty: ${NEEDS_ENTRY}`;
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff) || second === 0) {
    return 'the list is encoded in UTF-16: save it as UTF-8';
  }
  return undefined;
}

export function tooLarge(): string {
  return `the list is larger than ${MAX_LIST_BYTES / 1e6} MB: divide it into several lists`;
}

function afterByteOrderMark(bytes: Buffer): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

/** Counts the lines, so that the table can be created with its final size. */
function* countLines(bytes: Buffer): Generator<undefined, number> {
  let lines = 0;
  for (let start = 0; start < bytes.length; start += BYTES_PER_STEP) {
    const end = Math.min(start + BYTES_PER_STEP, bytes.length);
    for (let at = start; at < end; at++) if (bytes[at] === LINE_FEED) lines++;
    yield;
  }
  return lines;
}

/** @returns why the line can't be used */
function addLine(list: AddressList, bytes: Buffer, start: number, lineFeed: number): Flaw | undefined {
  const end = bytes[lineFeed - 1] === CARRIAGE_RETURN ? lineFeed - 1 : lineFeed;
  const from = skipSpace(bytes, start, end);
  let to = from;
  while (to < end && isAscii(bytes[to])) to++;
  if (from === end || bytes[from] === HASH) return flawInComment(bytes, from, end);
  if (to < end && !isSpace(bytes[to])) return { at: to, message: describeByte(bytes, to) };

  const after = skipSpace(bytes, to, end);
  if (after < end && bytes[after] !== HASH) {
    return {
      at: after,
      message: 'one address a line: what follows it must be a comment, which begins with #',
    };
  }
  const text = (): string => bytes.toString('latin1', from, Math.min(to, from + MAX_TEXT));
  const problem = isCommonForm(bytes, from, to) ? undefined : addressFormProblem(text());
  if (problem !== undefined) return { at: from, message: `"${shorten(text())}" ${problem}` };
  if (!list.add(from, to)) return { at: from, message: `the list has too many spellings of "${text()}"` };
  return flawInComment(bytes, after, end);
}

/** Longer than any address. */
const MAX_TEXT = 256;
/** Enough to find the line. */
const MAX_SHOWN = 80;

function shorten(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

function skipSpace(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && isSpace(bytes[at])) at++;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}

/** Visible ASCII. */
function isAscii(byte: number | undefined): boolean {
  return byte !== undefined && byte > SPACE && byte < DELETE;
}

/** Comments may be in any language. */
function flawInComment(bytes: Buffer, start: number, end: number): Flaw | undefined {
  let ascii = true;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if ((byte < SPACE && byte !== TAB) || byte === DELETE) return { at, message: describeByte(bytes, at) };
    ascii &&= byte < DELETE;
  }
  return ascii || isUtf8(bytes.subarray(start, end)) ? undefined : { at: start, message: NOT_UTF8 };
}

const NOT_UTF8 = 'this line is not UTF-8';

function describeByte(bytes: Buffer, at: number): string {
  const byte = bytes[at] ?? 0;
  if (byte > DELETE) return 'an address has only ASCII characters';
  return `a control character (U+${byte.toString(16).toUpperCase().padStart(4, '0')}) is in this line`;
}

/** How much of a line is looked at around a problem, in bytes: in the excerpt, a key must be recognized. */
const EXCERPT_BYTES = 8000;

function problemAt(
  file: string,
  bytes: Buffer,
  start: number,
  line: number,
  { at, message }: Flaw,
): PolicyProblem {
  const from = Math.max(start, at - EXCERPT_BYTES / 2);
  const lineFeed = bytes.indexOf(LINE_FEED, from);
  const end = Math.min(from + EXCERPT_BYTES, lineFeed === -1 ? bytes.length : lineFeed);
  const text = bytes.toString('utf8', from, end).replace(/\p{Cc}/gu, ' ');
  return { file, line, column: at - start + 1, message, ...excerptOf(text, at - from + 1) };
}

/** The report is logged and, if the wrong file is named, its content may be a key. */
function withoutSecrets(bytes: Buffer, problems: readonly PolicyProblem[]): readonly PolicyProblem[] {
  if (!bytes.subarray(0, 10_000).includes('-----BEGIN')) return problems;
  return problems
    .slice(0, 1)
    .map(({ file }) => problemIn(file, 'not a list of addresses: it holds a PEM block'));
}
