// Command-line options for `npm run deploy`.
import { type Command, Option } from 'commander';
import { createProgram } from '../command.js';
import { addOperatorOptions, EXIT_CODES, type OperatorOptions } from '../operator-command.js';
import type { BuildMethod } from './step.js';

export interface DeployOptions extends OperatorOptions {
  readonly fromStack?: string;
  readonly onlyStacks?: string;
  readonly skipStacks?: string;
  readonly build: BuildMethod;
  readonly imageTag?: string;
  readonly acceptFindings?: string;
  readonly rotateCallbackKey?: boolean;
  readonly renewCertificate?: boolean;
  readonly forceRecreate?: boolean;
  readonly dryRun?: boolean;
  readonly status?: boolean;
  readonly drift?: boolean;
  readonly yes?: boolean;
  readonly acceptJson?: boolean;
}

const STACKS = `
The stacks, in order: foundation, security, image, callback and, if enabled in the settings, console and cosigner.
The callback stack includes the keys and the certificate; its deployment waits for a healthy task.
The image stack includes the image build.
With "compute": "lambda", the function stack is before callback, includes the keys, and waits until the function answers.
With "front": "api", the api stack is in place of callback.`;

export function createDeployProgram(): Command {
  const program = createProgram(
    'deploy',
    'Deploys the callback handler to AWS, or updates it. Run it again if it was interrupted.',
  )
    .option('--from-stack <name>', 'deploy this stack and all after it')
    .addOption(new Option('--only-stacks <names>', 'deploy these stacks only: a,b').conflicts('fromStack'))
    .option('--skip-stacks <names>', 'deploy all but these stacks: a,b')
    .addOption(
      new Option('--build <method>', 'build the image in AWS, or on this machine with docker or podman')
        .choices(['codebuild', 'local'] satisfies readonly BuildMethod[])
        .default('codebuild'),
    )
    .option('--image-tag <tag>', 'run this existing image instead of building one')
    .option(
      '--accept-findings <names>',
      'run the image despite these critical findings of its scan: a,b or all',
    )
    .option('--rotate-callback-key', "replace the handler's own key")
    .option('--renew-certificate', 'replace the certificate that an earlier deployment created')
    .option('--force-recreate', 'delete stacks in a state such as ROLLBACK_COMPLETE, and create them again')
    .option('--dry-run', 'show what would change, and change nothing in AWS')
    .option('--status', 'show the state of everything, and warn of what to do something about')
    .option('--drift', 'with --status: first detect what was changed by hand, which takes minutes')
    .option('--yes', 'do not ask for confirmation')
    .option('--accept-json', 'with "auth": "json" in prod: accept that requests are not authenticated');
  return addOperatorOptions(program).addHelpText('after', STACKS).addHelpText('after', EXIT_CODES);
}

interface CommandLineChanges {
  /** Names of the options to leave out. */
  readonly without?: readonly (keyof DeployOptions)[];
  /** Additional options, such as `--force-recreate`. */
  readonly also?: readonly string[];
}

/** @returns the given command line, including its environment, with these changes */
export function commandLineOf(
  program: Command,
  { without = [], also = [] }: CommandLineChanges = {},
): string {
  const names: readonly string[] = without;
  const parts = program.options.flatMap((option): readonly string[] => {
    const name = option.attributeName();
    const value = program.getOptionValue(name) as string | boolean | undefined;
    const isDefault = name !== 'env' && program.getOptionValueSource(name) === 'default';
    if (value === undefined || isDefault || names.includes(name)) return [];
    return value === true ? [option.long ?? ''] : [option.long ?? '', `${value}`];
  });
  return ['npm run deploy --', ...parts, ...also].join(' ');
}
