// Defines `npm run policy`: checks, explains, tests and replays a policy before it is in force, then pushes it, and
// stops all decisions in an emergency.
import { type Command, InvalidArgumentError, Option } from 'commander';
import * as z from 'zod';
import { createProgram, EXIT_FAILED, readText, runProgram, UsageError } from '../command.js';
import { addOperatorOptions, type OperatorOptions, reportFailure } from '../operator-command.js';
import type { Output } from '../terminal.js';
import { POLICY_FILE } from '../../src/config.js';
import { explain } from '../../src/policy/evaluate/explain.js';
import { PolicyError } from '../../src/policy/parse/problem.js';
import { readCases, runCases } from './cases.js';
import { readPolicy, readRequest } from './files.js';
import { createPrinter, type Printer } from './print.js';
import { replay } from './replay.js';
import { addResume, addStop } from './stop-commands.js';

interface PolicyOptions {
  readonly policy?: string;
  readonly json?: boolean;
}

interface ExplainOptions extends PolicyOptions {
  readonly now?: Date;
}

type PushOptions = OperatorOptions & PolicyOptions;

export async function runPolicy(): Promise<void> {
  await runProgram(createPolicyProgram(process.stdout), (error, command) =>
    reportFailure(error, command.opts()),
  );
}

/** @param stdout the stream to print the results to */
export function createPolicyProgram(stdout: Output): Command {
  const program = createProgram(
    'policy',
    'Checks, explains, tests, replays and pushes a policy, and stops all decisions in an emergency.',
  ).addHelpText('after', '\nHelp for one command: npm run policy -- explain --help');
  addCheck(program, stdout);
  addExplain(program, stdout);
  addTest(program, stdout);
  addReplay(program, stdout);
  addPush(program, stdout);
  addStop(program);
  addResume(program);
  return program;
}

function addCheck(program: Command, stdout: Output): void {
  const check = program
    .command('check')
    .summary('report all problems in a policy')
    .description('Reports all problems in a policy, or a summary of a valid one.')
    .argument('[file]', policyHelp)
    .addOption(policyOption('same as the file argument'))
    .action((file: string | undefined, options: PolicyOptions) =>
      runAction(stdout, options, (print) => {
        const policyFile = selectPolicy(options, file);
        print.policy(policyFile, readPolicy(policyFile));
        return true;
      }),
    );
  addJsonOption(check);
  addExamples(check, 'the policy has problems', [
    'npm run policy -- check',
    'npm run policy -- check examples/local-policy.yaml',
  ]);
}

function addExplain(program: Command, stdout: Output): void {
  const command = program
    .command('explain')
    .summary('show why a policy decides as it does')
    .description(
      'Shows each rule with the part of its condition that determined its result, then the decision.',
    )
    .argument('<payload>', 'JSON file with the payload of a Co-signer request')
    .addOption(policyOption())
    .addOption(
      new Option('--now <time>', 'evaluate at this time, such as 2026-03-02T10:00:00Z').argParser(parseTime),
    )
    .action((payload: string, options: ExplainOptions) =>
      runAction(stdout, options, (print) => {
        const policyFile = selectPolicy(options);
        checkStandardInput(policyFile, payload);
        const policy = readPolicy(policyFile);
        const request = readRequest(payload);
        const explanation = explain(policy, request, options.now ?? new Date());
        print.explanation(policyFile, policy, request, explanation);
        return explanation.decision.ruleError === undefined;
      }),
    );
  addJsonOption(command);
  addExamples(command, 'a rule could not be evaluated', [
    'npm run policy -- explain examples/large-transfer.json --policy examples/local-policy.yaml',
    'npm run policy -- explain examples/large-transfer.json --now 2026-03-02T10:00:00Z',
  ]);
}

function addTest(program: Command, stdout: Output): void {
  const test = program
    .command('test')
    .summary('run test cases against a policy')
    .description('Runs test cases against a policy, and lists the rules that no case matched.')
    .argument('<cases>', 'YAML file with test cases: requests and the decision expected for each')
    .addOption(policyOption())
    .action((cases: string, options: PolicyOptions) =>
      runAction(stdout, options, (print) => {
        const policyFile = selectPolicy(options);
        checkStandardInput(policyFile, cases);
        const policy = readPolicy(policyFile);
        const run = runCases(policy, readCases(cases));
        print.testRun(policy, run);
        return run.results.every(({ passed }) => passed);
      }),
    );
  addJsonOption(test);
  addExamples(test, 'a case failed', [
    'npm run policy -- test examples/local-policy.cases.yaml --policy examples/local-policy.yaml',
  ]);
}

function addReplay(program: Command, stdout: Output): void {
  const command = program
    .command('replay')
    .summary('show which logged decisions a policy would change')
    .description('Re-evaluates the decisions in a log and lists those that would change.')
    .argument('<log>', 'log from the service, one JSON object per line')
    .addOption(policyOption())
    .action((log: string, options: PolicyOptions) =>
      runAction(stdout, options, async (print) => {
        const policyFile = selectPolicy(options);
        checkStandardInput(policyFile, log);
        const policy = readPolicy(policyFile);
        const outcome = await replay(policy, log, showProgress);
        print.replay(log, policyFile, policy, outcome);
        return outcome.changes.length === 0;
      }),
    );
  addJsonOption(command);
  addExamples(command, 'a decision would change', [
    'npm start > handler.ndjson',
    'npm run policy -- replay handler.ndjson --policy examples/worked-rules.yaml',
    'npm run --silent logs -- -e prod --since 1d --json | npm run policy -- replay -',
  ]);
}

function addPush(program: Command, stdout: Output): void {
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
        const { pushPolicy } = await import('./push.js');
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

const policyHelp = `policy file (default: ${POLICY_FILE})`;

function policyOption(description = policyHelp): Option {
  return new Option('--policy <file>', description);
}

function addJsonOption(command: Command): void {
  command.option('--json', 'print one JSON object');
}

/** @param failure what exit code 1 means */
function addExamples(command: Command, failure: string, examples: readonly string[]): void {
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
async function runAction(
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
function selectPolicy({ policy }: PolicyOptions, argument?: string): string {
  if (argument !== undefined && policy !== undefined && argument !== policy) {
    throw new UsageError(`two policy files are given: ${argument}, and ${policy} with --policy`);
  }
  return argument ?? policy ?? POLICY_FILE;
}

function checkStandardInput(policyFile: string, file: string): void {
  if (policyFile === '-' && file === '-') throw new UsageError('only one file can be standard input (-)');
}

function parseTime(time: string): Date {
  if (!z.iso.datetime({ offset: true }).safeParse(time).success) {
    throw new InvalidArgumentError('Use a time such as 2026-03-02T10:00:00Z.');
  }
  return new Date(time);
}

const PROGRESS_STEP_LINES = 5000;

/** Shows on a terminal how much of a long log has been read. */
function showProgress(lines: number): void {
  if (process.stderr.isTTY && lines % PROGRESS_STEP_LINES === 0) {
    process.stderr.write(`\r${lines} lines read\r`);
  }
}
