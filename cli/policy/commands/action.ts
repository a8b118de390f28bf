// Shared by the commands of `npm run policy`: their options, help and exit codes.
import { type Command, Option } from 'commander';
import { EXIT_FAILED, UsageError } from '../../command.js';
import type { Output } from '../../terminal.js';
import { POLICY_FILE } from '../../../src/config.js';
import { PolicyError } from '../../../src/policy/parse/problem.js';
import type { ListOptions } from '../files.js';
import { createPrinter, type Printer } from '../print.js';

export interface PolicyOptions extends ListOptions {
  readonly policy?: string;
  readonly json?: boolean;
}

export const policyHelp = `policy file (default: ${POLICY_FILE})`;

export function policyOption(description = policyHelp): Option {
  return new Option('--policy <file>', description);
}

export function addJsonOption(command: Command): void {
  command.option('--json', 'print one JSON object');
}

export function addFetchOption(command: Command): void {
  command.option('--fetch', 'read lists that are in S3; otherwise, they count as empty');
}

/** @param failure what exit code 1 means */
export function addExamples(command: Command, failure: string, examples: readonly string[]): void {
  const lines = [
    '',
    'The file name - stands for standard input.',
    '',
    examples.length === 1 ? 'Example:' : 'Examples:',
    ...examples.map((example) => `  ${example}`),
    '',
    `Exit code: 0 success, 1 ${failure}, 2 usage error or unreadable input.`,
  ];
  command.addHelpText('after', lines.join('\n'));
}

/**
 * Runs a command's action, and sets exit code 1 if the result is negative. Policy problems count as a negative
 * result.
 * @param action returns whether the result is positive
 */
export async function runAction(
  stdout: Output,
  { json = false }: PolicyOptions,
  action: (print: Printer) => boolean | Promise<boolean>,
): Promise<void> {
  const print = createPrinter(stdout, json);
  let good = false;
  try {
    good = await action(print);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    print.problems(error);
  }
  if (!good) process.exitCode = EXIT_FAILED;
}

/** @param argument the policy file given without `--policy`. @throws {UsageError} if the two are different files */
export function selectPolicy({ policy }: PolicyOptions, argument?: string): string {
  if (argument !== undefined && policy !== undefined && argument !== policy) {
    throw new UsageError(`two policy files are given: ${argument}, and ${policy} with --policy`);
  }
  return argument ?? policy ?? POLICY_FILE;
}

export function checkStandardInput(policyFile: string, file: string): void {
  if (policyFile === '-' && file === '-') throw new UsageError('only one file can be standard input (-)');
}
