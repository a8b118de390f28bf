// Why a process can't start, and how it says so.
import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import type { ConfigError } from './config-common.js';
import type { UnusableCallbackKeyError } from './keys/refresh.js';
import type { PolicyError } from './policy/parse/problem.js';
import { BaseError, codeOf } from './protocol/error.js';
import type { MissingPolicyError } from './sources/policy.js';
import type { SourceError } from './sources/source.js';
import type { StoreError } from './store/error.js';

export class ListenError extends BaseError<'LISTEN_FAILED'> {
  /** @param variable sets the port */
  constructor(
    cause: unknown,
    { host, port }: { readonly host: string; readonly port: number },
    variable: 'PORT' | 'CONSOLE_PORT' = 'PORT',
  ) {
    const code = codeOf(cause) ?? String(cause);
    const hint =
      {
        EADDRINUSE: `another process is listening there: stop it, or set ${variable}`,
        EACCES: `this user may not listen there: set ${variable} to 1024 or above`,
        EADDRNOTAVAIL: 'this machine does not have that address: set HOST',
      }[code] ?? `check HOST and ${variable}`;
    super('LISTEN_FAILED', `Can't listen on ${host}:${port} (${code}): ${hint}`, { cause });
  }
}

/** Errors at startup whose messages say what to do. */
type BootError =
  | ConfigError
  | PolicyError
  | SourceError
  | MissingPolicyError
  | UnusableCallbackKeyError
  | StoreError
  | ListenError;

function isBootError(error: unknown): error is BootError {
  return error instanceof BaseError;
}

/** Logs why the process can't start, and exits with code 1. */
export function fail(log: Logger, error: unknown): never {
  logFailure(log, error);
  process.exit(1);
}

/** Logs why the process can't start. */
export function logFailure(log: Logger, error: unknown): void {
  const expected = isBootError(error) ? error : undefined;
  switch (expected?.code) {
    case 'CONFIG_INVALID':
      log.fatal({ event: 'boot_failed', problems: expected.problems }, expected.message);
      break;
    case 'POLICY_INVALID': {
      const { problems, report } = expected.brief;
      log.fatal({ event: 'boot_failed', problems }, `the policy is invalid:\n${report}`);
      break;
    }
    case 'SOURCE_UNREADABLE':
    case 'POLICY_MISSING':
    case 'CALLBACK_KEY_UNUSABLE':
    case 'LISTEN_FAILED':
    case 'STORE_FAILED':
      log.fatal({ event: 'boot_failed', reason: expected.message }, expected.message);
      break;
    default:
      log.fatal({ event: 'boot_failed', err: error }, 'unexpected error at startup');
  }
}

export function readVersion(): string {
  const file = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { version: string }).version;
}
