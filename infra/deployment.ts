// One deployment of the handler to AWS: an environment, its settings and the names of its resources.
import { ENVIRONMENTS, type Sizing } from './environments.js';
import { type EnvironmentName, type Names, namesOf } from './names.js';
import type { Settings } from './settings.js';

/**
 * What is deployed, and not called for by the settings any more, but must work until what replaces it does:
 * - `fargate`: the handler's tasks. The network keeps the endpoints that they need.
 * - `function`: the load balancer still sends requests to the function, and to no task yet.
 * - `api`: the Co-signer still calls the API. The network keeps its endpoint.
 */
export const LEAVING = ['fargate', 'function', 'api'] as const;
export type Leaving = ReadonlySet<(typeof LEAVING)[number]>;

export interface Deployment {
  readonly environment: EnvironmentName;
  readonly sizing: Sizing;
  readonly settings: Settings;
  readonly names: Names;
  readonly leaving: Leaving;
}

/** @param leaving only while something is replaced */
export function createDeployment(
  environment: EnvironmentName,
  settings: Settings,
  leaving: Leaving = new Set(),
): Deployment {
  return {
    environment,
    sizing: ENVIRONMENTS[environment],
    settings,
    names: namesOf(settings.projectName, environment),
    leaving,
  };
}

/** Whether tasks of ECS run the handler, or still do. */
export function runsTasks({ settings, leaving }: Deployment): boolean {
  return settings.compute === 'fargate' || leaving.has('fargate');
}

/** Whether something invokes the function, or still does. */
export function runsFunction({ settings, leaving }: Deployment): boolean {
  return settings.compute === 'lambda' || leaving.has('function') || leaving.has('api');
}

/** Whether the Co-signer calls the API, or still does. */
export function hasApi({ settings, leaving }: Deployment): boolean {
  return settings.front === 'api' || leaving.has('api');
}
