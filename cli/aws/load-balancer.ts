// Finds the load balancer.
import { DescribeLoadBalancersCommand, type LoadBalancer } from '@aws-sdk/client-elastic-load-balancing-v2';
import { isAwsError } from './error.js';
import type { Session } from './session.js';

/** @returns undefined if it does not exist */
export async function findLoadBalancer({
  aws,
  names,
}: Pick<Session, 'aws' | 'names'>): Promise<LoadBalancer | undefined> {
  try {
    const { LoadBalancers = [] } = await aws.elb.send(
      new DescribeLoadBalancersCommand({ Names: [names.loadBalancer] }),
    );
    return LoadBalancers[0];
  } catch (error) {
    if (!isAwsError(error, 'LoadBalancerNotFoundException', 'LoadBalancerNotFound')) throw error;
    return undefined;
  }
}
