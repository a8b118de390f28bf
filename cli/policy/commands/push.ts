// Defines `npm run policy -- push`.
import type { Command } from 'commander';
import { readText } from '../../command.js';
import { addOperatorOptions, type OperatorOptions } from '../../operator-command.js';
import type { Output } from '../../terminal.js';
import {
  addExamples,
  policyHelp,
  policyOption,
  type PolicyOptions,
  runAction,
  selectPolicy,
} from './action.js';

type PushOptions = OperatorOptions & PolicyOptions;

export function addPush(program: Command, stdout: Output): void {
  const push = program
    .command('push')
    .summary('check a policy and put it into effect in AWS')
    .description(
      'Checks a policy, and stores it in the SSM parameter from which an environment reads its policy.',
    )
    .argument('[file]', policyHelp)
    .addOption(policyOption('same as the file argument'))
    .action((file: string | undefined, options: PushOptions) =>
      runAction(stdout, options, async () => {
        const policyFile = selectPolicy(options, file);
        // The other commands run without the AWS SDK, which takes a while to load.
        const { pushPolicy } = await import('../push.js');
        await pushPolicy(readText(policyFile), policyFile, options);
        return true;
      }),
    );
  addOperatorOptions(push);
  addExamples(push, 'the policy has problems, or AWS did not accept it', [
    'npm run policy -- push -e dev',
    'npm run policy -- push examples/worked-rules.yaml -e staging',
  ]);
}
