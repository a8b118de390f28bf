// Finds what is not protected against deletion, although it should be. The table's own protection is in the store's status.
import { DescribeLoadBalancerAttributesCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Session } from '../aws/session.js';
import { findLoadBalancer } from '../aws/load-balancer.js';
import type { DeployedStack } from '../aws/stack.js';

/** @returns names of stacks and of the load balancer; empty outside prod, where nothing is protected */
export async function readUnprotected(
  session: Session,
  stacks: readonly DeployedStack[],
): Promise<readonly string[]> {
  if (!session.production) return [];
  const names = stacks
    .filter(({ terminationProtection }) => !terminationProtection)
    .map(({ stackName }) => stackName);
  const loadBalancer = await findLoadBalancer(session);
  if (loadBalancer === undefined) return names;
  const { Attributes = [] } = await session.aws.elb.send(
    new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: loadBalancer.LoadBalancerArn }),
  );
  const isProtected = Attributes.some(
    ({ Key, Value }) => Key === 'deletion_protection.enabled' && Value === 'true',
  );
  return isProtected ? names : [...names, session.names.loadBalancer];
}
