// Defines `npm run policy -- history`.
import type { Command } from 'commander';
import { addOperatorOptions, type OperatorOptions } from '../../operator-command.js';
import type { Output } from '../../terminal.js';
import { addExamples, runAction } from './action.js';

export function addHistory(program: Command, stdout: Output): void {
  const history = program
    .command('history')
    .summary('list the versions of the policy: when, who, why')
    .description('Lists the stored versions of an environment’s policy, the newest first, and the candidate.')
    .action((options: OperatorOptions) =>
      runAction(stdout, options, async () => {
        const { showHistory } = await import('../change/history.js');
        await showHistory(options);
        return true;
      }),
    );
  addOperatorOptions(history);
  addExamples(history, 'AWS could not be read', ['npm run policy -- history -e prod']);
}
