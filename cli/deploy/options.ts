// Command-line options of `npm run deploy`.
import { type Command, Option } from 'commander';
import { createOperatorProgram, type OperatorOptions } from '../operator-command.js';
import type { BuildMethod } from './step.js';

export interface DeployOptions extends OperatorOptions {
  readonly fromStack?: string;
  readonly onlyStacks?: string;
  readonly skipStacks?: string;
  readonly build: BuildMethod;
  readonly imageTag?: string;
  readonly rotateCallbackKey?: boolean;
  readonly renewCertificate?: boolean;
  readonly forceRecreate?: boolean;
  readonly dryRun?: boolean;
  readonly status?: boolean;
  readonly yes?: boolean;
}

const STACKS = `
The stacks, in order: foundation, security, image, callback and, if the settings say so, cosigner.
Keys, certificate and the wait for a healthy task belong to callback; building the image belongs to image.`;

export function createDeployProgram(): Command {
  return createOperatorProgram(
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
    .option('--image-tag <tag>', 'run this image, which exists already, and build none')
    .option('--rotate-callback-key', "replace the handler's own key")
    .option('--renew-certificate', 'replace the certificate that an earlier deployment created')
    .option(
      '--force-recreate',
      'delete stacks that are stuck, such as in ROLLBACK_COMPLETE, and create them again',
    )
    .option('--dry-run', 'show what would change, and change nothing in AWS')
    .option('--status', 'show the state of everything')
    .option('--yes', 'do not ask for confirmation')
    .addHelpText('after', STACKS);
}

/** Options of every command come last in a printed command. */
const COMMON_OPTIONS = ['profile', 'env', 'region', 'json'];

interface CommandLineChanges {
  /** Names of options to leave out. */
  readonly without?: readonly (keyof DeployOptions)[];
  /** Further options, such as `--force-recreate`. */
  readonly also?: readonly string[];
}

/** @returns the command as it was given, with these changes */
export function commandLineOf(
  program: Command,
  { without = [], also = [] }: CommandLineChanges = {},
): string {
  const names: readonly string[] = without;
  const given = program.options.map((option) => ({ name: option.attributeName(), long: option.long ?? '' }));
  const isCommon = ({ name }: { name: string }): boolean => COMMON_OPTIONS.includes(name);
  const parts = [...given.filter((option) => !isCommon(option)), ...given.filter(isCommon)].flatMap(
    ({ name, long }): readonly string[] => {
      const value: unknown = program.getOptionValue(name);
      const isDefault = name !== 'env' && program.getOptionValueSource(name) === 'default';
      if (value === undefined || isDefault || names.includes(name)) return [];
      return value === true ? [long] : [long, String(value)];
    },
  );
  return ['npm run deploy --', ...parts, ...also].join(' ');
}
