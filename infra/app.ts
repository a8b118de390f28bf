// The CDK application: `npx cdk synth -c env=dev`, or `-c env=dev -c leaving=function,api` while these are replaced.
import { App } from 'aws-cdk-lib';
import { type Leaving, LEAVING } from './deployment.js';
import { ENVIRONMENT_NAMES, type EnvironmentName } from './names.js';
import { readSettings, SettingsError } from './settings.js';
import { buildStacks } from './stacks.js';

const app = new App();
try {
  const environment: unknown = app.node.tryGetContext('env');
  if (!isEnvironmentName(environment)) {
    throw new SettingsError('The CDK context', [`-c env=… must be one of ${ENVIRONMENT_NAMES.join(', ')}`]);
  }
  buildStacks(app, environment, readSettings(environment), parseLeaving(app.node.tryGetContext('leaving')));
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  console.error(error.message);
  process.exit(1);
}

function isEnvironmentName(name: unknown): name is EnvironmentName {
  return ENVIRONMENT_NAMES.includes(name as EnvironmentName);
}

/** @param text names, separated by commas; undefined if nothing is replaced */
function parseLeaving(text: unknown): Leaving {
  const names = typeof text === 'string' ? text.split(',') : [];
  const known = LEAVING.filter((name) => names.includes(name));
  if (known.length < names.length)
    throw new SettingsError('The CDK context', [`-c leaving=… must name ${LEAVING.join(', ')}`]);
  return new Set(known);
}
