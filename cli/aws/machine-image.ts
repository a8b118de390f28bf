// The machine image of the Co-signer's host. A later deployment keeps it, because another one replaces the host.
import { DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import type { Session } from './session.js';
import type { DeployedStack } from './stack.js';

/** Amazon keeps the id of its newest image here, in every region. */
const LATEST_AL2023 = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64';

/**
 * @param stack the Co-signer's stack; undefined before it is created
 * @returns the image in the settings, else the one in use, else the newest Amazon Linux 2023
 */
export async function cosignerImage(
  session: Pick<Session, 'aws' | 'settings'>,
  stack: DeployedStack | undefined,
): Promise<string | undefined> {
  const { aws, settings } = session;
  if (settings.cosignerImageId !== undefined) return settings.cosignerImageId;
  const inUse = stack?.parameters['CosignerImageId'] ?? (stack && (await imageInUse(session, stack)));
  if (inUse !== undefined) return inUse;
  const { Parameter } = await aws.ssm.send(new GetParameterCommand({ Name: LATEST_AL2023 }));
  return Parameter?.Value;
}

/** The image of a host that was created before its image was a parameter of the stack. */
async function imageInUse(
  { aws }: Pick<Session, 'aws'>,
  { stackName }: DeployedStack,
): Promise<string | undefined> {
  const { StackResources = [] } = await aws.cloudformation.send(
    new DescribeStackResourcesCommand({ StackName: stackName }),
  );
  const host = StackResources.find(({ ResourceType }) => ResourceType === 'AWS::EC2::Instance');
  if (host?.PhysicalResourceId === undefined) return undefined;
  const { Reservations = [] } = await aws.ec2.send(
    new DescribeInstancesCommand({ InstanceIds: [host.PhysicalResourceId] }),
  );
  return Reservations[0]?.Instances?.[0]?.ImageId;
}
