// What every command of the operator begins with: whose account, which environment, which settings.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { UsageError } from '../command.js';
import { nearest } from '../../src/policy/language/nearest.js';
import { ENVIRONMENT_NAMES, type EnvironmentName, type Names, namesOf } from '../../infra/names.js';
import { readSettings, type Settings, SETTINGS_FILE } from '../../infra/settings.js';
import { type Aws, clientsFor, isEmulated, useProfile } from './clients.js';
import { DeployError } from './error.js';
import { makeSettings } from './first-settings.js';

/** Options that all commands have, for `parseArgs`. */
export const COMMON_OPTIONS = {
  profile: { type: 'string', short: 'p' },
  env: { type: 'string', short: 'e', default: 'dev' },
  region: { type: 'string', short: 'r' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

export const COMMON_USAGE = `  -p, --profile NAME             AWS profile; default: as everywhere (AWS_PROFILE, AWS_ACCESS_KEY_ID, …)
  -e, --env NAME                 ${ENVIRONMENT_NAMES.join(', ')}; default: dev
  -r, --region NAME              must be the region of ${SETTINGS_FILE}, which the first deployment makes for it
      --json                     print one JSON object
      --help                     print this`;

export interface CommonValues {
  readonly profile?: string | undefined;
  readonly env: string;
  readonly region?: string | undefined;
}

export interface Session {
  readonly profile: string | undefined;
  readonly environment: EnvironmentName;
  readonly production: boolean;
  readonly settings: Settings;
  readonly names: Names;
  readonly region: string;
  /** 12 digits. */
  readonly account: string;
  /** ARN of whoever the credentials are. */
  readonly caller: string;
  readonly aws: Aws;
  readonly emulated: boolean;
  /** Of the environment's keys, on the operator's machine. */
  readonly keyDirectory: string;
  /** What was made on the way, to be told. */
  readonly notes: readonly string[];
}

/** Where the operator's copies of an environment's keys are. */
const KEY_DIRECTORY = '.keys';

interface OpenOptions {
  /** Whether settings that are not there are made from the example. */
  readonly makeMissingSettings?: boolean;
}

/**
 * Checks the environment's name, the settings, the credentials and the account.
 * @throws {UsageError} @throws {SettingsError} @throws {DeployError}
 */
export async function openSession(
  { profile, env, region }: CommonValues,
  { makeMissingSettings = false }: OpenOptions = {},
): Promise<Session> {
  const environment = readEnvironment(env);
  if (profile !== undefined) useProfile(profile);
  const notes: string[] = [];
  if (makeMissingSettings && !existsSync(SETTINGS_FILE)) notes.push(await makeSettings(region));

  const settings = readSettings(environment);
  if (region !== undefined && region !== settings.region) {
    throw new DeployError(
      'REGION_DIFFERS',
      `${SETTINGS_FILE} is for ${settings.region}, not for ${region}`,
      `leave --region out; or move that file away, and the next deployment makes one for ${region}`,
    );
  }
  const aws = clientsFor(settings.region);
  const { Account: account = '', Arn: caller = '' } = await aws.sts.send(new GetCallerIdentityCommand({}));
  if (settings.account !== undefined && settings.account !== account) {
    throw new DeployError(
      'ACCOUNT_DIFFERS',
      `the credentials are of account ${account}, and ${SETTINGS_FILE} is for ${settings.account}`,
      'name a profile of that account with --profile',
    );
  }
  return {
    profile,
    environment,
    production: environment === 'prod',
    settings,
    names: namesOf(settings.projectName, environment),
    region: settings.region,
    account,
    caller,
    aws,
    emulated: isEmulated(),
    keyDirectory: join(KEY_DIRECTORY, environment),
    notes,
  };
}

function readEnvironment(name: string): EnvironmentName {
  const known = ENVIRONMENT_NAMES.find((environment) => environment === name);
  if (known !== undefined) return known;
  const hint = nearest(name, ENVIRONMENT_NAMES);
  throw new UsageError(
    `--env takes one of ${ENVIRONMENT_NAMES.join(', ')}, not "${name}"${hint === undefined ? '' : `: did you mean ${hint}?`}`,
  );
}
