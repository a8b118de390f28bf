// Which store a command works on.
import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { ARCHIVE_PREFIX, archiveBucket, ENVIRONMENT_NAMES, type EnvironmentName } from '../../infra/names.js';
import { SETTINGS_FILE } from '../../infra/settings.js';
import { LOCAL_STORE } from '../../src/config-store.js';
import { archivePlace } from '../../src/config-values.js';
import type { ArchivePlace } from '../../src/store/archive.js';
import { fileHeadStore, headsFile } from '../../src/store/file-heads.js';
import type { HeadStore } from '../../src/store/heads.js';
import { openStore, type Store } from '../../src/store/open.js';
import type { Table } from '../../src/store/table.js';
import { hideVersionWarning, useProfile } from '../aws/clients.js';
import type { SessionOptions } from '../aws/session.js';
import { InputError, UsageError } from '../command.js';

export interface PlaceOptions {
  /** The environment whose store it is. */
  readonly env?: EnvironmentName;
  readonly table?: string;
  readonly region?: string;
  readonly profile?: string;
  /** The store of local mode. */
  readonly local?: boolean;
  readonly storePath?: string;
  /** `s3://…`, of a table. */
  readonly archive?: string;
}

export interface OpenedStore extends Store {
  /** Where heads are sealed; `undefined` for a table without its archive. */
  readonly headStore: HeadStore | undefined;
}

/** Adds the options that choose the store: one of an environment, a table, local mode's, or a directory. */
export function addPlaceOptions(command: Command): Command {
  return command
    .addOption(
      new Option('-e, --env <name>', `the environment's store: its table and archive, by ${SETTINGS_FILE}`)
        .choices(ENVIRONMENT_NAMES)
        .conflicts(['table', 'archive', 'local', 'storePath']),
    )
    .option('--table <name>', 'the DynamoDB table of the store')
    .option('-r, --region <name>', 'region of the table (default: that of the AWS environment or profile)')
    .option('-p, --profile <name>', 'AWS profile (default: AWS_PROFILE, AWS_ACCESS_KEY_ID, … as usual)')
    .addOption(
      new Option(
        '--local',
        `the store in ${LOCAL_STORE}, which npm start uses (default if there is no ${SETTINGS_FILE})`,
      ).conflicts(['table', 'storePath', 'profile', 'region']),
    )
    .option('--store-path <dir>', 'the directory of the store');
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

/**
 * Opens the store, and closes it after the action.
 * @throws {UsageError} @throws {InputError} @throws {StoreError}
 * @throws {SettingsError} or {DeployError} if the environment's store can't be found
 */
export async function withStore<Result>(
  options: PlaceOptions,
  action: (store: OpenedStore) => Promise<Result>,
): Promise<Result> {
  hideVersionWarning();
  const { table: name, archive } = await tableOf(options);
  const path = options.storePath ?? LOCAL_STORE;
  if (name === undefined) checkDirectory(path, options);
  const store = await openStore(name === undefined ? { path } : { table: name, archive });
  try {
    const headStore = name === undefined ? fileHeadStore(headsFile(path)) : await headsIn(archive);
    return await action({ ...store, headStore });
  } finally {
    await store.table.close();
  }
}

interface TablePlace {
  /** `undefined` for a directory. */
  readonly table: string | undefined;
  readonly archive: ArchivePlace | undefined;
}

async function tableOf(options: PlaceOptions): Promise<TablePlace> {
  const { env, table, region, profile, storePath } = options;
  const archive = archiveOf(options);
  if (table !== undefined && storePath !== undefined) {
    throw new UsageError('--table and --store-path name two stores: give one of them');
  }
  if (env !== undefined) return tableOfEnvironment({ env, region, profile });
  if (profile !== undefined) useProfile(profile);
  if (region !== undefined) process.env['AWS_REGION'] = region;
  return { table, archive };
}

/** In the account of the credentials and the region of the settings, which every AWS client then uses. */
async function tableOfEnvironment(options: SessionOptions): Promise<TablePlace> {
  const { openSession } = await import('../aws/session.js');
  const { names, account, region } = await openSession(options);
  process.env['AWS_REGION'] = region;
  const bucket = archiveBucket(names, account, region);
  return { table: names.table, archive: { bucket, prefix: `${ARCHIVE_PREFIX}/` } };
}

/** Where there are deployments, nobody must take the local store for the one of a deployment. */
function checkDirectory(path: string, { local, storePath, profile, region }: PlaceOptions): void {
  const isChosen = local === true || storePath !== undefined;
  if (!isChosen && [profile, region].some((option) => option !== undefined)) {
    throw new UsageError('--profile and --region do not name a store: add -e or --table');
  }
  if (!isChosen && existsSync(SETTINGS_FILE)) {
    const names = ENVIRONMENT_NAMES.map((name) => `-e ${name}`).join(', ');
    throw new UsageError(`which store? Add ${names}, or --local for the store in ${path}`);
  }
  if (!existsSync(path)) {
    throw new InputError(
      `there is no store in ${path}: name the one of your service with -e, --table or --store-path, or start a local one with npm start`,
    );
  }
  if (!isChosen) process.stderr.write(`local store ${path}\n`);
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
