// The CDK application: `npx cdk synth -c env=dev`.
import { App } from 'aws-cdk-lib';
import { ENVIRONMENT_NAMES, type EnvironmentName } from './names.js';
import { readSettings, SettingsError } from './settings.js';
import { buildStacks } from './stacks.js';

const app = new App();
try {
  const environment: unknown = app.node.tryGetContext('env');
  if (!isEnvironmentName(environment)) {
    throw new SettingsError('The CDK context', [`-c env=… must be one of ${ENVIRONMENT_NAMES.join(', ')}`]);
  }
  buildStacks(app, environment, readSettings(environment));
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  console.error(error.message);
  process.exit(1);
}

function isEnvironmentName(name: unknown): name is EnvironmentName {
  return ENVIRONMENT_NAMES.includes(name as EnvironmentName);
}
