// Defines `npm run policy -- explain`.
import { type Command, InvalidArgumentError, Option } from 'commander';
import * as z from 'zod';
import type { Output } from '../../terminal.js';
import { explain } from '../../../src/policy/evaluate/explain.js';
import { readPolicy, readRequest } from '../files.js';
import {
  addExamples,
  addFetchOption,
  addJsonOption,
  checkStandardInput,
  policyOption,
  type PolicyOptions,
  runAction,
  selectPolicy,
} from './action.js';

interface ExplainOptions extends PolicyOptions {
  readonly now?: Date;
}

export function addExplain(program: Command, stdout: Output): void {
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
      runAction(stdout, options, async (print) => {
        const policyFile = selectPolicy(options);
        checkStandardInput(policyFile, payload);
        const policy = await readPolicy(policyFile, options);
        const request = readRequest(payload);
        const explanation = explain(policy, request, options.now ?? new Date());
        print.explanation(policyFile, policy, request, explanation);
        return explanation.decision.ruleError === undefined;
      }),
    );
  addFetchOption(command);
  addJsonOption(command);
  addExamples(command, 'a rule could not be evaluated', [
    'npm run policy -- explain examples/large-transfer.json --policy examples/local-policy.yaml',
    'npm run policy -- explain examples/large-transfer.json --now 2026-03-02T10:00:00Z',
  ]);
}

function parseTime(time: string): Date {
  if (!z.iso.datetime({ offset: true }).safeParse(time).success) {
    throw new InvalidArgumentError('Use a time such as 2026-03-02T10:00:00Z.');
  }
  return new Date(time);
}
