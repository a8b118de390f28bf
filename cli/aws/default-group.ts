// The default security group of the VPC that is created: closed, so that a resource that is given no group reaches
// nothing.
import {
  DescribeSecurityGroupsCommand,
  type IpPermission,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { isAwsError } from './error.js';
import type { Session } from './session.js';

interface Rules {
  readonly ingress: IpPermission[];
  readonly egress: IpPermission[];
}

type Client = Pick<Session, 'aws'>;

/** Whether the group allows anything. */
export async function isOpen(session: Client, groupId: string): Promise<boolean> {
  const { ingress, egress } = await rulesOf(session, groupId);
  return ingress.length + egress.length > 0;
}

/** Removes all rules. */
export async function closeGroup(session: Client, groupId: string): Promise<void> {
  const { ec2 } = session.aws;
  const { ingress, egress } = await rulesOf(session, groupId);
  const GroupId = groupId;
  if (ingress.length > 0) {
    await ec2
      .send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions: ingress }))
      .catch(ignoreGone);
  }
  if (egress.length > 0) {
    await ec2
      .send(new RevokeSecurityGroupEgressCommand({ GroupId, IpPermissions: egress }))
      .catch(ignoreGone);
  }
}

async function rulesOf({ aws }: Client, groupId: string): Promise<Rules> {
  const { SecurityGroups = [] } = await aws.ec2.send(
    new DescribeSecurityGroupsCommand({ GroupIds: [groupId] }),
  );
  const [group] = SecurityGroups;
  return { ingress: group?.IpPermissions ?? [], egress: group?.IpPermissionsEgress ?? [] };
}

/** The SDK may send a request twice. */
function ignoreGone(error: unknown): void {
  if (!isAwsError(error, 'InvalidPermission.NotFound')) throw error;
}
