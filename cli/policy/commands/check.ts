// Defines `npm run policy -- check`.
import type { Command } from 'commander';
import { readText } from '../../command.js';
import type { Output } from '../../terminal.js';
import { parsePolicy } from '../../../src/policy/parse/file.js';
import { adviseOn } from '../advice/advice.js';
import {
  addExamples,
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
      runAction(stdout, options, (print) => {
        const policyFile = selectPolicy(options, file);
        const text = readText(policyFile);
        const policy = parsePolicy(text, policyFile);
        const advice = adviseOn(policy, text, policyFile);
        print.check(policyFile, policy, advice);
        return options.strict !== true || advice.length === 0;
      }),
    );
  addJsonOption(check);
  addExamples(check, 'the policy has problems or, with --strict, warnings', [
    'npm run policy -- check',
    'npm run policy -- check examples/local-policy.yaml --strict',
  ]);
}
