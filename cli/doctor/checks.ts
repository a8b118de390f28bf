// All checks, from outside in: the first that is wrong is what the doctor names as the next to fix.
import type { Check } from './check.js';
import { credentials, stacks } from './checks/stacks.js';
import { certificate } from './checks/certificate.js';
import { consoleService } from './checks/console.js';
import { cloudTrail, configRecorder } from './checks/evidence.js';
import { alarms, log, subscriptions } from './checks/monitoring.js';
import { endpoints, hostName, securityGroups } from './checks/network.js';
import { listener, loadBalancer } from './checks/load-balancer.js';
import { callbackKey, cosignerKeys, emergencyStop, policy, policyCases } from './checks/parameters.js';
import { service, targets } from './checks/service.js';
import { archive, table } from './checks/store.js';

export const CHECKS: readonly Check[] = [
  { name: 'credentials', run: credentials },
  { name: 'stacks', run: stacks },
  { name: 'load balancer', needs: ['callback'], run: loadBalancer },
  { name: 'private hostname', needs: ['callback'], run: hostName },
  { name: 'certificate', needs: ['callback'], run: certificate },
  { name: 'listener', needs: ['callback'], run: listener },
  { name: 'security groups', needs: ['security'], run: securityGroups },
  { name: 'service', needs: ['callback'], run: service },
  { name: 'targets', needs: ['callback'], run: targets },
  { name: 'console', needs: ['callback'], run: consoleService },
  { name: 'endpoints', needs: ['foundation'], run: endpoints },
  { name: 'callback key', needs: ['security'], run: callbackKey },
  { name: 'Co-signer keys', needs: ['security'], run: cosignerKeys },
  { name: 'policy', needs: ['security'], run: policy },
  { name: 'policy cases', needs: ['security'], run: policyCases },
  { name: 'emergency stop', needs: ['security'], run: emergencyStop },
  { name: 'table', needs: ['security'], run: table },
  { name: 'archive', needs: ['security'], run: archive },
  { name: 'alarms', needs: ['callback'], run: alarms },
  { name: 'subscriptions', needs: ['callback'], run: subscriptions },
  { name: 'log', needs: ['callback'], run: log },
  { name: 'CloudTrail', hint: true, run: cloudTrail },
  { name: 'AWS Config', hint: true, run: configRecorder },
];
