// The five stacks of one environment, and what each hands to the next.
import type { App } from 'aws-cdk-lib';
import { DEFAULT_CROSS_STACK_REFERENCES, FLAGS } from 'aws-cdk-lib/cx-api';
import type { EnvironmentName } from './names.js';
import type { Settings } from './settings.js';
import { deploymentOf } from './stack.js';
import { CallbackStack } from './stacks/callback.js';
import { CosignerStack } from './stacks/cosigner.js';
import { FoundationStack } from './stacks/foundation.js';
import { ImageStack } from './stacks/image.js';
import { SecurityStack } from './stacks/security.js';

export function buildStacks(app: App, environment: EnvironmentName, settings: Settings): void {
  setFlags(app);
  const deployment = deploymentOf(environment, settings);
  const foundation = new FoundationStack(app, deployment);
  const { network, logBucket } = foundation;
  const security = new SecurityStack(app, deployment, { network });
  const { key, groupIds, taskRole, executionRole } = security;
  const image = new ImageStack(app, deployment, { key, logBucket });
  const { repository } = image;
  const callback = new CallbackStack(app, deployment, {
    network,
    groupIds,
    key,
    taskRole,
    executionRole,
    repository,
    logBucket,
  });
  if (settings.cosigner) {
    new CosignerStack(app, deployment, {
      network,
      securityGroupId: groupIds.cosigner,
      key,
      logBucket,
      alarmTopic: callback.alarmTopic,
    });
  }
}

/** CDK's own recommendations for new applications. They change with its version, which the lock file names. */
function setFlags(app: App): void {
  for (const [flag, { recommendedValue, introducedIn }] of Object.entries(FLAGS)) {
    if (introducedIn.v2 !== undefined) app.node.setContext(flag, recommendedValue);
  }
  // What a stack uses of another can't be taken away from under it.
  app.node.setContext(DEFAULT_CROSS_STACK_REFERENCES, 'strong');
}
