// Defines `npm run policy -- test`.
import type { Command } from 'commander';
import type { Output } from '../../terminal.js';
import { readCases, runCases } from '../cases.js';
import { readPolicy } from '../files.js';
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

export function addTest(program: Command, stdout: Output): void {
  const test = program
    .command('test')
    .summary('run test cases against a policy')
    .description('Runs test cases against a policy, and lists the rules that no case matched.')
    .argument('<cases>', 'YAML file with test cases: requests and the decision expected for each')
    .addOption(policyOption())
    .action((cases: string, options: PolicyOptions) =>
      runAction(stdout, options, async (print) => {
        const policyFile = selectPolicy(options);
        checkStandardInput(policyFile, cases);
        const policy = await readPolicy(policyFile, options);
        const run = runCases(policy, readCases(cases));
        print.testRun(policy, run);
        return run.results.every(({ passed }) => passed);
      }),
    );
  addFetchOption(test);
  addJsonOption(test);
  addExamples(test, 'a case failed', [
    'npm run policy -- test examples/local-policy.cases.yaml --policy examples/local-policy.yaml',
  ]);
}
