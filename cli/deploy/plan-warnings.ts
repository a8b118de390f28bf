// Warns of what an update costs those who use the handler, although it works.
import type { StackName } from '../../infra/names.js';
import { type ResourceChange, lossesOf } from './changes.js';
import type { DeploymentRun } from './step.js';

/** @returns one line for each warning; the steps must have been inspected */
export function planWarnings(run: DeploymentRun): readonly string[] {
  const { console: withConsole } = run.session.settings;
  const isLost = (stack: StackName, type: string, kind?: ResourceChange['kind']): boolean =>
    run.selected.includes(stack) &&
    lossesOf(run, stack).some((change) => change.type === type && (kind ?? change.kind) === change.kind);
  // One that is removed has no requests any more: a function has taken over.
  const isReplaced = (stack: StackName) =>
    isLost(stack, 'AWS::ElasticLoadBalancingV2::TargetGroup', 'replace');
  return [
    ...(isReplaced('callback')
      ? [
          'This interrupts the handler for two to three minutes: its target group is replaced, and the Co-signer gets 503 until the new tasks are healthy. Choose a time when nothing is to be signed.',
        ]
      : []),
    ...(isReplaced('console') && withConsole !== undefined
      ? ['This interrupts the console for two to three minutes: its target group is replaced.']
      : []),
    ...(isLost('callback', 'AWS::Route53::HostedZone') && withConsole !== undefined
      ? [
          'With another "hostName", all passkeys become invalid, because they are bound to it: every approver must enrol again, and the policy needs the new passkeys, before anybody can decide.',
        ]
      : []),
  ];
}
