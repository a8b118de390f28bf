// Deletion protection of prod's load balancer and instances. The templates do not state it: CloudFormation could not roll
// back the first creation of what is protected. Tables and stacks have their own.
import { DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { DescribeInstanceAttributeCommand, ModifyInstanceAttributeCommand } from '@aws-sdk/client-ec2';
import {
  DescribeLoadBalancerAttributesCommand,
  ModifyLoadBalancerAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { isAwsError } from './error.js';
import type { Session } from './session.js';
import type { DeployedStack } from './stack.js';

/** How a type of resource is protected. */
interface Protection {
  isOn(session: Session, id: string): Promise<boolean>;
  turn(session: Session, id: string, on: boolean): Promise<unknown>;
}

const LOAD_BALANCER_ATTRIBUTE = 'deletion_protection.enabled';

const PROTECTIONS: Readonly<Record<string, Protection>> = {
  'AWS::ElasticLoadBalancingV2::LoadBalancer': {
    async isOn({ aws }, LoadBalancerArn) {
      const { Attributes = [] } = await aws.elb.send(
        new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn }),
      );
      return Attributes.some(({ Key, Value }) => Key === LOAD_BALANCER_ATTRIBUTE && Value === 'true');
    },
    turn({ aws }, LoadBalancerArn, on) {
      const Attributes = [{ Key: LOAD_BALANCER_ATTRIBUTE, Value: String(on) }];
      return aws.elb.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn, Attributes }));
    },
  },
  'AWS::EC2::Instance': {
    async isOn({ aws }, InstanceId) {
      const { DisableApiTermination } = await aws.ec2.send(
        new DescribeInstanceAttributeCommand({ InstanceId, Attribute: 'disableApiTermination' }),
      );
      return DisableApiTermination?.Value === true;
    },
    turn({ aws }, InstanceId, on) {
      const DisableApiTermination = { Value: on };
      return aws.ec2.send(new ModifyInstanceAttributeCommand({ InstanceId, DisableApiTermination }));
    },
  },
};

/** Whether there is something of that kind in the template. */
export function hasProtectable(templateBody: string): boolean {
  return Object.keys(PROTECTIONS).some((type) => templateBody.includes(`"${type}"`));
}

/** @returns the types of the stack's resources that should be protected in prod, and are not */
export async function unprotectedTypes(session: Session, stack: DeployedStack): Promise<readonly string[]> {
  const found = await protectable(session, stack);
  const states = await Promise.all(found.map(({ id, protection }) => protection.isOn(session, id)));
  return found.filter((_, index) => states[index] === false).map(({ type }) => type);
}

/** Turns protection on or off, in prod only: elsewhere nothing has any. */
export async function setProtection(session: Session, stack: DeployedStack, on: boolean): Promise<void> {
  if (!session.production) return;
  for (const { id, protection } of await protectable(session, stack)) {
    await protection.turn(session, id, on).catch(ignoreNotFound);
  }
}

async function protectable({ aws }: Session, { stackId }: DeployedStack) {
  const { StackResources = [] } = await aws.cloudformation.send(
    new DescribeStackResourcesCommand({ StackName: stackId }),
  );
  return StackResources.flatMap(
    ({ ResourceType: type = '', ResourceStatus, PhysicalResourceId: id = '' }) => {
      const protection = PROTECTIONS[type];
      return protection === undefined || id === '' || ResourceStatus === 'DELETE_COMPLETE'
        ? []
        : [{ type, id, protection }];
    },
  );
}

function ignoreNotFound(error: unknown): void {
  if (
    !isAwsError(error, 'LoadBalancerNotFoundException', 'LoadBalancerNotFound', 'InvalidInstanceID.NotFound')
  ) {
    throw error;
  }
}
