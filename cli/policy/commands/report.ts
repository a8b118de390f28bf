// Defines `npm run policy -- report`.
import { type Command, Option } from 'commander';
import type { Policy } from '../../../src/policy/evaluate/rules.js';
import { handlerLog } from '../../../infra/names.js';
import { UsageError } from '../../command.js';
import { parseDuration } from '../../duration.js';
import { addOperatorOptions, type OperatorOptions } from '../../operator-command.js';
import type { Output } from '../../terminal.js';
import { openAws, policyInForce, readServiceLog } from '../aws-log.js';
import { readPolicy } from '../files.js';
import { LogLines, showProgress } from '../log-lines.js';
import { csvOf } from '../report/csv.js';
import { dayIn } from '../report/day.js';
import { COLUMNS, parseColumns } from '../report/groups.js';
import { csvRows } from '../report/json.js';
import { type Report, reportOf } from '../report/report.js';
import { Totals } from '../report/totals.js';
import { addExamples, policyOption, type PolicyOptions, runAction } from './action.js';

type ReportOptions = OperatorOptions &
  PolicyOptions & {
    readonly since?: string;
    readonly log?: string;
    readonly by?: string;
    readonly zone: string;
    readonly csv?: boolean;
  };

export function addReport(program: Command, stdout: Output): void {
  const command = program
    .command('report')
    .summary('show what was decided, by rule, action, asset and day')
    .description(
      'Counts the decisions in the log of an environment or in a file, and shows where the candidate would decide differently and which rules never matched.',
    )
    .option('--since <duration>', 'how far back: 12h, 7d (default: 7d; with --log all of the file)')
    .option('--log <file>', 'log from the service, one JSON object per line, instead of AWS')
    .option('--by <columns>', `one table of ${COLUMNS.join(', ')}, or of several joined by commas`)
    .option('--zone <name>', 'time zone of the days, such as Europe/Berlin', 'UTC')
    .addOption(policyOption('policy whose rules to look for (default: the one in force)'))
    .addOption(new Option('--csv', 'print one table as CSV').conflicts('json'))
    .action((options: ReportOptions) =>
      runAction(stdout, options, async (print) => {
        const report = await createReport(options);
        if (options.csv === true) stdout.write(csvOf(csvRows(report, columnsOf(options))));
        else print.report(report);
        return true;
      }),
    );
  addOperatorOptions(command);
  addExamples(command, 'AWS can’t be read, or the policy has problems', [
    'npm run policy -- report -e prod --since 30d',
    'npm run policy -- report --log examples/decisions.ndjson --policy examples/local-policy.yaml',
    'npm run --silent policy -- report -e prod --by day,rule,asset --csv > decisions.csv',
  ]);
}

function columnsOf({ by }: ReportOptions) {
  return by === undefined ? undefined : parseColumns(by);
}

async function createReport(options: ReportOptions): Promise<Report> {
  const { log, zone, policy: policyFile } = options;
  if (log === '-' && policyFile === '-') throw new UsageError('only one file can be standard input (-)');
  const by = columnsOf(options);
  const dayOf = dayIn(zone);
  const given = policyFile === undefined ? undefined : await readPolicy(policyFile, options);
  const { source, totals, policy } =
    log === undefined ? await totalsFromAws(options, dayOf) : await totalsFromFile(options, log, dayOf);
  return reportOf(totals, given ?? policy, { source, zone, by });
}

interface Counted {
  readonly source: string;
  readonly totals: Totals;
  readonly policy?: Policy | undefined;
}

async function totalsFromFile(
  { since }: ReportOptions,
  log: string,
  dayOf: ReturnType<typeof dayIn>,
): Promise<Counted> {
  const from = since === undefined ? undefined : new Date(Date.now() - parseDuration(since).ms).toISOString();
  const totals = new Totals(dayOf, from);
  const lines = new LogLines(log, showProgress);
  for await (const line of lines) totals.add(line);
  // A period can be empty, a file without any decision is another file.
  if (from === undefined && totals.decisions + totals.unreadable === 0) throw lines.noDecisions;
  return { source: log, totals };
}

const DEFAULT_PERIOD = '7d';

async function totalsFromAws(options: ReportOptions, dayOf: ReturnType<typeof dayIn>): Promise<Counted> {
  const startTime = Date.now() - parseDuration(options.since ?? DEFAULT_PERIOD).ms;
  const session = await openAws(options);
  const totals = new Totals(dayOf);
  for await (const line of readServiceLog(session, { startTime }, showProgress)) totals.add(line);
  const policy = options.policy === undefined ? await policyInForce(session) : undefined;
  return { source: handlerLog(session.names, session.settings), totals, policy };
}
