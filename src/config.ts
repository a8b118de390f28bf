// Reads environment variables and flags into one typed configuration. Only the health check reads variables directly.
import { parseArgs } from 'node:util';
import * as z from 'zod';
import {
  checkPlaces,
  common,
  ConfigError,
  type LogLevel,
  POLICY_REFRESH_SECONDS,
  policyPlaces,
  policySources,
  type PolicySources,
  problemsOf,
  readSigners,
  withoutEmpty,
} from './config-common.js';
import { type ConsoleConfig, localConsole, productionConsole } from './config-console.js';
import { localStore, productionStore } from './config-store.js';
import { basePath, parameterName, wholeNumber } from './config-values.js';
import { localNotify, type NotifyConfig, productionNotify } from './console/notify/config.js';
import type { KeyParameters } from './keys/parameters.js';
import type { KeyWithdrawal } from './keys/ring.js';
import type { Signers } from './sources/signers.js';
import { PORT } from './timeouts.js';
import type { TlsMode } from './tls/listener.js';
import type { StoreConfig } from './store/open.js';
import type { Auth } from './routes/callback.js';

export { ConfigError, type LogLevel, POLICY_FILE } from './config-common.js';

export interface Config {
  readonly host: string;
  readonly port: number;
  /** How the port and the console's serve TLS; `undefined`: plain HTTP. */
  readonly tls: TlsMode | undefined;
  readonly logLevel: LogLevel;
  readonly auth: Auth;
  /** Where keys and policy are read from. */
  readonly sources: SourceConfig;
  /** Where decisions are remembered; `undefined`: nowhere. Always set in local mode. */
  readonly store: StoreConfig | undefined;
  /** Where people decide; `undefined`: nowhere, and a policy with holds is refused. */
  readonly console: ConsoleConfig | undefined;
  /** How the console notifies people. */
  readonly notify: NotifyConfig;
  readonly keyRefreshMs: number;
  readonly policyRefreshMs: number;
  /** Whose signatures a policy needs; `undefined`: none. */
  readonly signers: Signers | undefined;
  /** What to do when the stored Co-signer keys are deleted or replaced by a value without a usable key. */
  readonly keyWithdrawal: KeyWithdrawal;
  /** How long keys and policy may go without being confirmed by their source before every decision is RETRY. */
  readonly maxStalenessMs: number | undefined;
  /** Path of the base URL that the Co-signer is given: empty, or with a slash at its start and none at its end. */
  readonly basePath: string;
  /** Bound on the memory that all requests together may hold. By default, it depends on the machine's memory. */
  readonly maxRequestMemoryBytes: number | undefined;
  readonly decisionTimeoutMs: number;
  readonly shutdownTimeoutMs: number;
}

const KEY_WITHDRAWALS = ['keep', 'refuse'] as const satisfies readonly KeyWithdrawal[];

/** Local mode reads files, which it creates on first use. */
interface LocalSources {
  readonly local: true;
  readonly keyDirectory: string;
  readonly policyFile: string;
  /** File with the emergency stop. */
  readonly stopFile: string;
  /** File with the candidate. */
  readonly candidateFile: string;
  /** Whether to create the policy if it does not exist. True only if the operator has not set POLICY_FILE. */
  readonly createPolicy: boolean;
}

interface ProductionSources extends KeyParameters, PolicySources {
  readonly local: false;
  /** SSM parameter with the emergency stop. */
  readonly stopParameter: string | undefined;
}

export type SourceConfig = LocalSources | ProductionSources;

/** Local-mode key directory. */
export const LOCAL_KEY_DIRECTORY = '.local/keys';

/** Default policy file in local mode. */
export const LOCAL_POLICY_FILE = '.local/policy.yaml';
/** The emergency stop in local mode. */
export const LOCAL_STOP_FILE = '.local/stop';
/** The candidate in local mode. */
export const LOCAL_CANDIDATE_FILE = '.local/candidate.yaml';
/** Default path of the base URL. */
export const BASE_PATH = '/callback';
/** How often local mode rereads the policy, in seconds. Short, because the user is editing it. */
const LOCAL_POLICY_REFRESH_SECONDS = 2;

const environment = z.object({
  ...common,
  PORT: wholeNumber(0, 65_535).default(PORT),
  CALLBACK_AUTH: z.enum(['jwt', 'json'], { error: 'must be jwt or json' }).default('jwt'),
  BASE_PATH: basePath.default(BASE_PATH),
  KEY_REFRESH_SECONDS: wholeNumber(1, 86_400).default(60),
  KEY_WITHDRAWAL: z.enum(KEY_WITHDRAWALS, { error: 'must be keep or refuse' }).default('keep'),
  MAX_REQUEST_MEMORY_MIB: wholeNumber(64, 65_536).optional(),
  MAX_STALENESS_SECONDS: wholeNumber(1, 86_400).optional(),
  // The Co-signer waits 30 s; signing and sending the response also take time.
  DECISION_TIMEOUT_MS: wholeNumber(1, 29_000).default(25_000),
});

const parameters = z
  .object({
    ...policyPlaces,
    CALLBACK_PRIVATE_KEY_PARAMETER: parameterName,
    COSIGNER_PUBLIC_KEY_PARAMETER: parameterName,
    STOP_PARAMETER: parameterName.optional(),
    POLICY_FILE: z.string().optional(),
  })
  .check(({ value, issues }) => {
    const names = [
      'CALLBACK_PRIVATE_KEY_PARAMETER',
      'COSIGNER_PUBLIC_KEY_PARAMETER',
      'POLICY_PARAMETER',
      'STOP_PARAMETER',
      'POLICY_CANDIDATE_PARAMETER',
    ] as const;
    checkPlaces(value, names, (name, message) =>
      issues.push({ code: 'custom', path: [name], input: value, message }),
    );
  });

/** Local mode does not use AWS. */
const localParameters = z.object({
  POLICY_PARAMETER: z.undefined("can't be used in local mode: set POLICY_FILE instead").optional(),
  STOP_PARAMETER: z
    .undefined('can\'t be used in local mode: use "npm run policy -- stop --local" instead')
    .optional(),
  POLICY_CANDIDATE_PARAMETER: z
    .undefined(`can't be used in local mode: store the candidate in ${LOCAL_CANDIDATE_FILE} instead`)
    .optional(),
  TLS: z.undefined("can't be used in local mode, which serves plain HTTP").optional(),
  POLICY_BUCKET: z.undefined("can't be used in local mode, which does not use AWS").optional(),
});

/**
 * @param args command-line arguments without the program's name
 * @param env environment variables; an empty variable counts as not set
 * @throws {ConfigError} with all problems
 */
export function readConfig(args: readonly string[], env: NodeJS.ProcessEnv): Config {
  const set = withoutEmpty(env);
  const flags = readFlags(args);
  const general = environment.safeParse(set);
  const names = flags.local ? undefined : parameters.safeParse(set);
  const local = flags.local ? localParameters.safeParse(set) : undefined;
  const store = (flags.local ? localStore : productionStore).safeParse(set);
  const console = (flags.local ? localConsole : productionConsole).safeParse(set);
  const notify = (flags.local ? localNotify : productionNotify).safeParse(set);

  const areNamed = names?.success !== false && local?.success !== false;
  const arePlaced = general.success && store.success && console.success && notify.success;
  if (!arePlaced || !areNamed || flags.problems.length > 0) {
    const results = [general, names, local, store, console, notify];
    throw new ConfigError([...flags.problems, ...new Set(results.flatMap(problemsOf))]);
  }
  const { data } = general;
  const policyRefreshSeconds =
    data.POLICY_REFRESH_SECONDS ?? (flags.local ? LOCAL_POLICY_REFRESH_SECONDS : POLICY_REFRESH_SECONDS);
  const signers = readSigners(data.POLICY_SIGNERS, data.POLICY_QUORUM);
  assertCanNotify(console.data, notify.data);
  assertStalenessReachable(data.MAX_STALENESS_SECONDS, data.KEY_REFRESH_SECONDS, policyRefreshSeconds);
  return {
    host: data.HOST ?? (flags.local ? '127.0.0.1' : '0.0.0.0'),
    port: data.PORT,
    tls: data.TLS,
    logLevel: data.LOG_LEVEL,
    auth: data.CALLBACK_AUTH,
    sources: names === undefined ? localSources(data.POLICY_FILE) : productionSources(names.data),
    keyRefreshMs: data.KEY_REFRESH_SECONDS * 1000,
    policyRefreshMs: policyRefreshSeconds * 1000,
    signers,
    store: store.data,
    console: console.data,
    notify: notify.data,
    keyWithdrawal: data.KEY_WITHDRAWAL,
    maxStalenessMs: scaled(data.MAX_STALENESS_SECONDS, 1000),
    basePath: data.BASE_PATH,
    maxRequestMemoryBytes: scaled(data.MAX_REQUEST_MEMORY_MIB, 1024 * 1024),
    decisionTimeoutMs: data.DECISION_TIMEOUT_MS,
    shutdownTimeoutMs: data.SHUTDOWN_TIMEOUT_MS,
  };
}

/** The console notifies people, wherever it is. @throws {ConfigError} */
function assertCanNotify(console: ConsoleConfig | undefined, { topic, webhook }: NotifyConfig): void {
  if (console?.port !== undefined || (topic === undefined && webhook === undefined)) return;
  const name = topic === undefined ? 'NOTIFY_WEBHOOK' : 'NOTIFY_TOPIC';
  throw new ConfigError([
    `${name} is set, but this process serves no console: set CONSOLE_PORT, or remove it`,
  ]);
}

/** Between two reads, keys and policy are always a little stale. @throws {ConfigError} */
function assertStalenessReachable(maxSeconds: number | undefined, ...refreshSeconds: number[]): void {
  const least = 2 * Math.max(...refreshSeconds);
  if (maxSeconds !== undefined && maxSeconds < least) {
    throw new ConfigError([
      `MAX_STALENESS_SECONDS must be at least ${least}: twice the longer of KEY_REFRESH_SECONDS and POLICY_REFRESH_SECONDS`,
    ]);
  }
}

function scaled(value: number | undefined, unit: number): number | undefined {
  return value === undefined ? undefined : value * unit;
}

function localSources(policyFile: string | undefined): LocalSources {
  return {
    local: true,
    keyDirectory: LOCAL_KEY_DIRECTORY,
    policyFile: policyFile ?? LOCAL_POLICY_FILE,
    stopFile: LOCAL_STOP_FILE,
    candidateFile: LOCAL_CANDIDATE_FILE,
    createPolicy: policyFile === undefined,
  };
}

function productionSources(names: z.output<typeof parameters>): ProductionSources {
  return {
    local: false,
    callbackPrivateKeyParameter: names.CALLBACK_PRIVATE_KEY_PARAMETER,
    cosignerPublicKeyParameter: names.COSIGNER_PUBLIC_KEY_PARAMETER,
    ...policySources(names),
    stopParameter: names.STOP_PARAMETER,
  };
}

function readFlags(args: readonly string[]): { local: boolean; problems: readonly string[] } {
  const { values, tokens } = parseArgs({
    args: [...args],
    options: { local: { type: 'boolean' } },
    strict: false,
    tokens: true,
  });
  const problems = tokens.flatMap((token) => {
    if (token.kind === 'positional') return [unknownArgument(token.value)];
    if (token.kind === 'option' && (token.name !== 'local' || token.value !== undefined)) {
      return [unknownArgument(token.rawName)];
    }
    return [];
  });
  return { local: values['local'] === true, problems };
}

function unknownArgument(argument: string): string {
  return `unknown argument "${argument}": the only flag is --local, without a value`;
}
