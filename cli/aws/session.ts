// The session of an operator command: the environment, its settings, the AWS account and its clients.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { type EnvironmentName, type Names, namesOf } from '../../infra/names.js';
import { readSettings, type Settings, SETTINGS_FILE } from '../../infra/settings.js';
import { findWarnings } from '../../infra/settings/warnings.js';
import { type Aws, clientsFor, isEmulated, useProfile } from './clients.js';
import { DeployError } from './error.js';
import { createSettings } from './first-settings.js';

/** As given on the command line. */
export interface SessionOptions {
  readonly profile?: string | undefined;
  readonly env: EnvironmentName;
  readonly region?: string | undefined;
}

/** Waits for a number of milliseconds. */
export type Sleep = (ms: number) => Promise<unknown>;

export interface Session {
  readonly profile: string | undefined;
  readonly environment: EnvironmentName;
  readonly production: boolean;
  readonly settings: Settings;
  readonly names: Names;
  readonly region: string;
  /** 12 digits. */
  readonly account: string;
  /** ARN of the identity that the credentials belong to. */
  readonly caller: string;
  readonly aws: Aws;
  /** Whether the endpoint is an AWS emulator. */
  readonly emulated: boolean;
  /** Directory for the environment's keys on the operator's machine. */
  readonly keyDirectory: string;
  /** Notes for the operator about opening the session. */
  readonly notes: readonly string[];
  /** Warnings about the settings, one line each. */
  readonly warnings: readonly string[];
  /** Waits between two polls. */
  readonly sleep: Sleep;
}

/** Contains a key directory for each environment. */
const KEY_DIRECTORY = '.keys';

interface OpenOptions {
  /** Whether to create missing settings from the example. */
  readonly createMissingSettings?: boolean;
  /** By default, it waits in real time. */
  readonly sleep?: Sleep | undefined;
}

/**
 * Checks the settings, the region, the credentials and the account.
 * @throws {SettingsError} @throws {DeployError}
 */
export async function openSession(
  { profile, env: environment, region }: SessionOptions,
  { createMissingSettings = false, sleep = setTimeout }: OpenOptions = {},
): Promise<Session> {
  if (profile !== undefined) useProfile(profile);
  const notes: string[] = [];
  if (createMissingSettings && !existsSync(SETTINGS_FILE)) notes.push(await createSettings(region));

  const settings = readSettings(environment);
  if (region !== undefined && region !== settings.region) {
    throw new DeployError(
      'REGION_DIFFERS',
      `${SETTINGS_FILE} is for ${settings.region}, not for ${region}`,
      `omit --region, or move that file elsewhere so that the next deployment creates one for ${region}`,
    );
  }
  const aws = clientsFor(settings.region);
  const { Account: account = '', Arn: caller = '' } = await aws.sts.send(new GetCallerIdentityCommand({}));
  if (settings.account !== undefined && settings.account !== account) {
    throw new DeployError(
      'ACCOUNT_DIFFERS',
      `the credentials belong to account ${account}, but ${SETTINGS_FILE} is for ${settings.account}`,
      'choose a profile of that account with --profile',
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
    warnings: findWarnings(settings, environment),
    sleep,
  };
}
