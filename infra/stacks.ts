// Creates the stacks for one deployment, and passes each stack's outputs to the next.
import type { App } from 'aws-cdk-lib';
import { DEFAULT_CROSS_STACK_REFERENCES, FLAGS } from 'aws-cdk-lib/cx-api';
import { createDeployment, type Leaving } from './deployment.js';
import type { EnvironmentName } from './names.js';
import type { Settings } from './settings.js';
import { ApiStack } from './stacks/api.js';
import { CallbackStack } from './stacks/callback.js';
import { ConsoleStack } from './stacks/console.js';
import { CosignerStack } from './stacks/cosigner.js';
import { FoundationStack } from './stacks/foundation.js';
import { FunctionStack } from './stacks/function.js';
import { ImageStack } from './stacks/image.js';
import { SecurityStack } from './stacks/security.js';

/** @param leaving what must still work, although the settings do not call for it any more */
export function buildStacks(
  app: App,
  environment: EnvironmentName,
  settings: Settings,
  leaving?: Leaving,
): void {
  setFeatureFlags(app);
  const deployment = createDeployment(environment, settings, leaving);
  const { network, logBucket } = new FoundationStack(app, 'foundation', { deployment });
  const { key, securityGroupIds, policyBucket, store, taskRoles } = new SecurityStack(app, 'security', {
    deployment,
    network,
    logBucket,
  });
  const image = new ImageStack(app, 'image', { deployment, key, logBucket });
  const { repository } = image;
  const handler = { deployment, network, securityGroupIds, key, policyBucket, store };
  const runs = settings.compute === 'lambda' ? new FunctionStack(app, 'function', handler) : undefined;
  const front =
    settings.front === 'alb'
      ? new CallbackStack(app, 'callback', { ...handler, taskRoles, repository, logBucket })
      : new ApiStack(app, 'api', handler);
  // The repository and the function are referred to by their names, which are known before.
  runs?.addStackDependency(image);
  if (runs !== undefined) front.addStackDependency(runs);
  const { alarmTopic } = front;
  if (settings.console !== undefined && front instanceof CallbackStack) {
    new ConsoleStack(app, 'console', {
      deployment,
      console: settings.console,
      network,
      key,
      policyBucket,
      store,
      repository,
      loadBalancer: front.loadBalancer,
      loadBalancerGroupId: front.consoleGroupId,
      certificate: front.certificate,
      alarmTopic,
    });
  }
  if (settings.cosigner) {
    new CosignerStack(app, 'cosigner', {
      deployment,
      network,
      securityGroupId: securityGroupIds.cosigner,
      key,
      logBucket,
      alarmTopic,
    });
  }
}

/** Sets every feature flag to CDK's recommendation for new applications. The CDK version is pinned by the lock file. */
function setFeatureFlags(app: App): void {
  for (const [flag, { recommendedValue, introducedIn }] of Object.entries(FLAGS)) {
    if (introducedIn.v2 !== undefined) app.node.setContext(flag, recommendedValue);
  }
  // ProjectStack makes each weak reference a parameter.
  app.node.setContext(DEFAULT_CROSS_STACK_REFERENCES, 'weak');
}
