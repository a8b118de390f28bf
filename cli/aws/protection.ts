// Turns off the deletion protection of prod's resources, so that they can be deleted.
import { DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { ModifyInstanceAttributeCommand } from '@aws-sdk/client-ec2';
import { ModifyLoadBalancerAttributesCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { isAwsError } from './error.js';
import type { Session } from './session.js';
import type { DeployedStack } from './stack.js';

/**
 * Covers load balancers and instances; `deleteStack` turns off the stack's own protection. Only prod has protection.
 */
export async function disableProtection(
  { aws, production }: Session,
  { stackId }: DeployedStack,
): Promise<void> {
  if (!production) return;
  const { StackResources = [] } = await aws.cloudformation.send(
    new DescribeStackResourcesCommand({ StackName: stackId }),
  );
  for (const { ResourceType, ResourceStatus, PhysicalResourceId: id = '' } of StackResources) {
    if (id === '' || ResourceStatus === 'DELETE_COMPLETE') continue;
    if (ResourceType === 'AWS::ElasticLoadBalancingV2::LoadBalancer') {
      const command = new ModifyLoadBalancerAttributesCommand({
        LoadBalancerArn: id,
        Attributes: [{ Key: 'deletion_protection.enabled', Value: 'false' }],
      });
      await aws.elb.send(command).catch(ignoreNotFound);
    }
    if (ResourceType === 'AWS::EC2::Instance') {
      const command = new ModifyInstanceAttributeCommand({
        InstanceId: id,
        DisableApiTermination: { Value: false },
      });
      await aws.ec2.send(command).catch(ignoreNotFound);
    }
  }
}

function ignoreNotFound(error: unknown): void {
  if (
    !isAwsError(error, 'LoadBalancerNotFoundException', 'LoadBalancerNotFound', 'InvalidInstanceID.NotFound')
  ) {
    throw error;
  }
}
