// Shows what a change of the policy means, before anything is changed.
import { existsSync } from 'node:fs';
import type { Policy } from '../../../src/policy/evaluate/rules.js';
import { PolicyError } from '../../../src/policy/parse/problem.js';
import type { Session } from '../../aws/session.js';
import { DeployError } from '../../aws/error.js';
import { npmCommand } from '../../aws/printed-commands.js';
import { SETTINGS_FILE } from '../../../infra/settings.js';
import { InputError } from '../../command.js';
import { count, type Paint, shortHash } from '../../terminal.js';
import { type Advice, adviseOn } from '../advice/advice.js';
import { readCases, runCases, type TestRun } from '../cases.js';
import { testRunLines } from '../test-text.js';
import { changeLines } from '../text.js';
import { differenceOf, isWithoutEffect } from './difference.js';
import { differenceLines, summaryOf } from './difference-text.js';
import { type Past, replayPast } from './past.js';
import { type Proposal, propose } from './proposal.js';
import type { ChangeReport } from './report.js';
import type { StoredText, Unreadable } from './stored.js';

/** Warnings that are shown; `--json` has all of them. */
const MAX_WARNINGS = 10;

/** The policy that a change would replace. */
export interface InForce {
  /** The parameter's version; 0 if there is none. */
  readonly version: number;
  readonly stored: StoredText | Unreadable | undefined;
}

export function showCheck(report: ChangeReport, { text, policy, file }: Proposal): void {
  const { hash, rules, lists, loadedLists } = policy;
  const sizes = [
    ...[...lists.values()].map(({ length }) => length),
    ...[...loadedLists.values()].map(({ entries }) => entries),
  ];
  const entries = sizes.reduce((sum, size) => sum + size, 0);
  const content = `${count(rules.length, 'rule')}, ${count(sizes.length, 'list')} with ${count(entries, 'entry', 'entries')}`;
  const warnings = adviseOn(policy, text, file);
  report.add({ file, after: hash, rules: rules.length, warnings });
  report.step('Check', `${report.paint('green', 'ok')}  ${file} ${shortHash(hash)}: ${content}`);
  report.step(
    'Warnings',
    warnings.length === 0 ? 'none' : report.paint('yellow', String(warnings.length)),
    warningLines(report.paint, warnings),
  );
}

function warningLines(paint: Paint, warnings: readonly Advice[]): readonly string[] {
  const lines = warnings
    .slice(0, MAX_WARNINGS)
    .flatMap(({ file, line, column, rule, message, advice }) => [
      `${paint('yellow', 'warning')}  ${file}:${line}:${column}${rule === undefined ? '' : `  rule ${rule}`}`,
      `  ${message}`,
      `  ${paint('dim', advice)}`,
    ]);
  const more = warnings.length - MAX_WARNINGS;
  return more > 0 ? [...lines, `… and ${more} more: npm run policy -- check shows all`] : lines;
}

/** Shows what differs from the policy in force, as far as that one can be read. */
export async function showDifference(
  session: Session,
  report: ChangeReport,
  { stored }: InForce,
  policy: Policy,
): Promise<void> {
  const before = await parsed(session, stored);
  const problem = typeof before === 'string' ? before : undefined;
  const difference = differenceOf(typeof before === 'string' ? undefined : before, policy);
  report.add({
    before: stored?.sha256 ?? null,
    ...(problem !== undefined && { beforeProblem: problem }),
    difference,
  });
  const subject =
    problem !== undefined
      ? `the stored policy can't be used (${problem}), so everything counts as new: `
      : before === undefined
        ? 'there is no policy yet, so everything is new: '
        : '';
  const isSame = stored?.sha256 === policy.hash && isWithoutEffect(difference);
  const summary = isSame ? 'none' : summaryOf(difference);
  report.step('Difference', `${subject}${summary}`, differenceLines(report.paint, difference));
}

/** @returns why the stored policy can't be used; undefined if there is none */
async function parsed(session: Session, stored: InForce['stored']): Promise<Policy | string | undefined> {
  if (stored === undefined) return undefined;
  if ('problem' in stored) return stored.problem;
  try {
    // Its lists are shown as far as they can be read.
    return (await propose(session, stored.text, 'the stored policy', () => undefined)).policy;
  } catch (error) {
    if (error instanceof PolicyError) return count(error.problems.length, 'problem');
    throw error;
  }
}

interface CasesOptions {
  /** Given on the command line. */
  readonly cases: string | undefined;
  /** Whether a failing case stops the change. */
  readonly required: boolean;
}

/**
 * Runs the test cases.
 * @throws {DeployError} if one fails, or if there are none in prod
 */
export function runTestCases(
  session: Session,
  report: ChangeReport,
  policy: Policy,
  { cases, required }: CasesOptions,
): void {
  const file = cases ?? session.settings.policyCases;
  if (file === undefined) {
    report.add({ cases: null });
    if (required && session.production) throw casesMissing(session);
    report.step('Cases', `none: set "policyCases" in ${SETTINGS_FILE}, or add --cases FILE`);
    return;
  }
  const run = runOrExplain(policy, file);
  if (typeof run === 'string') {
    const [summary = '', ...details] = run.split('\n');
    report.add({ cases: { file, problem: run } });
    report.step('Cases', report.paint('red', summary), details);
    if (required)
      throw casesFailed(`the test cases can't be run: ${summary}`, details, fileAdvice(file, cases));
    return;
  }
  const failed = run.results.filter(({ passed }) => !passed).length;
  report.add({ cases: caseFields(file, run) });
  const outcome = `${file}: ${run.results.length - failed} passed, ${failed} failed`;
  report.step(
    'Cases',
    report.paint(failed === 0 ? 'green' : 'red', outcome),
    failed === 0 ? unmatchedLines(report.paint, run) : testRunLines(report.paint, policy, run),
  );
  if (required && failed > 0) throw casesFailed(`${count(failed, 'case')} in ${file} failed`);
}

/** @returns the run, or why the cases can't be run, such as a rule that they expect and that is gone */
function runOrExplain(policy: Policy, file: string): TestRun | string {
  try {
    return runCases(policy, readCases(file));
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}

function casesFailed(
  message: string,
  details: readonly string[] = [],
  advice = 'correct the policy or the expectation, then run the same command again',
): DeployError {
  return new DeployError('CASES_FAILED', `${message}: nothing was changed`, advice, details);
}

/** @returns undefined if the file is there @param cases the file, if the command names it */
function fileAdvice(file: string, cases: string | undefined): string | undefined {
  if (existsSync(file)) return undefined;
  return cases === undefined
    ? `set "policyCases" in ${SETTINGS_FILE} to a file that exists, or add --cases FILE`
    : 'name a file that exists with --cases, then run the command again';
}

function casesMissing(session: Session): DeployError {
  return new DeployError(
    'CASES_MISSING',
    `${session.environment} takes a policy only with its test cases, and the settings name none: nothing was changed`,
    `set "policyCases" in ${SETTINGS_FILE} to a file with test cases (POLICY.md explains them), or add --cases FILE`,
  );
}

function unmatchedLines(paint: Paint, { unmatched }: TestRun): readonly string[] {
  return unmatched.length === 0 ? [] : [`${paint('yellow', 'Never matched')}  ${unmatched.join(', ')}`];
}

function caseFields(file: string, { results, unmatched }: TestRun): object {
  return {
    file,
    passed: results.filter(({ passed }) => passed).length,
    failures: results
      .filter(({ passed }) => !passed)
      .map(({ name, expected, got: { action, rule, ruleError } }) => ({
        ...{ name, expected },
        got: { action, rule, ruleError },
      })),
    unmatched,
  };
}

/** Decides the last day's requests again. A log that can't be read is reported, and prevents nothing. */
export async function showPast(session: Session, report: ChangeReport, policy: Policy): Promise<void> {
  const past = await replayPast(session, policy, (lines) => {
    report.progress(`${lines} decisions of the last 24 hours read`);
  });
  report.progress('');
  if ('problem' in past) {
    report.add({ replay: { problem: past.problem } });
    report.step('Yesterday', report.paint('yellow', `not decided again: ${past.problem}`));
    return;
  }
  const { lines, replayed, changes, notReplayable, skipped, overridden, changed, incomplete } = past;
  const others = { notReplayable, skipped, overridden, changed, incomplete };
  report.add({ replay: { lines, replayed, changes, ...others } });
  report.step('Yesterday', pastSummary(past), changes.length === 0 ? [] : changeLines(changes));
}

function pastSummary(past: Past): string {
  const { replayed, changes, notReplayable, skipped, overridden, changed, incomplete } = past;
  const notByRule = skipped + overridden + changed;
  if (replayed + notReplayable.length + notByRule === 0) return 'no decisions in the last 24 hours';
  const others = [
    ...(notReplayable.length > 0 ? [`${notReplayable.length} can't be replayed`] : []),
    ...(notByRule > 0 ? [`${notByRule} not made by a rule`] : []),
    ...(incomplete ? ['there was no time to read the rest: npm run policy -- replay reads all'] : []),
  ];
  return [
    `${count(replayed, 'decision')} of the last 24 hours decided again: ${changes.length} would change`,
    ...others,
  ].join('; ');
}

/** @returns a command for the same environment */
export function policyCommand(session: Session, args: string): string {
  return npmCommand(session, 'policy', args);
}
