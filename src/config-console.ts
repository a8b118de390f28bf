// The part of the configuration that concerns the console: in the service, and in the console's own process.
import { isIP } from 'node:net';
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
import { productionStore } from './config-store.js';
import { wholeNumber } from './config-values.js';
import { type NotifyConfig, productionNotify } from './console/notify/config.js';
import type { Signers } from './sources/signers.js';
import type { StoreConfig } from './store/open.js';
import type { TlsMode } from './tls/listener.js';

/** Default port of the console, in local mode and in its own process. */
export const CONSOLE_PORT = 3001;
/** No console here. */
const OFF = 'off';

/** The console as the service knows it. */
export interface ConsoleConfig {
  /** Of its pages, such as `https://callback.internal:8443`: what people sign is bound to it. */
  readonly origin: string;
  /** Where the service serves it; `undefined`: a process of its own does. */
  readonly port: number | undefined;
}

const ORIGIN_EXPECTED =
  'must be the address of the console as browsers show it, such as https://callback.internal:8443, or http://localhost:3001: with a host name, which passkeys need, and without a path';

const origin = z.string().refine(isOrigin, ORIGIN_EXPECTED);
const port = wholeNumber(1, 65_535);
const portOrOff = z.union([z.literal(OFF), port], `must be a whole number from 1 to 65535, or ${OFF}`);

/** Whether passkeys can be bound to it: browsers offer them over HTTPS, and on localhost. */
function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && url.hostname === 'localhost');
  return isSafe && url.origin === text && isIP(url.hostname.replace(/^\[|\]$/g, '')) === 0;
}

const OTHER_PROCESS =
  "can't be used with STORE_TABLE: the console is a process of its own there, dist/console.js. Remove it here, and keep CONSOLE_ORIGIN";

/** In production, off unless CONSOLE_ORIGIN is set. */
export const productionConsole = z
  .object({
    CONSOLE_ORIGIN: origin.optional(),
    CONSOLE_PORT: portOrOff.optional(),
    STORE_TABLE: z.string().optional(),
    STORE_PATH: z.string().optional(),
    PORT: z.string().optional(),
  })
  .check(({ value, issues }) => {
    const report = (message: string): void => {
      issues.push({ code: 'custom', path: ['CONSOLE_PORT'], input: undefined, message });
    };
    const { CONSOLE_ORIGIN, CONSOLE_PORT: given, STORE_TABLE, STORE_PATH, PORT } = value;
    if (typeof given !== 'number') return;
    if (STORE_TABLE !== undefined) report(OTHER_PROCESS);
    else if (STORE_PATH === undefined) report('is set without STORE_PATH: what people decide must be stored');
    if (CONSOLE_ORIGIN === undefined) report('is set without CONSOLE_ORIGIN: set both, or remove it');
    if (String(given) === PORT) report('is also PORT: the console needs a port of its own');
  })
  .transform(({ CONSOLE_ORIGIN, CONSOLE_PORT: given }): ConsoleConfig | undefined =>
    CONSOLE_ORIGIN === undefined ? undefined : { origin: CONSOLE_ORIGIN, port: portIn(given) },
  );

/** In local mode, on unless it is turned off, or nothing is remembered; policies with holds can be tried anyway. */
export const localConsole = z
  .object({
    CONSOLE_ORIGIN: origin.optional(),
    CONSOLE_PORT: portOrOff.optional(),
    STORE_PATH: z.string().optional(),
    PORT: z.string().optional(),
  })
  .check(({ value, issues }) => {
    const report = (message: string): void => {
      issues.push({ code: 'custom', path: ['CONSOLE_PORT'], input: undefined, message });
    };
    const { CONSOLE_PORT: given, STORE_PATH, PORT } = value;
    if (typeof given !== 'number') return;
    if (STORE_PATH === OFF) report('is set although STORE_PATH is off: what people decide must be stored');
    if (String(given) === PORT) report('is also PORT: the console needs a port of its own');
  })
  .transform((value): ConsoleConfig => {
    const { CONSOLE_PORT: given = CONSOLE_PORT, CONSOLE_ORIGIN: address, STORE_PATH } = value;
    const served = STORE_PATH === OFF ? undefined : portIn(given);
    return { origin: address ?? `http://localhost:${served ?? CONSOLE_PORT}`, port: served };
  });

function portIn(given: number | typeof OFF | undefined): number | undefined {
  return given === OFF ? undefined : given;
}

/** The configuration of the console's own process. */
export interface ConsoleProcessConfig {
  readonly host: string;
  readonly port: number;
  /** How the port serves TLS; `undefined`: plain HTTP. */
  readonly tls: TlsMode | undefined;
  readonly origin: string;
  readonly logLevel: LogLevel;
  readonly sources: PolicySources & { readonly local: false };
  readonly store: StoreConfig;
  readonly policyRefreshMs: number;
  readonly signers: Signers | undefined;
  readonly notify: NotifyConfig;
  readonly shutdownTimeoutMs: number;
}

const ownProcess = z
  .object({
    ...common,
    ...policyPlaces,
    CONSOLE_ORIGIN: z
      .string({ error: 'is not set: set it to the address of the console, as the service has it' })
      .pipe(origin),
    CONSOLE_PORT: port.default(CONSOLE_PORT),
    STORE_TABLE: z.string({ error: 'is not set: set it to the table that the service has' }),
  })
  .check(({ value, issues }) =>
    checkPlaces(value, ['POLICY_PARAMETER', 'POLICY_CANDIDATE_PARAMETER'], (name, message) =>
      issues.push({ code: 'custom', path: [name], input: undefined, message }),
    ),
  );

/**
 * @param env environment variables; an empty variable counts as not set
 * @throws {ConfigError} with all problems
 */
export function readConsoleConfig(env: NodeJS.ProcessEnv): ConsoleProcessConfig {
  const set = withoutEmpty(env);
  const own = ownProcess.safeParse(set);
  const store = productionStore.safeParse(set);
  const notify = productionNotify.safeParse(set);
  if (!own.success || !store.success || store.data === undefined || !notify.success) {
    throw new ConfigError([own, store, notify].flatMap(problemsOf));
  }
  const { data } = own;
  return {
    host: data.HOST ?? '0.0.0.0',
    port: data.CONSOLE_PORT,
    tls: data.TLS,
    origin: data.CONSOLE_ORIGIN,
    logLevel: data.LOG_LEVEL,
    sources: { local: false, ...policySources(data) },
    store: store.data,
    policyRefreshMs: (data.POLICY_REFRESH_SECONDS ?? POLICY_REFRESH_SECONDS) * 1000,
    signers: readSigners(data.POLICY_SIGNERS, data.POLICY_QUORUM),
    notify: notify.data,
    shutdownTimeoutMs: data.SHUTDOWN_TIMEOUT_MS,
  };
}
