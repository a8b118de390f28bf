// The configuration on Lambda: the same variables as on Fargate, without what needs a port or this machine's disk.
import { type Config, ConfigError, readConfig } from '../config.js';
import { FUNCTION_TIMEOUT_MS } from '../timeouts.js';

/** How long an answer may wait for what the store still does after the decision, in ms. */
export const SETTLE_LIMIT_MS = 3_000;
/** To sign the answer and to return it, in ms. */
const ANSWER_MS = 1_000;
/** Lambda ends a function that takes longer, so that the Co-signer gets an error instead of RETRY. */
const MAX_DECISION_MS = FUNCTION_TIMEOUT_MS - SETTLE_LIMIT_MS - ANSWER_MS;

const REFUSED: readonly {
  readonly name: string;
  readonly isUsed: (config: Config) => boolean;
  readonly hint: string;
}[] = [
  {
    name: 'STORE_PATH',
    isUsed: ({ store }) => store !== undefined && 'path' in store,
    hint: "this machine's disk does not last: set STORE_TABLE to the name of a DynamoDB table instead",
  },
  {
    name: 'CONSOLE_PORT',
    isUsed: ({ console }) => console?.port !== undefined,
    hint: 'nothing listens there: run the console as a service of its own',
  },
  {
    name: 'TLS',
    isUsed: ({ tls }) => tls !== undefined,
    hint: 'nothing listens there: the load balancer or the API serves TLS',
  },
];

/**
 * @param env environment variables; an empty variable counts as not set
 * @throws {ConfigError} with all problems
 */
export function readLambdaConfig(env: NodeJS.ProcessEnv): Config {
  const config = readConfig([], env);
  const problems = REFUSED.filter(({ isUsed }) => isUsed(config)).map(
    ({ name, hint }) => `${name} can't be used on Lambda: ${hint}`,
  );
  if (config.decisionTimeoutMs > MAX_DECISION_MS) {
    problems.push(
      `DECISION_TIMEOUT_MS can be at most ${MAX_DECISION_MS} on Lambda, which ends the function after ${FUNCTION_TIMEOUT_MS} ms`,
    );
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}
