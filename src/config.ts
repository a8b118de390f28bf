// Environment variables and flags → one typed configuration. Nothing else in the service reads process.env.
import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import type { KeyParameters } from './keys/parameters.js';
import { BaseError } from './protocol/error.js';
import { PORT, SHUTDOWN_TIMEOUT_MS } from './timeouts.js';
import type { Auth } from './routes/callback.js';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly logLevel: LogLevel;
  readonly auth: Auth;
  /** Where keys and policy come from. */
  readonly sources: Sources;
  readonly keyRefreshMs: number;
  readonly policyRefreshMs: number;
  readonly decisionTimeoutMs: number;
  readonly shutdownTimeoutMs: number;
}

/** Local mode: files, made on first use. */
interface LocalSources {
  readonly local: true;
  readonly keyDirectory: string;
  readonly policyFile: string;
  /** Whether the policy may be made on first use: the operator named no other. */
  readonly makePolicy: boolean;
}

interface ProductionSources extends KeyParameters {
  readonly local: false;
  /** A file, or an SSM parameter. */
  readonly policy: { readonly file: string } | { readonly parameter: string };
}

export type Sources = LocalSources | ProductionSources;

/** Keys of local mode, made on first use. */
export const LOCAL_KEY_DIRECTORY = '.local/keys';

/** The policy of production, and that of local mode, made on first use. */
export const POLICY_FILE = 'policy.yaml';
export const LOCAL_POLICY_FILE = '.local/policy.yaml';
/** How often the policy is read again in local mode, in seconds: it is being edited. */
const LOCAL_POLICY_REFRESH_SECONDS = 2;

/** The configuration is invalid; `problems` lists everything that must be changed. */
export class ConfigError extends BaseError<'CONFIG_INVALID'> {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const list = problems.map((problem) => `  - ${problem}`).join('\n');
    super('CONFIG_INVALID', `The configuration is invalid:\n${list}`);
    this.problems = problems;
  }
}

const MAX_PARAMETER_NAME = 1011;

/** Never echoed: somebody will put the key itself there one day. */
const parameterName = z
  .string({ error: 'is not set: set it to the name of the SSM parameter' })
  .max(MAX_PARAMETER_NAME, 'is too long for the name of an SSM parameter')
  .regex(/^[\w./:-]+$/, 'is not the name of an SSM parameter (letters, digits and _ . - /, or an ARN)');

const environment = z.object({
  HOST: z
    .string()
    .refine((host) => isIP(host) !== 0, 'must be an IP address, such as 0.0.0.0 or 127.0.0.1')
    .optional(),
  PORT: wholeNumber(0, 65_535).default(PORT),
  LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  CALLBACK_AUTH: z.enum(['jwt', 'json'], { error: 'must be jwt or json' }).default('jwt'),
  KEY_REFRESH_SECONDS: wholeNumber(1, 86_400).default(60),
  POLICY_FILE: z.string().optional(),
  POLICY_REFRESH_SECONDS: wholeNumber(1, 86_400).optional(),
  // Below the 30 s that the Co-signer waits, with time left to sign and send.
  DECISION_TIMEOUT_MS: wholeNumber(1, 29_000).default(25_000),
  SHUTDOWN_TIMEOUT_MS: wholeNumber(5000, 110_000).default(SHUTDOWN_TIMEOUT_MS),
});

const parameters = z
  .object({
    CALLBACK_PRIVATE_KEY_PARAMETER: parameterName,
    COSIGNER_PUBLIC_KEY_PARAMETER: parameterName,
    POLICY_PARAMETER: parameterName.optional(),
    POLICY_FILE: z.string().optional(),
  })
  .check(({ value, issues }) => {
    const names = [
      'CALLBACK_PRIVATE_KEY_PARAMETER',
      'COSIGNER_PUBLIC_KEY_PARAMETER',
      'POLICY_PARAMETER',
    ] as const;
    for (const [index, name] of names.entries()) {
      const same = names.slice(0, index).find((other) => value[other] === value[name]);
      const message = `names the same parameter as ${same}`;
      if (same !== undefined) issues.push({ code: 'custom', path: [name], input: value, message });
    }
    if (value.POLICY_PARAMETER !== undefined && value.POLICY_FILE !== undefined) {
      const message = 'is set, and so is POLICY_FILE: keep one of them';
      issues.push({ code: 'custom', path: ['POLICY_PARAMETER'], input: value, message });
    }
  });

/** In local mode AWS is not used. */
const localParameters = z.object({
  POLICY_PARAMETER: z.undefined('has no use in local mode: set POLICY_FILE').optional(),
});

/**
 * @param args command-line arguments, without the program's name
 * @param env environment variables; an empty one counts as not set
 * @throws {ConfigError} with every problem at once
 */
export function readConfig(args: readonly string[], env: NodeJS.ProcessEnv): Config {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const flags = readFlags(args);
  const common = environment.safeParse(set);
  const names = flags.local ? undefined : parameters.safeParse(set);
  const local = flags.local ? localParameters.safeParse(set) : undefined;

  if (!common.success || names?.success === false || local?.success === false || flags.problems.length > 0) {
    throw new ConfigError([...flags.problems, ...[common, names, local].flatMap(problemsOf)]);
  }
  const { data } = common;
  const policyRefreshSeconds =
    data.POLICY_REFRESH_SECONDS ?? (flags.local ? LOCAL_POLICY_REFRESH_SECONDS : 60);
  return {
    host: data.HOST ?? (flags.local ? '127.0.0.1' : '0.0.0.0'),
    port: data.PORT,
    logLevel: data.LOG_LEVEL,
    auth: data.CALLBACK_AUTH,
    sources:
      names === undefined
        ? {
            local: true,
            keyDirectory: LOCAL_KEY_DIRECTORY,
            policyFile: data.POLICY_FILE ?? LOCAL_POLICY_FILE,
            makePolicy: data.POLICY_FILE === undefined,
          }
        : {
            local: false,
            callbackPrivateKeyParameter: names.data.CALLBACK_PRIVATE_KEY_PARAMETER,
            cosignerPublicKeyParameter: names.data.COSIGNER_PUBLIC_KEY_PARAMETER,
            policy:
              names.data.POLICY_PARAMETER === undefined
                ? { file: data.POLICY_FILE ?? POLICY_FILE }
                : { parameter: names.data.POLICY_PARAMETER },
          },
    keyRefreshMs: data.KEY_REFRESH_SECONDS * 1000,
    policyRefreshMs: policyRefreshSeconds * 1000,
    decisionTimeoutMs: data.DECISION_TIMEOUT_MS,
    shutdownTimeoutMs: data.SHUTDOWN_TIMEOUT_MS,
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
    if (token.kind === 'positional')
      return [`argument "${token.value}" is not known: the only flag is --local`];
    if (token.kind === 'option' && (token.name !== 'local' || token.value !== undefined)) {
      return [`argument "${token.rawName}" is not known: the only flag is --local`];
    }
    return [];
  });
  return { local: values['local'] === true, problems };
}

function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, { error, abort: true })
    .transform(Number)
    .refine((value) => value >= min && value <= max, error);
}

function problemsOf(result: z.ZodSafeParseResult<unknown> | undefined): readonly string[] {
  return result?.error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`) ?? [];
}
