// Optional host through which Session Manager forwards the console's port. Nothing reaches it, and it keeps nothing.
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { SESSION_MANAGER_ACTIONS } from './cosigner-permissions.js';

export interface ConsoleHostProps {
  readonly name: string;
  readonly vpc: ec2.IVpc;
  readonly subnet: ec2.ISubnet;
  /** Has no rule for incoming traffic. */
  readonly securityGroup: ec2.ISecurityGroup;
}

export class ConsoleHost extends Construct {
  readonly instance: ec2.Instance;
  readonly role: iam.Role;
  readonly securityGroupId: string;

  constructor(scope: Construct, id: string, { name, vpc, subnet, securityGroup }: ConsoleHostProps) {
    super(scope, id);
    this.securityGroupId = securityGroup.securityGroupId;
    this.role = new iam.Role(this, 'Role', {
      description: 'The way to the console, by Session Manager',
      assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com'),
    });
    this.role.addToPolicy(
      new iam.PolicyStatement({
        actions: [...SESSION_MANAGER_ACTIONS.ssm, ...SESSION_MANAGER_ACTIONS.ssmmessages],
        resources: ['*'],
      }),
    );
    this.instance = new ec2.Instance(this, 'Instance', {
      instanceName: name,
      vpc,
      vpcSubnets: { subnets: [subnet] },
      availabilityZone: subnet.availabilityZone,
      instanceType: ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.NANO),
      // Comes with the agent of Session Manager. A newer image replaces the instance.
      machineImage: ec2.MachineImage.latestAmazonLinux2023({ cpuType: ec2.AmazonLinuxCpuType.ARM_64 }),
      role: this.role,
      securityGroup,
      httpTokens: ec2.HttpTokens.REQUIRED,
      blockDevices: [
        {
          deviceName: '/dev/xvda',
          volume: ec2.BlockDeviceVolume.ebs(8, { volumeType: ec2.EbsDeviceVolumeType.GP3, encrypted: true }),
        },
      ],
      associatePublicIpAddress: false,
    });
  }

  get instanceId(): string {
    return this.instance.instanceId;
  }
}
