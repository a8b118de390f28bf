// Defines `npm run policy -- limits`.
import type { Command } from 'commander';
import { UsageError } from '../../command.js';
import { addPlaceOptions, type PlaceOptions, withTable } from '../../store/place.js';
import type { Output } from '../../terminal.js';
import { readPolicy } from '../files.js';
import { readCounters, shareOf } from '../limits/counters.js';
import { release } from '../limits/release.js';
import { counterLines, releasedLines } from '../limits/text.js';
import {
  addExamples,
  addJsonOption,
  policyHelp,
  type PolicyOptions,
  runAction,
  selectPolicy,
} from './action.js';

type LimitsOptions = PolicyOptions &
  PlaceOptions & { readonly release?: string; readonly by?: string; readonly reason?: string };

export function addLimits(program: Command, stdout: Output): void {
  const limits = addPlaceOptions(
    program
      .command('limits')
      .summary('show what is spent of each limit, live from the store')
      .description(
        'Shows the counters of the policy’s limits as they are in the store now. Of a DynamoDB table, all items are read for it. With --release, gives back what one transaction was counted for, which is recorded.',
      )
      .argument('[file]', policyHelp),
  )
    .option('--release <txId>', 'give back what this transaction was counted for')
    .option('--by <name>', 'with --release: who orders it')
    .option('--reason <text>', 'with --release: why')
    .action((file: string | undefined, options: LimitsOptions) =>
      runAction(stdout, options, async () => {
        if (options.release === undefined) await show(stdout, file, options);
        else await giveBack(stdout, options.release, options);
        return true;
      }),
    );
  addJsonOption(limits);
  addExamples(limits, 'the policy has problems, or the store failed', [
    'npm run policy -- limits --local',
    'npm run policy -- limits policy.yaml -e prod',
    'npm run policy -- limits -e prod --release 9c794cee --by alice --reason "never sent"',
  ]);
}

async function show(stdout: Output, file: string | undefined, options: LimitsOptions): Promise<void> {
  if (options.by !== undefined || options.reason !== undefined) {
    throw new UsageError('--by and --reason need --release, with the txId');
  }
  const policy = await readPolicy(selectPolicy(options, file), options);
  const rows = await withTable(options, (table) => readCounters(table, policy.limits, new Date()));
  if (options.json !== true) stdout.write(`${counterLines(rows, stdout).join('\n')}\n`);
  else {
    const counters = rows.map((row) => ({
      ...row,
      spent: row.spent?.toFixed(),
      max: row.max?.toFixed(),
      share: shareOf(row),
    }));
    stdout.write(`${JSON.stringify({ counters })}\n`);
  }
}

async function giveBack(stdout: Output, txId: string, options: LimitsOptions): Promise<void> {
  const { by, reason, json } = options;
  if (by === undefined || reason === undefined) {
    throw new UsageError('--release needs --by, with your name, and --reason: both are recorded');
  }
  const shares = await withTable(options, (table) => release(table, { txId, by, reason }));
  if (json === true) stdout.write(`${JSON.stringify({ txId, by, reason, shares })}\n`);
  else stdout.write(`${releasedLines(txId, shares).join('\n')}\n`);
}
