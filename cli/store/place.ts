// Which store a command works on.
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { LOCAL_STORE } from '../../src/config-store.js';
import { archivePlace } from '../../src/config-values.js';
import type { ArchivePlace } from '../../src/store/archive.js';
import { fileHeadStore, headsFile } from '../../src/store/file-heads.js';
import type { HeadStore } from '../../src/store/heads.js';
import { openStore, type Store } from '../../src/store/open.js';
import type { Table } from '../../src/store/table.js';
import { useProfile } from '../aws/clients.js';
import { InputError, UsageError } from '../command.js';

export interface PlaceOptions {
  readonly table?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly storePath?: string;
  /** `s3://…`, of a table. */
  readonly archive?: string;
}

export interface OpenedStore extends Store {
  /** Where heads are sealed; `undefined` for a table without its archive. */
  readonly headStore: HeadStore | undefined;
}

export function addPlaceOptions(command: Command): Command {
  return command
    .option('--table <name>', 'the DynamoDB table of the store')
    .option('-r, --region <name>', 'region of the table (default: that of the AWS environment or profile)')
    .option('-p, --profile <name>', 'AWS profile (default: AWS_PROFILE, AWS_ACCESS_KEY_ID, … as usual)')
    .option(
      '--store-path <dir>',
      `the directory of the store (default: ${LOCAL_STORE}, which npm start uses)`,
    );
}

/** Adds the option for what is kept beside the table. */
export function addArchiveOption(command: Command): Command {
  return command.option('--archive <url>', 'the archive of the table, such as s3://my-archive/archive');
}

/** Opens the table of the store, and closes it after the action. @throws as `withStore` */
export function withTable<Result>(
  options: PlaceOptions,
  action: (table: Table) => Promise<Result>,
): Promise<Result> {
  return withStore(options, ({ table }) => action(table));
}

/** Opens the store, and closes it after the action. @throws {UsageError} @throws {InputError} @throws {StoreError} */
export async function withStore<Result>(
  options: PlaceOptions,
  action: (store: OpenedStore) => Promise<Result>,
): Promise<Result> {
  const { table: name, region, profile, storePath } = options;
  const archive = archiveOf(options);
  if (name !== undefined && storePath !== undefined) {
    throw new UsageError('--table and --store-path name two stores: give one of them');
  }
  const path = storePath ?? LOCAL_STORE;
  if (name === undefined && !existsSync(path)) {
    throw new InputError(
      `there is no store in ${path}: name the one of your service with --table or --store-path, or start a local one with npm start`,
    );
  }
  if (profile !== undefined) useProfile(profile);
  if (region !== undefined) process.env['AWS_REGION'] = region;
  const store = await openStore(name === undefined ? { path } : { table: name, archive });
  try {
    const headStore = name === undefined ? fileHeadStore(headsFile(path)) : await headsIn(archive);
    return await action({ ...store, headStore });
  } finally {
    await store.table.close();
  }
}

/** @throws {UsageError} */
function archiveOf({ archive, table }: PlaceOptions): ArchivePlace | undefined {
  if (archive === undefined) return undefined;
  if (table === undefined) throw new UsageError('--archive belongs to a table: give it with --table');
  const { data, error } = archivePlace.safeParse(archive);
  if (data === undefined) throw new UsageError(`--archive ${error.issues[0]?.message ?? 'is not valid'}`);
  return data;
}

async function headsIn(archive: ArchivePlace | undefined): Promise<HeadStore | undefined> {
  if (archive === undefined) return undefined;
  const { s3HeadStore } = await import('../../src/store/s3-heads.js');
  return s3HeadStore(archive);
}
