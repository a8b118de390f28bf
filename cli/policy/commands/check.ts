// Defines `npm run policy -- check`.
import type { Command } from 'commander';
import type { Output } from '../../terminal.js';
import { readPolicy } from '../files.js';
import {
  addExamples,
  addFetchOption,
  addJsonOption,
  policyHelp,
  policyOption,
  type PolicyOptions,
  runAction,
  selectPolicy,
} from './action.js';

export function addCheck(program: Command, stdout: Output): void {
  const check = program
    .command('check')
    .summary('report all problems in a policy')
    .description('Reports all problems in a policy, or a summary of a valid one.')
    .argument('[file]', policyHelp)
    .addOption(policyOption('same as the file argument'))
    .action((file: string | undefined, options: PolicyOptions) =>
      runAction(stdout, options, async (print) => {
        const policyFile = selectPolicy(options, file);
        print.policy(policyFile, await readPolicy(policyFile, options));
        return true;
      }),
    );
  addFetchOption(check);
  addJsonOption(check);
  addExamples(check, 'the policy has problems', [
    'npm run policy -- check',
    'npm run policy -- check examples/local-policy.yaml',
  ]);
}
