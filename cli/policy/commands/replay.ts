// Defines `npm run policy -- replay`.
import type { Command } from 'commander';
import type { Output } from '../../terminal.js';
import { readPolicy } from '../files.js';
import { showProgress } from '../log-lines.js';
import { replay } from '../replay.js';
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

export function addReplay(program: Command, stdout: Output): void {
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
        const policy = await readPolicy(policyFile, options);
        const outcome = await replay(policy, log, showProgress);
        print.replay(log, policyFile, policy, outcome);
        return outcome.changes.length === 0;
      }),
    );
  addFetchOption(command);
  addJsonOption(command);
  addExamples(command, 'a decision would change', [
    'npm start > handler.ndjson',
    'npm run policy -- replay handler.ndjson --policy examples/worked-rules.yaml',
    'npm run --silent logs -- -e prod --since 1d --json | npm run policy -- replay -',
  ]);
}
