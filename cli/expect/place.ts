// Which store a command works on.
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { Table } from '../../src/store/table.js';
import { openStore } from '../../src/store/open.js';
import { useProfile } from '../aws/clients.js';
import { InputError, UsageError } from '../command.js';

export interface PlaceOptions {
  readonly table?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly storePath?: string;
}

/** Where `npm start` keeps its store. */
const LOCAL_STORE = '.local/store';

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

/** Opens the store, and closes it after the action. @throws {UsageError} @throws {InputError} @throws {StoreError} */
export async function withTable<Result>(
  { table: name, region, profile, storePath }: PlaceOptions,
  action: (table: Table) => Promise<Result>,
): Promise<Result> {
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
  const { table } = await openStore(name === undefined ? { path } : { table: name });
  try {
    return await action(table);
  } finally {
    await table.close();
  }
}
