// Mutation test: changes a policy in many small ways, and finds the changes that no test case notices.
import { setImmediate } from 'node:timers/promises';
import type { Policy } from '../../../src/policy/evaluate/rules.js';
import { PolicyDocument, toRecord } from '../../../src/policy/parse/document.js';
import { type CaseResult, decideCase, isAsExpected, prepared, type PreparedCase } from '../cases.js';
import type { Mutant } from './mutant.js';
import { mutantsOf } from './mutants.js';

/** A change that no case notices. */
export interface Survivor extends Pick<Mutant, 'kind' | 'before' | 'after'> {
  readonly rule?: string;
  readonly line: number;
  readonly column: number;
  /** The line in the policy file, or the part of it around the change. */
  readonly excerpt: string;
  /** Position of the change in the excerpt, counted from 0. */
  readonly caret: number;
}

export interface Mutation {
  readonly cases: number;
  /** Number of changes that were made. */
  readonly changes: number;
  readonly survivors: readonly Survivor[];
}

interface MutationInput {
  readonly policy: Policy;
  readonly text: string;
  readonly file: string;
  /** All of which passed. */
  readonly results: readonly CaseResult[];
}

/** @param onProgress called after each change with the number of changes so far */
export async function mutate(
  { policy, text, file, results }: MutationInput,
  onProgress: (changes: number) => void,
): Promise<Mutation> {
  const document = new PolicyDocument(text, file);
  const conditionOf = (index: number): string => {
    const { rules } = toRecord(document.value);
    const { when } = toRecord(Array.isArray(rules) ? rules[index] : undefined);
    return typeof when === 'string' ? when : '';
  };
  // What a transaction signs does not depend on rules, so it is read once.
  const cases = results.map((result) => ({ ...result, prepared: prepared(policy, result) }));
  const survivors: Survivor[] = [];
  let changes = 0;
  for (const mutant of mutantsOf(policy, conditionOf)) {
    const changed = mutant.create();
    if (changed === undefined) continue;
    const concerned = cases.filter(({ got }) => mutant.concerns(got));
    if (!concerned.some((each) => notices(changed, each))) survivors.push(survivorOf(document, mutant));
    onProgress(++changes);
    // So that the command can be interrupted.
    await setImmediate();
  }
  survivors.sort((a, b) => a.line - b.line || a.column - b.column);
  return { cases: results.length, changes, survivors };
}

function notices(policy: Policy, testCase: CaseResult & { readonly prepared: PreparedCase }): boolean {
  return !isAsExpected(testCase, decideCase(policy, testCase.prepared).decision);
}

function survivorOf(document: PolicyDocument, { kind, path, offset, before, after }: Mutant): Survivor {
  const { rule, line, column, excerpt, caret } =
    path[0] === 'tables' || kind === 'limit'
      ? document.problemAtKey(path, '')
      : document.problemAt(path, '', offset);
  return { kind, before, after, ...(rule !== undefined && { rule }), line, column, excerpt, caret };
}
