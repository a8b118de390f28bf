// Defines `npm run policy -- check`.
import type { Command } from 'commander';
import type { Output } from '../../terminal.js';
import { adviseOn } from '../advice/advice.js';
import { readPolicyText } from '../files.js';
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

interface CheckOptions extends PolicyOptions {
  readonly strict?: boolean;
}

export function addCheck(program: Command, stdout: Output): void {
  const check = program
    .command('check')
    .summary('report all problems in a policy')
    .description(
      'Reports all problems in a policy. Of a valid one, it shows what may be a mistake, with advice, and a summary.',
    )
    .argument('[file]', policyHelp)
    .addOption(policyOption('same as the file argument'))
    .option('--strict', 'exit with 1 if there is any warning')
    .action((file: string | undefined, options: CheckOptions) =>
      runAction(stdout, options, async (print) => {
        const policyFile = selectPolicy(options, file);
        const { text, policy } = await readPolicyText(policyFile, options);
        const advice = adviseOn(policy, text, policyFile);
        print.check(policyFile, policy, advice);
        return options.strict !== true || advice.length === 0;
      }),
    );
  addFetchOption(check);
  addJsonOption(check);
  addExamples(check, 'the policy has problems or, with --strict, warnings', [
    'npm run policy -- check',
    'npm run policy -- check examples/local-policy.yaml --strict',
  ]);
}
