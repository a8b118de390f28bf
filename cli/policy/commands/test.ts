// Defines `npm run policy -- test`.
import type { Command } from 'commander';
import type { Output } from '../../terminal.js';
import { readCases, runCases } from '../cases.js';
import { readPolicyText } from '../files.js';
import { mutate } from '../mutate/mutate.js';
import type { Printer } from '../print.js';
import {
  addExamples,
  addFetchOption,
  addJsonOption,
  checkStandardInput,
  policyOption,
  type PolicyOptions,
  runAction,
  selectPolicy,
} from './action.js';

type TestOptions = PolicyOptions & { readonly mutate?: boolean };

export function addTest(program: Command, stdout: Output): void {
  const test = program
    .command('test')
    .summary('run test cases against a policy')
    .description(
      'Runs test cases against a policy, and shows in how many of them each rule matched. With --mutate, it then changes the policy in many small ways, one at a time, and shows the changes that no case notices.',
    )
    .argument('<cases>', 'YAML file with test cases: requests and the decision expected for each')
    .addOption(policyOption())
    .option('--mutate', 'show which changes to the policy no case would notice')
    .action((cases: string, options: TestOptions) =>
      runAction(stdout, options, (print) => runTest(print, cases, options)),
    );
  addFetchOption(test);
  addJsonOption(test);
  addExamples(test, 'a case failed, or with --mutate, no case notices a change', [
    'npm run policy -- test examples/local-policy.cases.yaml --policy examples/local-policy.yaml',
    'npm run policy -- test examples/local-policy.cases.yaml --policy examples/local-policy.yaml --mutate',
  ]);
}

async function runTest(print: Printer, cases: string, options: TestOptions): Promise<boolean> {
  const file = selectPolicy(options);
  checkStandardInput(file, cases);
  const { text, policy } = await readPolicyText(file, options);
  const run = runCases(policy, readCases(cases));
  const isPassed = run.results.every(({ passed }) => passed);
  // A case that fails notices nothing.
  if (options.mutate !== true || !isPassed) {
    print.testRun(policy, run);
    return isPassed;
  }
  const mutation = await mutate({ policy, text, file, results: run.results }, showChanges);
  print.mutation(file, policy, mutation);
  return mutation.survivors.length === 0;
}

const PROGRESS_STEP_CHANGES = 20;

/** Shows on a terminal how many changes were tried. */
function showChanges(changes: number): void {
  if (process.stderr.isTTY && changes % PROGRESS_STEP_CHANGES === 0) {
    process.stderr.write(`\r${changes} changes tried\r`);
  }
}
