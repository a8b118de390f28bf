// Defines `npm run policy -- push`.
import { type Command, Option } from 'commander';
import { addOperatorOptions } from '../../operator-command.js';
import type { Output } from '../../terminal.js';
import type { PushOptions } from '../change/push.js';
import {
  addExamples,
  policyHelp,
  policyOption,
  type PolicyOptions,
  runAction,
  selectPolicy,
} from './action.js';

export function addPush(program: Command, stdout: Output): void {
  const push = program
    .command('push')
    .summary('show what a policy would change, and put it in force in AWS')
    .description(
      'Checks a policy, shows what it changes, runs the test cases, decides the last day’s requests again, and stores it where an environment reads its policy.',
    )
    .argument('[file]', policyHelp)
    .addOption(policyOption('same as the file argument'))
    .option(
      '--candidate',
      'store it beside the policy in force: it decides nothing, the log shows where it differs',
    )
    .action((file: string | undefined, options: PushOptions & PolicyOptions) =>
      runAction(stdout, options, async () => {
        const policyFile = selectPolicy(options, file);
        // The other commands run without the AWS SDK, which takes a while to load.
        const { pushPolicy } = await import('../change/push.js');
        await pushPolicy(policyFile, options);
        return true;
      }),
    );
  addChangeOptions(push);
  addOperatorOptions(push);
  addExamples(push, 'the policy has problems, a case failed, or AWS did not accept it', [
    'npm run policy -- push -e dev --dry-run',
    'npm run policy -- push -e prod --why "higher limit for payroll"',
    'npm run policy -- push examples/worked-rules.yaml -e staging --candidate',
  ]);
}

/** Options of the commands that change the policy. */
export function addChangeOptions(command: Command): void {
  command
    .option('--why <text>', 'the reason, kept in the history; required in prod')
    .option('--yes', 'do not ask in prod')
    .option('--dry-run', 'show everything, and store nothing')
    .addOption(
      new Option('--cases <file>', 'run these test cases instead of those in the settings (policyCases)'),
    );
}
