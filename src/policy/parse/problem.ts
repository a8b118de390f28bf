// Problems in a policy file, and the report that shows them.
import { BaseError } from '../../protocol/error.js';

export interface PolicyProblem {
  /** The file or parameter. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** Id of the rule it is in. */
  readonly rule?: string;
  readonly message: string;
  /** That line of the file, or the part of it around the place. */
  readonly excerpt: string;
  /** How far into the excerpt the place is. */
  readonly caret: number;
}

/** Problems that a log line tells; a file may have as many as it has lines. */
const MAX_BRIEF = 20;

/** The policy is invalid. The message is the whole report. */
export class PolicyError extends BaseError<'POLICY_INVALID'> {
  readonly problems: readonly PolicyProblem[];

  constructor(problems: readonly PolicyProblem[]) {
    super('POLICY_INVALID', report(problems, problems.length));
    this.problems = problems;
  }

  /** As much of it as fits into a log line. */
  get brief(): { readonly problems: readonly PolicyProblem[]; readonly report: string } {
    const problems = this.problems.slice(0, MAX_BRIEF);
    return { problems, report: report(problems, this.problems.length) };
  }
}

/** Longest part of a line that is shown. */
const MAX_WIDTH = 100;

/** @param column from 1 */
export function excerptOf(line: string, column: number): Pick<PolicyProblem, 'excerpt' | 'caret'> {
  const start = Math.max(0, column - 1 - MAX_WIDTH / 2);
  const excerpt = line
    .slice(start, start + MAX_WIDTH)
    .trimEnd()
    .replaceAll('\t', ' ');
  return { excerpt, caret: column - 1 - start };
}

function report(problems: readonly PolicyProblem[], all: number): string {
  const count = all === 1 ? '1 problem' : `${all} problems`;
  const more = problems.length < all ? `, of which ${problems.length} are shown` : '';
  return [...problems.map(describe), `${count}${more}. Nothing of this policy is in force.`].join('\n\n');
}

/**
 * ```
 * policy.yaml:12:11  rule small-internal
 *   tx has no fact "amout"; did you mean "amount"?
 *     12 |     when: tx.amout <= decimal("10000")
 *        |              ^
 * ```
 */
function describe({ file, line, column, rule, message, excerpt, caret }: PolicyProblem): string {
  const gutter = String(line).padStart(6);
  const place = [`${gutter} | ${excerpt}`, `${' '.repeat(gutter.length)} | ${' '.repeat(caret)}^`];
  return [
    `${file}:${line}:${column}${rule === undefined ? '' : `  rule ${rule}`}`,
    `  ${message}`,
    ...(excerpt === '' ? [] : place),
  ].join('\n');
}
