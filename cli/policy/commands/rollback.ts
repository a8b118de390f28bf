// Defines `npm run policy -- rollback`.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { addOperatorOptions } from '../../operator-command.js';
import type { Output } from '../../terminal.js';
import type { RollbackOptions } from '../change/rollback.js';
import { addExamples, runAction } from './action.js';
import { addChangeOptions } from './push.js';

export function addRollback(program: Command, stdout: Output): void {
  const rollback = program
    .command('rollback')
    .summary('put an earlier version of the policy in force again')
    .description(
      'Shows what differs, and stores an earlier policy as the newest version. Test cases are run, and stop nothing.',
    )
    .argument(
      '[version]',
      'version from the history (default: the one before the policy in force, with another policy)',
      parseVersion,
    )
    .addOption(new Option('--key <file...>', 'private keys that sign it anew, where policies must be signed'))
    .action((version: number | undefined, options: RollbackOptions) =>
      runAction(stdout, options, async () => {
        const { rollBack } = await import('../change/rollback.js');
        await rollBack(version, options);
        return true;
      }),
    );
  addChangeOptions(rollback);
  addOperatorOptions(rollback);
  addExamples(rollback, 'the policy can’t be used, or AWS did not accept it', [
    'npm run policy -- rollback -e prod --why "the new limit was wrong"',
    'npm run policy -- rollback 12 -e prod --dry-run',
  ]);
}

export function parseVersion(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(
    'A version is a whole number, such as 12: "npm run policy -- history" lists them.',
  );
}
