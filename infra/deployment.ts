// One deployment of the handler to AWS: an environment, its settings and the names of its resources.
import { type Environment, ENVIRONMENTS } from './environments.js';
import { type EnvironmentName, type Names, namesOf } from './names.js';
import type { Settings } from './settings.js';

export interface Deployment {
  readonly environmentName: EnvironmentName;
  readonly environment: Environment;
  readonly settings: Settings;
  readonly names: Names;
}

export function createDeployment(environmentName: EnvironmentName, settings: Settings): Deployment {
  return {
    environmentName,
    environment: ENVIRONMENTS[environmentName],
    settings,
    names: namesOf(settings.projectName, environmentName),
  };
}
