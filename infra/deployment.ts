// One deployment of the handler to AWS: an environment, its settings and the names of its resources.
import { ENVIRONMENTS, type Sizing } from './environments.js';
import { type EnvironmentName, type Names, namesOf } from './names.js';
import type { Settings } from './settings.js';

export interface Deployment {
  readonly environment: EnvironmentName;
  readonly sizing: Sizing;
  readonly settings: Settings;
  readonly names: Names;
}

export function createDeployment(environment: EnvironmentName, settings: Settings): Deployment {
  return {
    environment,
    sizing: ENVIRONMENTS[environment],
    settings,
    names: namesOf(settings.projectName, environment),
  };
}
