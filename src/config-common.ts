// What the configurations of the service and of the console's own process have in common.
import { isIP } from 'node:net';
import * as z from 'zod';
import { bucketName, parameterName, wholeNumber } from './config-values.js';
import { BaseError } from './protocol/error.js';
import { parseSigners, type Signers } from './sources/signers.js';
import { SHUTDOWN_TIMEOUT_MS } from './timeouts.js';
import { TLS_MODES } from './tls/listener.js';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Default policy file in production. */
export const POLICY_FILE = 'policy.yaml';
export const POLICY_REFRESH_SECONDS = 60;

/** Where the policy is read from in production. */
export interface PolicySources {
  /** A file or an SSM parameter. */
  readonly policy: { readonly file: string } | { readonly parameter: string };
  /** SSM parameter with the candidate, which is compared with the policy and decides nothing. */
  readonly candidateParameter: string | undefined;
  /** Bucket with the signatures of the newest policy. */
  readonly policyBucket: string | undefined;
}

/** The configuration is invalid. `problems` lists everything that must be changed. */
export class ConfigError extends BaseError<'CONFIG_INVALID'> {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const list = problems.map((problem) => `  - ${problem}`).join('\n');
    super('CONFIG_INVALID', `The configuration is invalid:\n${list}`);
    this.problems = problems;
  }
}

/** Variables of every process. */
export const common = {
  HOST: z
    .string()
    .refine((host) => isIP(host) !== 0, 'must be an IP address, such as 0.0.0.0 or 127.0.0.1')
    .optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  POLICY_FILE: z.string().optional(),
  POLICY_REFRESH_SECONDS: wholeNumber(1, 86_400).optional(),
  POLICY_SIGNERS: z.string().optional(),
  POLICY_QUORUM: wholeNumber(1, 100).optional(),
  SHUTDOWN_TIMEOUT_MS: wholeNumber(5000, 110_000).default(SHUTDOWN_TIMEOUT_MS),
  TLS: z
    .enum(TLS_MODES, { error: `must be ${TLS_MODES.join(' or ')}; without it, the port serves plain HTTP` })
    .optional(),
};

/** Variables that say where the policy is read from in production, besides POLICY_FILE. */
export const policyPlaces = {
  POLICY_PARAMETER: parameterName.optional(),
  POLICY_CANDIDATE_PARAMETER: parameterName.optional(),
  POLICY_BUCKET: bucketName.optional(),
};

type PolicyPlaces = Readonly<Partial<Record<keyof typeof policyPlaces | 'POLICY_FILE', string | undefined>>>;

export function policySources(places: PolicyPlaces): PolicySources {
  const { POLICY_PARAMETER: parameter, POLICY_FILE: file = POLICY_FILE } = places;
  return {
    policy: parameter === undefined ? { file } : { parameter },
    candidateParameter: places.POLICY_CANDIDATE_PARAMETER,
    policyBucket: places.POLICY_BUCKET,
  };
}

/** Reports names of parameters that are used twice, and two places for one policy. */
export function checkPlaces<Value extends PolicyPlaces>(
  value: Value,
  names: readonly (keyof Value & string)[],
  report: (name: string, message: string) => void,
): void {
  for (const [index, name] of names.entries()) {
    if (value[name] === undefined) continue;
    const same = names.slice(0, index).find((other) => value[other] === value[name]);
    if (same !== undefined) report(name, `names the same parameter as ${same}`);
  }
  if (value.POLICY_PARAMETER !== undefined && value.POLICY_FILE !== undefined) {
    report('POLICY_PARAMETER', 'is set together with POLICY_FILE: remove one of them');
  }
}

/** @throws {ConfigError} */
export function readSigners(list: string | undefined, quorum: number | undefined): Signers | undefined {
  if (list === undefined) {
    if (quorum === undefined) return undefined;
    throw new ConfigError(['POLICY_QUORUM is set without POLICY_SIGNERS: set both, or remove it']);
  }
  const signers = parseSigners(list, quorum);
  if (!('problems' in signers)) return signers;
  throw new ConfigError(signers.problems.map((problem) => `POLICY_SIGNERS: ${problem}`));
}

/** An empty variable counts as not set. */
export function withoutEmpty(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}

export function problemsOf(result: z.ZodSafeParseResult<unknown> | undefined): readonly string[] {
  return result?.error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`) ?? [];
}
