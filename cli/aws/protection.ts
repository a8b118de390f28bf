// What keeps production from being deleted by mistake, taken off where it is meant.
import { DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { ModifyInstanceAttributeCommand } from '@aws-sdk/client-ec2';
import { ModifyLoadBalancerAttributesCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { DeployedStack } from './cloudformation.js';
import { isAwsError } from './error.js';
import type { Session } from './session.js';

/** Of load balancers and instances; the stack's own goes with its deletion. Outside prod there is none. */
export async function unprotect({ aws, production }: Session, { stackId }: DeployedStack): Promise<void> {
  if (!production) return;
  const { StackResources = [] } = await aws.cloudformation.send(
    new DescribeStackResourcesCommand({ StackName: stackId }),
  );
  for (const { ResourceType, ResourceStatus, PhysicalResourceId: id = '' } of StackResources) {
    if (id === '' || ResourceStatus === 'DELETE_COMPLETE') continue;
    if (ResourceType === 'AWS::ElasticLoadBalancingV2::LoadBalancer') {
      const off = new ModifyLoadBalancerAttributesCommand({
        LoadBalancerArn: id,
        Attributes: [{ Key: 'deletion_protection.enabled', Value: 'false' }],
      });
      await aws.elb.send(off).catch(unlessGone);
    }
    if (ResourceType === 'AWS::EC2::Instance') {
      const off = new ModifyInstanceAttributeCommand({
        InstanceId: id,
        DisableApiTermination: { Value: false },
      });
      await aws.ec2.send(off).catch(unlessGone);
    }
  }
}

function unlessGone(error: unknown): void {
  if (
    !isAwsError(error, 'LoadBalancerNotFoundException', 'LoadBalancerNotFound', 'InvalidInstanceID.NotFound')
  ) {
    throw error;
  }
}
