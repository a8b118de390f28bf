// The settings `compute`, `front` and `lambda`: what runs the handler, and what the Co-signer calls.
import * as z from 'zod';
import type { EnvironmentName } from '../names.js';
import { isObject, type JsonObject } from './json.js';

/** The limit of an account, unless AWS has raised it. */
const MOST = 1000;

const concurrency = (least: number) =>
  z
    .int('must be a whole number of concurrent requests')
    .min(least, `must be at least ${least}`)
    .max(MOST, `must be at most ${MOST}`);

export const lambdaSetting = z.strictObject(
  {
    /**
     * How many requests the function answers at the same time, at most. AWS reserves as many for it, and throttles more.
     * @default - no limit but that of the account, which the function shares with all others
     */
    reservedConcurrency: concurrency(1).optional(),
    /**
     * For how many requests at the same time an environment is always kept ready, so that they need no cold start.
     * @default 1 in prod, 0 elsewhere
     */
    provisionedConcurrency: concurrency(0),
  },
  {
    error: ({ code }) =>
      code === 'unrecognized_keys' ? undefined : 'must be an object such as {"provisionedConcurrency": 1}',
  },
);

/** Keys of `lambda`. */
export const LAMBDA_SETTING_NAMES = Object.keys(lambdaSetting.shape);

/**
 * Defaults of these settings, and of those that the load balancer needs: an API has neither a hostname nor a certificate
 * of ours, so that nothing uses these two.
 * @param settings not yet validated
 */
export function computeDefaults(
  { compute, front, lambda = compute === 'lambda' ? {} : undefined }: JsonObject,
  environment: EnvironmentName,
): JsonObject {
  const provisionedConcurrency = environment === 'prod' ? 1 : 0;
  return {
    ...(lambda !== undefined && {
      lambda: isObject(lambda) ? { provisionedConcurrency, ...lambda } : lambda,
    }),
    ...(front === 'api' && { hostName: 'callback.internal', certificate: 'private' }),
  };
}

/** @returns the settings that have no effect with what runs the handler */
export function idleSettings({ compute = 'fargate', console: withConsole }: JsonObject): readonly string[] {
  if (compute !== 'lambda') return ['lambda'];
  return ['desiredCount', 'maxCount', ...(withConsole === undefined ? ['tlsToTask'] : [])];
}

/**
 * Finds settings that have no effect with what runs the handler, or that it can't do.
 * @param stated the settings as they are written, without defaults, and not yet validated against the schema
 */
export function computeProblems(stated: JsonObject): string[] {
  const { compute = 'fargate', front = 'alb', auth, lambda, console: withConsole } = stated;
  const problems: string[] = [];
  if (compute === 'fargate') {
    if (front === 'api') problems.push('front is "api", which needs "compute": "lambda"');
    if (lambda !== undefined) problems.push('lambda has no effect without "compute": "lambda": remove it');
  }
  if (compute === 'lambda') {
    const ofTasks = ['desiredCount', 'maxCount'].filter((name) => stated[name] !== undefined);
    problems.push(...ofTasks.map((name) => `${name} has no effect with "compute": "lambda": remove it`));
    if (stated['tlsToTask'] !== undefined && withConsole === undefined)
      problems.push('tlsToTask has no effect with "compute": "lambda", unless there is a console: remove it');
  }
  if (front === 'api' && withConsole !== undefined)
    problems.push('console needs "front": "alb", because it is a service behind the load balancer');
  if (front === 'api' && auth === 'json') {
    problems.push(
      'auth is "json", which needs a certificate of your own, but Amazon issues and renews that of an API: use "front": "alb", or "auth": "jwt"',
    );
  }
  return [...problems, ...endpointProblems(stated)];
}

/** @param lambda with defaults, and not yet validated against the schema */
export function concurrencyProblems(lambda: unknown): string[] {
  if (!isObject(lambda)) return [];
  const { reservedConcurrency: reserved, provisionedConcurrency: provisioned } = lambda;
  if (typeof reserved !== 'number' || typeof provisioned !== 'number') return [];
  if (provisioned === 0 || reserved > provisioned) return [];
  return [
    `lambda.reservedConcurrency is ${reserved}, but provisionedConcurrency is ${provisioned}: it must be greater, so that a deployment can check a new version`,
  ];
}

function endpointProblems({ front, network }: JsonObject): string[] {
  if (front !== 'api' || !isObject(network) || network['endpoints'] !== 'existing') return [];
  return network['executeApiEndpointId'] === undefined
    ? ['network.executeApiEndpointId is missing: "front": "api" with "endpoints": "existing" needs it']
    : [];
}
