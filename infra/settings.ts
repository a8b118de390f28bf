// Reads and validates infra/settings.json, which contains a company's choices for its deployments.
import { readFileSync } from 'node:fs';
import type * as z from 'zod';
import { nearest } from '../src/policy/language/nearest.js';
import { BaseError, codeOf } from '../src/protocol/error.js';
import { ENVIRONMENT_NAMES, type EnvironmentName } from './names.js';
import { isUtf16, parseJsonFile } from './json-file.js';
import {
  computeProblems,
  concurrencyProblems,
  idleSettings,
  LAMBDA_SETTING_NAMES,
} from './settings/compute.js';
import { CONSOLE_SETTING_NAMES } from './settings/console.js';
import { findContradictions } from './settings/contradictions.js';
import { withDefaults } from './settings/defaults.js';
import { isObject, type JsonObject } from './settings/json.js';
import { nameProblems } from './settings/name-limits.js';
import {
  isExistingNetworkKey,
  NETWORK_SETTING_NAMES,
  SETTING_NAMES,
  type Settings,
  settingsWithExistingNetwork,
  settingsWithNewNetwork,
} from './settings/schema.js';

export { consoleOrigin } from './settings/console.js';
export type { ExistingNetwork, Settings } from './settings/schema.js';

export const SETTINGS_FILE = 'infra/settings.json';
export const EXAMPLE_FILE = 'infra/settings.example.json';

/** The settings can't be used. `problems` has one line for each setting that must be changed. */
export class SettingsError extends BaseError<'SETTINGS_INVALID'> {
  readonly problems: readonly string[];

  constructor(file: string, problems: readonly string[]) {
    super(
      'SETTINGS_INVALID',
      `${file} can't be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

/**
 * The base URL to configure in the Co-signer, which appends the route. Only with `"front": "alb"`: an API has its URL in
 * the output `CallbackURL` of its stack.
 */
export function callbackUrl({ hostName, basePath }: Pick<Settings, 'hostName' | 'basePath'>): string {
  return `https://${hostName}${basePath}`;
}

/** @throws {SettingsError} if the file is missing, is not JSON, or has invalid settings */
export function readSettings(environment: EnvironmentName, file = SETTINGS_FILE): Settings {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (error) {
    const code = codeOf(error) ?? String(error);
    throw new SettingsError(file, [
      code === 'ENOENT'
        ? `it does not exist: run cp ${EXAMPLE_FILE} ${file} and edit the copy`
        : `it can't be read: ${code}`,
    ]);
  }
  let json: unknown;
  try {
    if (isUtf16(content)) throw new Error('it is encoded in UTF-16: save it as UTF-8');
    json = parseJsonFile(content.toString('utf8'));
  } catch (error) {
    throw new SettingsError(file, [
      `it is not valid JSON: ${error instanceof Error ? error.message : String(error)}`,
    ]);
  }
  return checkSettings(json, environment, file);
}

/**
 * @param json the settings file: settings for all environments, with overrides under `environments`
 * @param file named in the error
 * @returns the settings for one environment, with defaults applied
 * @throws {SettingsError} with all problems, including those of other environments
 */
export function checkSettings(json: unknown, environment: EnvironmentName, file = SETTINGS_FILE): Settings {
  if (!isObject(json)) throw new SettingsError(file, ['it must contain an object: { "projectName": …, … }']);
  const { environments = {}, ...everywhere } = json;
  const problems = new Set(environmentProblems(environments));
  const overridesOf = (name: EnvironmentName): JsonObject =>
    isObject(environments) && isObject(environments[name]) ? environments[name] : {};
  const merged = ENVIRONMENT_NAMES.map((name) => merge(everywhere, overridesOf(name)));
  const check = (name: EnvironmentName): Settings | undefined => {
    const overrides = overridesOf(name);
    const stated = withoutIdle(merge(everywhere, overrides), overrides, merged);
    const settings = withDefaults(stated, name);
    const schema = isExistingNetwork(settings['network'])
      ? settingsWithExistingNetwork
      : settingsWithNewNetwork;
    const { data, error } = schema.safeParse(settings);
    // Nobody must rename a project because of an environment that is not in use, or change the defaults of prod.
    const inUse = name === environment || (isObject(environments) && name in environments);
    for (const problem of [
      ...(error?.issues.flatMap(toProblems) ?? []),
      ...findContradictions(settings),
      ...computeProblems(stated),
      ...(inUse ? [...nameProblems(settings, name), ...concurrencyProblems(settings['lambda'])] : []),
    ]) {
      if (problems.has(problem)) continue;
      const setting = /^\w+/.exec(problem)?.[0] ?? '';
      problems.add(Object.hasOwn(overrides, setting) ? `environments.${name}.${problem}` : problem);
    }
    return data;
  };
  const [settings] = [environment, ...ENVIRONMENT_NAMES].map(check);
  if (settings === undefined || problems.size > 0) throw new SettingsError(file, [...problems]);
  return settings;
}

/** Overrides replace settings. An override for `network` is merged with it, unless it names a VPC. */
function merge(everywhere: JsonObject, overrides: JsonObject): JsonObject {
  const [common, own] = [everywhere['network'], overrides['network']];
  const network =
    isObject(common) && isObject(own) && !('vpcId' in own) ? { ...common, ...own } : (own ?? common);
  const { console: withConsole = false, ...settings } = { ...everywhere, ...overrides };
  // `false` in an environment turns off the console that the others have.
  return {
    ...settings,
    ...(withConsole !== false && { console: withConsole }),
    ...(network !== undefined && { network }),
  };
}

/** Without what has no effect in an environment, but is set for all of them, and has an effect in another one. */
function withoutIdle(settings: JsonObject, overrides: JsonObject, all: readonly JsonObject[]): JsonObject {
  const ignored = idleSettings(settings).filter(
    (name) => !Object.hasOwn(overrides, name) && all.some((other) => !idleSettings(other).includes(name)),
  );
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !ignored.includes(name)));
}

function isExistingNetwork(network: unknown): boolean {
  return isObject(network) && Object.keys(network).some(isExistingNetworkKey);
}

function environmentProblems(environments: unknown): readonly string[] {
  if (!isObject(environments)) return ['environments must be an object: { "prod": { … } }'];
  return Object.entries(environments).flatMap(([name, overrides]) => {
    if (!ENVIRONMENT_NAMES.includes(name as EnvironmentName)) {
      return [`environments.${name} is unknown: the environments are ${ENVIRONMENT_NAMES.join(', ')}`];
    }
    return isObject(overrides) ? [] : [`environments.${name} must be an object`];
  });
}

/** The keys of settings that are objects. */
const KEYS_OF: Readonly<Record<string, readonly string[]>> = {
  console: CONSOLE_SETTING_NAMES,
  lambda: LAMBDA_SETTING_NAMES,
  network: NETWORK_SETTING_NAMES,
};

function toProblems(issue: z.core.$ZodIssue): readonly string[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`));
  if (issue.code === 'unrecognized_keys') {
    const parent = issue.path[0];
    const known = parent === undefined ? SETTING_NAMES : (KEYS_OF[String(parent)] ?? []);
    return issue.keys.map((key) => unknownKeyProblem([...path, `.${key}`].join('').slice(1), key, known));
  }
  return [`${path.join('').slice(1)} ${issue.message}`];
}

function unknownKeyProblem(path: string, key: string, known: readonly string[]): string {
  const suggestion = nearest(key, known);
  // The key is valid, but not in combination with the other keys of `network`.
  if (suggestion === key) return `${path} has no effect with an existing VPC: remove it`;
  return `${path} is unknown: ${suggestion === undefined ? 'remove it' : `did you mean "${suggestion}"?`}`;
}
