// Defines `npm run policy -- show`.
import type { Command } from 'commander';
import { addOperatorOptions, type OperatorOptions } from '../../operator-command.js';
import type { Output } from '../../terminal.js';
import { addExamples, runAction } from './action.js';
import { parseVersion } from './rollback.js';

const CANDIDATE = 'candidate';

export function addShow(program: Command, stdout: Output): void {
  const show = program
    .command('show')
    .summary('print a stored policy')
    .description('Prints a stored policy exactly as it is. Details go to standard error.')
    .argument(
      '[version]',
      `version from the history, or ${CANDIDATE} (default: the policy in force)`,
      (text) => (text === CANDIDATE ? CANDIDATE : parseVersion(text)),
    )
    .action((version: number | typeof CANDIDATE | undefined, options: OperatorOptions) =>
      runAction(stdout, options, async () => {
        const { showPolicy } = await import('../change/show.js');
        await showPolicy(version, options);
        return true;
      }),
    );
  addOperatorOptions(show);
  addExamples(show, 'there is no such version', [
    'npm run --silent policy -- show -e prod > in-force.yaml',
    'npm run --silent policy -- show 12 -e prod',
    'npm run --silent policy -- show candidate -e prod',
  ]);
}
