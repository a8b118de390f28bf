// All checks, from outside in: the first that is wrong is what the doctor names as the next to fix.
import type { Settings } from '../../infra/settings.js';
import { frontStack, handlerStack } from '../aws/handler.js';
import type { Check } from './check.js';
import { credentials, stacks } from './checks/stacks.js';
import { certificate } from './checks/certificate.js';
import { api } from './checks/api.js';
import { consoleService } from './checks/console.js';
import { cloudTrail, configRecorder } from './checks/evidence.js';
import { functionAlias, functionTarget } from './checks/function.js';
import { alarms, log, subscriptions } from './checks/monitoring.js';
import { endpoints, hostName, securityGroups } from './checks/network.js';
import { listener, loadBalancer } from './checks/load-balancer.js';
import { callbackKey, cosignerKeys, emergencyStop, policy, policyCases } from './checks/parameters.js';
import { service, targets } from './checks/service.js';
import { archive, table } from './checks/store.js';

/** @returns the checks of what the settings call for */
export function checksFor(settings: Pick<Settings, 'compute' | 'front'>): readonly Check[] {
  const [handler, front] = [handlerStack(settings), frontStack(settings)];
  const behindLoadBalancer: readonly Check[] = [
    { name: 'load balancer', needs: ['callback'], run: loadBalancer },
    { name: 'private hostname', needs: ['callback'], run: hostName },
    { name: 'certificate', needs: ['callback'], run: certificate },
    { name: 'listener', needs: ['callback'], run: listener },
  ];
  const tasks: readonly Check[] = [
    { name: 'service', needs: ['callback'], run: service },
    { name: 'targets', needs: ['callback'], run: targets },
  ];
  return [
    { name: 'credentials', run: credentials },
    { name: 'stacks', run: stacks },
    ...(front === 'callback' ? behindLoadBalancer : [{ name: 'API', needs: ['api'], run: api } as const]),
    { name: 'security groups', needs: ['security'], run: securityGroups },
    ...(handler === 'callback'
      ? tasks
      : [{ name: 'function', needs: ['function'], run: functionAlias } as const]),
    ...(handler === 'function' && front === 'callback'
      ? [{ name: 'targets', needs: ['callback'], run: functionTarget } as const]
      : []),
    ...(front === 'callback' ? [{ name: 'console', needs: ['callback'], run: consoleService } as const] : []),
    { name: 'endpoints', needs: ['foundation'], run: endpoints },
    { name: 'callback key', needs: ['security'], run: callbackKey },
    { name: 'Co-signer keys', needs: ['security'], run: cosignerKeys },
    { name: 'policy', needs: ['security'], run: policy },
    { name: 'policy cases', needs: ['security'], run: policyCases },
    { name: 'emergency stop', needs: ['security'], run: emergencyStop },
    { name: 'table', needs: ['security'], run: table },
    { name: 'archive', needs: ['security'], run: archive },
    { name: 'alarms', needs: [front], run: alarms },
    { name: 'subscriptions', needs: [front], run: subscriptions },
    { name: 'log', needs: [handler], run: log },
    { name: 'CloudTrail', hint: true, run: cloudTrail },
    { name: 'AWS Config', hint: true, run: configRecorder },
  ];
}
