// Defines `npm run policy -- candidate` and `promote`.
import type { Command } from 'commander';
import { addOperatorOptions } from '../../operator-command.js';
import type { Output } from '../../terminal.js';
import type { CandidateOptions, PromoteOptions } from '../change/candidate.js';
import { addExamples, runAction } from './action.js';
import { addChangeOptions } from './push.js';

export function addCandidate(program: Command, stdout: Output): void {
  const candidate = program
    .command('candidate')
    .summary('show the candidate, or withdraw it')
    .description('Shows the candidate, which decides nothing, and its difference to the policy in force.')
    .option('--remove', 'withdraw it')
    .action((options: CandidateOptions) =>
      runAction(stdout, options, async () => {
        const { changeCandidate } = await import('../change/candidate.js');
        await changeCandidate(options);
        return true;
      }),
    );
  addOperatorOptions(candidate);
  addExamples(candidate, 'there is no candidate', [
    'npm run policy -- candidate -e prod',
    'npm run policy -- candidate -e prod --remove',
  ]);
}

export function addPromote(program: Command, stdout: Output): void {
  const promote = program
    .command('promote')
    .summary('put the candidate in force')
    .description(
      'Puts the candidate in force, with the same steps as push, and withdraws it as the candidate.',
    )
    .option('--signatures <file>', 'signatures of the candidate, instead of those that it was stored with')
    .action((options: PromoteOptions) =>
      runAction(stdout, options, async () => {
        const { promote: promoteCandidate } = await import('../change/candidate.js');
        await promoteCandidate(options);
        return true;
      }),
    );
  addChangeOptions(promote);
  addOperatorOptions(promote);
  addExamples(promote, 'there is no candidate, a case failed, or AWS did not accept it', [
    'npm run policy -- promote -e prod --why "agreed with for a week"',
  ]);
}
