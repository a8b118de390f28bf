// Defines `npm run policy -- explain`.
import { type Command, InvalidArgumentError, Option } from 'commander';
import * as z from 'zod';
import type { Policy } from '../../../src/policy/evaluate/rules.js';
import type { CallbackRequest } from '../../../src/protocol/request.js';
import { handlerLog } from '../../../infra/names.js';
import { InputError, UsageError } from '../../command.js';
import { parseDuration } from '../../duration.js';
import { addOperatorOptions, type OperatorOptions } from '../../operator-command.js';
import type { Output } from '../../terminal.js';
import { openAws, policyWithLists, readServiceLog } from '../aws-log.js';
import { explainInput, findDecision, type FoundDecision, readExplainable } from '../explained.js';
import { readPolicy } from '../files.js';
import { LogLines, showProgress } from '../log-lines.js';
import {
  addExamples,
  addFetchOption,
  checkStandardInput,
  policyOption,
  type PolicyOptions,
  runAction,
  selectPolicy,
} from './action.js';

type ExplainOptions = OperatorOptions &
  PolicyOptions & {
    readonly now?: Date;
    readonly request?: string;
    readonly log?: string;
    readonly since?: string;
  };

export function addExplain(program: Command, stdout: Output): void {
  const command = program
    .command('explain')
    .summary('show how a policy decides a request, and why')
    .description(
      'Shows each rule with the part of its condition that determined its result, then the decision. The request is a payload, or a decision from the log, which is decided again at the time that it was made.',
    )
    .argument(
      '[payload]',
      'JSON file with the payload of a Co-signer request, or with a decision from the log',
    )
    .addOption(policyOption())
    .addOption(
      new Option('--now <time>', 'evaluate at this time, such as 2026-03-02T10:00:00Z').argParser(parseTime),
    )
    .option('--request <id>', 'find the decision in the log by its requestId, txId or trace id')
    .option('--log <file>', 'with --request: log from the service instead of AWS')
    .option('--since <duration>', 'with --request: how far back to look in AWS (default: 7d)')
    .action((payload: string | undefined, options: ExplainOptions) =>
      runAction(stdout, options, async (print) => {
        const { input, file, policy } = await readInput(payload, options);
        const explained = explainInput(policy, input, options.now);
        print.explanation(file, policy, explained);
        const { explanation, logged } = explained;
        const isAsLogged = logged === undefined || (logged.same && logged.notLogged.length === 0);
        return explanation.decision.ruleError === undefined && isAsLogged;
      }),
    );
  addFetchOption(command);
  addOperatorOptions(command);
  addExamples(command, 'a rule could not be evaluated, or the answer may differ from the logged one', [
    'npm run policy -- explain examples/large-transfer.json --policy examples/local-policy.yaml',
    'npm run policy -- explain examples/large-transfer.json --now 2026-03-02T10:00:00Z',
    'npm run policy -- explain --request 9c794cee-12c5-4b9b-8e1c-6b0e3c1a1a10 -e prod',
  ]);
}

interface Input {
  readonly input: CallbackRequest | FoundDecision;
  /** Where the policy comes from. */
  readonly file: string;
  readonly policy: Policy;
}

async function readInput(payload: string | undefined, options: ExplainOptions): Promise<Input> {
  const { request, log } = options;
  if (request === undefined) {
    if (payload === undefined) throw new UsageError('give a payload, or --request with an id from the log');
    if (log !== undefined) throw new UsageError('--log needs --request, with the id to look for');
    const file = selectPolicy(options);
    checkStandardInput(file, payload);
    const policy = await readPolicy(file, options);
    return { input: readExplainable(payload), file, policy };
  }
  if (payload !== undefined) throw new UsageError('give a payload or --request, not both');
  if (!/^[\w:=;.-]{1,256}$/.test(request)) {
    throw new UsageError(`--request takes one id as it appears in the log, not "${request}"`);
  }
  return log === undefined ? findInAws(request, options) : findInFile(request, log, options);
}

async function findInFile(request: string, log: string, options: ExplainOptions): Promise<Input> {
  const file = selectPolicy(options);
  checkStandardInput(file, log);
  const policy = await readPolicy(file, options);
  const input = await findDecision(new LogLines(log, showProgress), request);
  if (input === undefined) throw new InputError(`${log} has no decision about ${request}`);
  return { input, file, policy };
}

const DEFAULT_PERIOD = '7d';

/** By default, the policy is the one in force there. */
async function findInAws(request: string, options: ExplainOptions): Promise<Input> {
  const { policy: policyFile, since = DEFAULT_PERIOD } = options;
  const given = policyFile === undefined ? undefined : await readPolicy(policyFile, options);
  const { ms, name } = parseDuration(since);
  const session = await openAws(options);
  const lines = readServiceLog(session, { startTime: Date.now() - ms, request }, showProgress);
  const input = await findDecision(lines, request);
  const { parameters } = session.names;
  if (input === undefined) {
    throw new InputError(
      `${handlerLog(session.names, session.settings)} has no decision about ${request} in the last ${name}: look further back with --since 30d`,
    );
  }
  const policy = given ?? (await policyWithLists(session, showProblem));
  if (policy === undefined)
    throw new InputError(`${parameters.policy} holds no policy that can be used: give one with --policy`);
  return { input, file: policyFile ?? parameters.policy, policy };
}

function showProblem(problem: string): void {
  process.stderr.write(`warning: ${problem}\n`);
}

function parseTime(time: string): Date {
  if (!z.iso.datetime({ offset: true }).safeParse(time).success) {
    throw new InvalidArgumentError('Use a time such as 2026-03-02T10:00:00Z.');
  }
  return new Date(time);
}
