// Rules of security groups. Both groups of a connection have a rule for it.
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';

export const HTTPS_PORT = 443;

/** Adds the egress rule to one group and the ingress rule to the other. */
export function allowTraffic(
  scope: Construct,
  id: string,
  from: Pick<ec2.ISecurityGroup, 'securityGroupId'>,
  to: Pick<ec2.ISecurityGroup, 'securityGroupId'>,
  port: number,
): void {
  new ec2.CfnSecurityGroupEgress(scope, `${id}Out`, {
    groupId: from.securityGroupId,
    destinationSecurityGroupId: to.securityGroupId,
    ...tcp(port),
    description: id,
  });
  new ec2.CfnSecurityGroupIngress(scope, `${id}In`, {
    groupId: to.securityGroupId,
    sourceSecurityGroupId: from.securityGroupId,
    ...tcp(port),
    description: id,
  });
}

/** The protocol and port of a rule. */
export function tcp(port: number) {
  return { ipProtocol: 'tcp', fromPort: port, toPort: port };
}
