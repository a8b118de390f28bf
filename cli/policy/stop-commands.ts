// Defines `npm run policy -- stop` and `resume`. Their actions are loaded when they run, because the AWS SDK takes a while
// to load.
import { type Command, Option } from 'commander';
import { addOperatorOptions, EXIT_CODES, type OperatorOptions } from '../operator-command.js';

type StopCommandOptions = OperatorOptions & { readonly action?: 'retry' | 'reject' };

export function addStop(program: Command): void {
  const stop = program
    .command('stop')
    .summary('emergency: stop all decisions')
    .description(
      'Makes every decision RETRY within a minute, whatever the policy says, until "resume". It survives restarts.',
    )
    .addOption(
      new Option(
        '--action <action>',
        'retry, or reject, which is final: every pending request fails for good',
      )
        .choices(['retry', 'reject'])
        .default('retry'),
    )
    .option('--yes', 'do not ask for confirmation of --action reject')
    .action(async (options: StopCommandOptions, command: Command) => {
      const { changeStop } = await import('./stop.js');
      await changeStop(options.action === 'reject' ? 'REJECT' : 'RETRY', stopOptions(options, command));
    });
  addStopOptions(stop, ['stop -e prod', 'stop -e prod --action reject', 'stop --local']);
}

export function addResume(program: Command): void {
  const resume = program
    .command('resume')
    .summary('lift the emergency stop')
    .description('Lifts the emergency stop: within a minute, the policy decides again.')
    .action(async (options: StopCommandOptions, command: Command) => {
      const { changeStop } = await import('./stop.js');
      await changeStop('RUN', stopOptions(options, command));
    });
  addStopOptions(resume, ['resume -e prod', 'resume --local']);
}

function stopOptions(options: StopCommandOptions, command: Command) {
  return { ...options, isDefaultEnvironment: command.getOptionValueSource('env') === 'default' };
}

function addStopOptions(command: Command, examples: readonly string[]): void {
  addOperatorOptions(command)
    .addOption(
      new Option('--local', 'the handler in local mode, started in this directory, instead of AWS').conflicts(
        ['env', 'profile', 'region'],
      ),
    )
    .addHelpText(
      'after',
      ['', 'Examples:', ...examples.map((example) => `  npm run policy -- ${example}`), EXIT_CODES].join(
        '\n',
      ),
    );
}
