// Defines `npm run store -- accept`.
import { hostname, userInfo } from 'node:os';
import type { Command } from 'commander';
import { DeployError } from '../../aws/error.js';
import { confirm } from '../../confirm.js';
import {
  addArchiveOption,
  addPlaceOptions,
  type OpenedStore,
  type PlaceOptions,
  withStore,
} from '../place.js';
import { retentionSeconds } from '../retention.js';
import { createJournal } from '../../../src/store/create-journal.js';
import type { Acceptance, HeadStore } from '../../../src/store/heads.js';
import { findLosses, type Loss } from '../../../src/store/loss.js';
import { columns, count, type Output } from '../../terminal.js';

interface AcceptOptions extends PlaceOptions {
  readonly by?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** What the operator types. */
const WORD = 'accept';

export function addAccept(program: Command, stdout: Output): void {
  const command = program
    .command('accept')
    .summary('accept that records are lost, so that the handler decides again')
    .description(
      'Shows which records the store lacks, though they were written: it was lost, emptied or restored. The handler answers RETRY until this is accepted. What these records counted in limits is lost with them. The acceptance is recorded.',
    );
  addArchiveOption(addPlaceOptions(command))
    .option('--by <name>', 'who accepts it (default: the user who runs the command)')
    .option('--yes', 'accept without asking')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  npm run store -- accept -e prod
  npm run store -- accept --table callback-store --archive s3://my-archive/archive`,
    )
    .action((options: AcceptOptions) => withStore(options, (store) => acceptLosses(store, options, stdout)));
}

async function acceptLosses(store: OpenedStore, options: AcceptOptions, stdout: Output): Promise<void> {
  const { table, headStore } = store;
  if (headStore === undefined) {
    throw new DeployError(
      'STORE_UNKNOWN',
      `without its archive, nobody knows what ${table.name} has lost`,
      'give the archive with --archive, or table and archive with -e; a service without one forgets the loss when it is restarted',
    );
  }
  const losses = await findLosses(table, headStore);
  if (losses.length > 0 && options.json !== true)
    stdout.write(`${lossLines(table.name, losses).join('\n')}\n`);
  const acceptance: Acceptance = {
    at: new Date().toISOString(),
    by: options.by ?? userInfo().username,
    heads: losses.map(({ head: { writer, sequence, hash } }) => ({ writer, sequence, hash })),
  };
  if (losses.length > 0) {
    if (options.yes !== true) {
      await confirm({ question: `Type "${WORD}" to accept this: `, word: WORD, option: '--yes' });
    }
    const kept = await retentionSeconds(
      table,
      losses.map(({ head }) => head),
    );
    await record(store, headStore, acceptance, kept);
  }
  if (options.json === true)
    stdout.write(`${JSON.stringify({ store: table.name, accepted: losses }, null, 2)}\n`);
  else if (losses.length === 0) stdout.write(`${table.name} lacks nothing\n`);
  else stdout.write('accepted: the handler decides again within a few seconds\n');
}

/**
 * As a record, and then in the second place, which is what counts.
 * @param kept how long the record is kept, in seconds
 * @throws {StoreError}
 */
async function record(
  { table, blobs }: OpenedStore,
  headStore: HeadStore,
  acceptance: Acceptance,
  kept: number,
): Promise<void> {
  const { at, by, heads } = acceptance;
  const start = { type: 'start', at, version: 'store accept', task: `${hostname()} ${process.pid}` } as const;
  const journal = createJournal({ table, blobs, start, retentionSeconds: kept });
  const expires = Math.ceil(Date.parse(at) / 1000) + kept;
  await journal.append({
    writes: [],
    body: { type: 'accepted', at, by, details: { heads } },
    expires,
  });
  if (journal.head !== undefined) await headStore.seal([journal.head]);
  await headStore.accept(acceptance);
}

function lossLines(name: string, losses: readonly Loss[]): readonly string[] {
  const rows = losses.map(({ head, found }) => [head.writer, String(head.sequence), head.at, found]);
  return [
    `${name} lacks the last records of ${count(losses.length, 'writer')}:`,
    ...columns([['writer', 'last record', 'written', 'found'], ...rows]).map((line) => `  ${line}`),
  ];
}
