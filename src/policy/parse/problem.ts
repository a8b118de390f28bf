// Problems in a policy file, and the report that shows them.
import { BaseError } from '../../protocol/error.js';

export interface PolicyProblem {
  /** Path of the file or name of the parameter. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
  /** Id of the rule that has the problem. */
  readonly rule?: string;
  readonly message: string;
  /** The line in the file, or the part of it around the problem. */
  readonly excerpt: string;
  /** Position of the problem in the excerpt, counted from 0. */
  readonly caret: number;
}

/** A problem of a file as a whole. */
export function problemIn(file: string, message: string): PolicyProblem {
  return { file, line: 1, column: 1, message, excerpt: '', caret: 0 };
}

/** Maximum number of problems in a log line; a file may have one on every line. */
const MAX_LOGGED = 20;

/** The policy is invalid. The message is the whole report. */
export class PolicyError extends BaseError<'POLICY_INVALID'> {
  readonly problems: readonly PolicyProblem[];
  /** What has the problems, for the report. */
  readonly #what: string;

  constructor(problems: readonly PolicyProblem[], what = 'policy') {
    super('POLICY_INVALID', report(problems, problems.length, what));
    this.problems = problems;
    this.#what = what;
  }

  /** The first problems and their report, short enough for a log line. */
  get brief(): { readonly problems: readonly PolicyProblem[]; readonly report: string } {
    const problems = this.problems.slice(0, MAX_LOGGED);
    return { problems, report: report(problems, this.problems.length, this.#what) };
  }
}

/** A list that a policy takes from elsewhere is invalid; nothing of it is used. */
export class ListError extends PolicyError {
  constructor(problems: readonly PolicyProblem[]) {
    super(problems, 'list');
  }
}

/** Maximum length of an excerpt, in characters. */
const MAX_WIDTH = 100;

/**
 * Private keys without their PEM header, as base64 or in a JWK. Addresses with as many characters have letters of one
 * case, except for old ones of Cardano.
 */
const SECRET =
  /-----BEGIN.*|\bM(?:I[A-Z]|C4C|HcC|HQC)[A-Za-z0-9+/]{20,}={0,2}|(?<![A-Za-z0-9+/])(?=[a-z0-9+/]*[A-Z])(?=[A-Z0-9+/]*[a-z])[A-Za-z0-9+/]{60,}={0,2}|(?<="?\b(?:d|p|q|dp|dq|qi|k)"?\s*:\s*"?)[\w+/-]{30,}/g;

/** Characters of a line before and after an excerpt in which a key may begin or end: an RSA key of 4096 bits has 3,200. */
const MARGIN = 4000;
/** Maximum length of a message, in characters. */
const MAX_MESSAGE = 2000;

/** @returns the text with `*` in place of what looks like a private key; as long as before. It takes quadratic time */
function withoutSecrets(text: string): string {
  return text.replaceAll(SECRET, (secret) => '*'.repeat(secret.length));
}

/** @returns a message that may quote a policy, without what looks like a private key */
export function safeMessage(message: string): string {
  return withoutSecrets(message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message);
}

/** @param column counted from 1 */
export function excerptOf(line: string, column: number): Pick<PolicyProblem, 'excerpt' | 'caret'> {
  const start = Math.max(0, column - 1 - MAX_WIDTH / 2);
  const before = Math.max(0, start - MARGIN);
  const excerpt = withoutSecrets(line.slice(before, start + MAX_WIDTH + MARGIN))
    .slice(start - before, start - before + MAX_WIDTH)
    .trimEnd()
    .replaceAll('\t', ' ');
  return { excerpt, caret: column - 1 - start };
}

function report(problems: readonly PolicyProblem[], total: number, what: string): string {
  const count = total === 1 ? '1 problem' : `${total} problems`;
  const shown = problems.length < total ? `; the first ${problems.length} are shown` : '';
  return [...problems.map(describe), `${count}${shown}. This ${what} can't be used.`].join('\n\n');
}

/**
 * ```
 * policy.yaml:12:11  rule small-internal
 *   unknown fact "amout" in tx; did you mean "amount"?
 *     12 |     when: tx.amout <= decimal("10000")
 *        |              ^
 * ```
 */
function describe(problem: PolicyProblem): string {
  return [placeOf(problem), `  ${problem.message}`, ...excerptLines(problem)].join('\n');
}

/** `policy.yaml:12:11  rule small-internal` */
export function placeOf({ file, line, column, rule }: PolicyProblem): string {
  return `${file}:${line}:${column}${rule === undefined ? '' : `  rule ${rule}`}`;
}

/** The excerpt, and below it a caret; empty if nothing may be quoted. */
export function excerptLines({ line, excerpt, caret }: PolicyProblem): readonly string[] {
  const gutter = String(line).padStart(6);
  const place = [`${gutter} | ${excerpt}`, `${' '.repeat(gutter.length)} | ${' '.repeat(caret)}^`];
  return excerpt === '' ? [] : place;
}
