// Defines `npm run audit -- export`.
import { once } from 'node:events';
import { type Command, Option } from 'commander';
import { UsageError } from '../../command.js';
import { addArchiveOption, addPlaceOptions, type PlaceOptions, withStore } from '../../store/place.js';
import { csvOf } from '../../policy/report/csv.js';
import { count, type Output } from '../../terminal.js';
import { type AuditRecord, type Period, recordsByTime } from '../by-time.js';

interface ExportOptions extends PlaceOptions {
  readonly from?: string;
  readonly to?: string;
  readonly csv?: boolean;
}

const HEADERS = [
  ...['at', 'writer', 'sequence', 'hash', 'type', 'kind', 'stage', 'requestId', 'txId', 'externalTxId'],
  ...['action', 'rule', 'reason', 'ruleError', 'policy', 'by', 'task'],
] as const;

export function addExport(program: Command, stdout: Output): void {
  const command = program
    .command('export')
    .summary('print the records of a period')
    .description(
      'Prints the records of all writers in the order of their times: as JSON, one on each line, with requests and answers as they were sent, or as CSV without them.',
    );
  addArchiveOption(addPlaceOptions(command))
    .option('--from <time>', 'the first day or time, in UTC: 2026-11-01, 2026-11-01T12:00:00Z (default: all)')
    .option('--to <time>', 'the last day, inclusive, or the time before which it ends (default: all)')
    .addOption(new Option('--csv', 'print CSV'))
    .addHelpText('after', HELP)
    .action((options: ExportOptions) =>
      withStore(options, async (store) => {
        const period = {
          from: timeOf(options.from, 'from') ?? -Infinity,
          to: timeOf(options.to, 'to') ?? Infinity,
        };
        if (period.from >= period.to) throw new UsageError('--from is not before --to');
        await exportRecords(recordsByTime(store, period), { stdout, csv: options.csv === true });
      }),
    );
}

const HELP = `
What configuration changes ask for can hold secrets, such as keys of an exchange: keep the export as safe as the store.

Examples:
  npm run --silent audit -- export -e prod --from 2026-11-01 --to 2026-11-30 > november.ndjson
  npm run --silent audit -- export --table callback-store --from 2026-11-26T10:00:00Z --csv > decisions.csv

Exit code: 0 success, 1 the store can't be read, 2 usage error.`;

async function exportRecords(
  records: AsyncIterable<AuditRecord>,
  { stdout, csv }: { readonly stdout: Output; readonly csv: boolean },
): Promise<void> {
  if (csv) stdout.write(csvOf([[...HEADERS]]));
  let number = 0;
  for await (const { body, ...place } of records) {
    const line = csv ? csvOf([rowOf({ ...place, ...body })]) : `${JSON.stringify({ ...place, ...body })}\n`;
    // A slow reader must not fill the memory.
    if (stdout.write(line) === false && stdout === process.stdout) await once(process.stdout, 'drain');
    number++;
  }
  process.stderr.write(`${count(number, 'record')} exported\n`);
}

function rowOf(record: object): readonly string[] {
  const fields = record as Partial<Record<string, unknown>>;
  return HEADERS.map((name) => {
    const value = fields[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  });
}

const DAY = /^\d{4}-\d\d-\d\d$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$/;
const DAY_MS = 86_400_000;

/** @returns Unix time in ms; for a day as the end, the end of that day. @throws {UsageError} */
function timeOf(text: string | undefined, end: keyof Period): number | undefined {
  if (text === undefined) return undefined;
  const time = DAY.test(text) || TIME.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(time)) {
    throw new UsageError(
      `--${end} ${text} is no day or time in UTC, such as 2026-11-01 or 2026-11-01T12:00:00Z`,
    );
  }
  return end === 'to' && DAY.test(text) ? time + DAY_MS : time;
}
