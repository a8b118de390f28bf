// What CloudFormation calls to create, read, update and delete the network's resources: the permissions of the handlers in
// the schemas of the resource types (of 2025 and 2026), without those of properties that the templates do not have.
import {
  ACCOUNT,
  arn,
  linkedRole,
  passRole,
  REGION,
  type ResourceType,
  TAGGED,
  text,
} from './resource-type.js';

/** A resource of EC2, and the deletion of those that have the project's tags only. */
function ec2(
  kind: string,
  { read, write, delete: deletions = [] }: { read: string[]; write: string[]; delete?: string[] },
): ResourceType {
  const name = (action: string): string => `ec2:${action}`;
  const resource = arn('ec2', `${kind}/any`);
  return {
    arn: () => resource,
    read: read.map(name),
    write: write.map(name),
    also: deletions.map((action) => ({ action: name(action), resource, context: TAGGED })),
  };
}

const TAGS = ['CreateTags', 'DeleteTags'];
const RULES = 'DescribeSecurityGroupRules';

export const NETWORK_TYPES: Readonly<Record<string, ResourceType>> = {
  'AWS::EC2::VPC': ec2('vpc', {
    read: ['DescribeNetworkAcls', 'DescribeSecurityGroups', 'DescribeVpcAttribute', 'DescribeVpcs'],
    write: ['CreateVpc', 'ModifyVpcAttribute', ...TAGS],
    delete: ['DeleteVpc'],
  }),
  'AWS::EC2::Subnet': ec2('subnet', {
    read: ['DescribeNetworkAcls', 'DescribeSubnets'],
    write: ['CreateSubnet', 'ModifySubnetAttribute', ...TAGS],
    delete: ['DeleteSubnet'],
  }),
  'AWS::EC2::RouteTable': ec2('route-table', {
    read: ['DescribeRouteTables'],
    write: ['CreateRouteTable', ...TAGS],
    delete: ['DeleteRouteTable'],
  }),
  'AWS::EC2::Route': ec2('route-table', {
    read: ['DescribeRouteTables'],
    write: ['CreateRoute', 'DeleteRoute', 'ReplaceRoute'],
  }),
  'AWS::EC2::SubnetRouteTableAssociation': ec2('subnet', {
    read: ['DescribeRouteTables', 'DescribeSubnets'],
    write: ['AssociateRouteTable', 'DisassociateRouteTable', 'ReplaceRouteTableAssociation'],
  }),
  'AWS::EC2::InternetGateway': ec2('internet-gateway', {
    read: ['DescribeInternetGateways'],
    write: ['CreateInternetGateway', ...TAGS],
    delete: ['DeleteInternetGateway'],
  }),
  'AWS::EC2::VPCGatewayAttachment': ec2('internet-gateway', {
    read: ['DescribeInternetGateways', 'DescribeVpcs'],
    write: ['AttachInternetGateway', 'DetachInternetGateway'],
  }),
  'AWS::EC2::EIP': ec2('elastic-ip', {
    read: ['DescribeAddresses'],
    write: ['AllocateAddress', 'DisassociateAddress', ...TAGS],
    delete: ['ReleaseAddress'],
  }),
  'AWS::EC2::NatGateway': ec2('natgateway', {
    read: ['DescribeNatGateways'],
    write: ['CreateNatGateway', ...TAGS],
    delete: ['DeleteNatGateway'],
  }),
  'AWS::EC2::FlowLog': {
    ...ec2('vpc-flow-log', {
      read: ['DescribeFlowLogs'],
      write: ['CreateFlowLogs', ...TAGS],
      delete: ['DeleteFlowLogs'],
    }),
    also: [
      { action: 'ec2:DeleteFlowLogs', resource: arn('ec2', 'vpc-flow-log/any'), context: TAGGED },
      { action: 'logs:CreateLogDelivery', resource: '*' },
      { action: 'logs:DeleteLogDelivery', resource: '*' },
      ...['s3:GetBucketPolicy', 's3:PutBucketPolicy'].map((action) => ({
        action,
        resource: `arn:aws:s3:::PROJECT-ENVIRONMENT-logs-${ACCOUNT}-${REGION}`,
      })),
    ],
  },
  'AWS::EC2::VPCEndpoint': {
    ...ec2('vpc-endpoint', {
      read: ['DescribeVpcEndpoints'],
      write: ['CreateVpcEndpoint', 'DeleteVpcEndpoints', 'ModifyVpcEndpoint', ...TAGS],
    }),
    // For the private names of the service.
    also: [{ action: 'route53:AssociateVPCWithHostedZone', resource: 'arn:aws:route53:::hostedzone/any' }],
  },
  'AWS::EC2::SecurityGroup': ec2('security-group', {
    read: ['DescribeInstances', 'DescribeSecurityGroups'],
    write: [
      ...['AuthorizeSecurityGroupEgress', 'AuthorizeSecurityGroupIngress', 'CreateSecurityGroup'],
      ...['RevokeSecurityGroupEgress', 'RevokeSecurityGroupIngress', ...TAGS],
    ],
    delete: ['DeleteSecurityGroup'],
  }),
  // The settings may name groups that are not the project's, so these are not restricted by tags.
  'AWS::EC2::SecurityGroupEgress': ec2('security-group', {
    read: [RULES, 'DescribeSecurityGroups'],
    write: [
      ...['AuthorizeSecurityGroupEgress', 'RevokeSecurityGroupEgress'],
      'UpdateSecurityGroupRuleDescriptionsEgress',
    ],
  }),
  'AWS::EC2::SecurityGroupIngress': ec2('security-group', {
    read: [RULES, 'DescribeSecurityGroups'],
    write: [
      ...['AuthorizeSecurityGroupIngress', 'RevokeSecurityGroupIngress'],
      'UpdateSecurityGroupRuleDescriptionsIngress',
    ],
  }),
  'AWS::EC2::Instance': {
    ...ec2('instance', {
      read: [
        ...['DescribeIamInstanceProfileAssociations', 'DescribeImages', 'DescribeInstanceAttribute'],
        ...['DescribeInstanceCreditSpecifications', 'DescribeInstances', 'DescribeInstanceStatus'],
        ...['DescribeLaunchTemplates', 'DescribeNetworkInterfaces', 'DescribeVolumes'],
      ],
      write: ['RunInstances', ...TAGS],
    }),
    also: [
      ...['image', 'network-interface', 'security-group', 'subnet', 'volume'].map((kind) => ({
        action: 'ec2:RunInstances',
        resource: `arn:aws:ec2:${REGION}:${kind === 'image' ? '' : ACCOUNT}:${kind}/any`,
      })),
      ...[
        ...['AssociateIamInstanceProfile', 'DisassociateIamInstanceProfile', 'ModifyInstanceAttribute'],
        ...['ModifyInstanceCreditSpecification', 'MonitorInstances', 'ReplaceIamInstanceProfileAssociation'],
        ...['StartInstances', 'StopInstances', 'TerminateInstances', 'UnmonitorInstances'],
      ].map((action) => ({
        action: `ec2:${action}`,
        resource: arn('ec2', 'instance/any'),
        context: TAGGED,
      })),
      passRole('ec2'),
    ],
  },
  'AWS::ElasticLoadBalancingV2::LoadBalancer': {
    arn: ({ Name }) => arn('elasticloadbalancing', `loadbalancer/app/${text(Name)}/0123456789abcdef`),
    read: ['Attributes', 's'].map((what) => `elasticloadbalancing:DescribeLoadBalancer${what}`),
    write: [
      ...['AddTags', 'CreateLoadBalancer', 'DeleteLoadBalancer', 'ModifyLoadBalancerAttributes'],
      ...['RemoveTags', 'SetSecurityGroups', 'SetSubnets'],
    ].map((action) => `elasticloadbalancing:${action}`),
    also: [
      { action: 'elasticloadbalancing:DescribeTags', resource: '*' },
      // The load balancer looks at the network with the caller's permissions.
      ...[
        'AccountAttributes',
        'AvailabilityZones',
        'InternetGateways',
        'SecurityGroups',
        'Subnets',
        'Vpcs',
      ].map((what) => ({ action: `ec2:Describe${what}`, resource: '*' })),
      // Not in the schema, but in AWS's own policies for load balancers.
      { action: 'ec2:GetSecurityGroupsForVpc', resource: '*' },
      linkedRole('elasticloadbalancing'),
    ],
  },
  'AWS::ElasticLoadBalancingV2::Listener': {
    arn: () =>
      arn(
        'elasticloadbalancing',
        'listener/app/callback-handler-ENVIRONMENT/0123456789abcdef/0123456789abcdef',
      ),
    read: ['Attributes', 's'].map((what) => `elasticloadbalancing:DescribeListener${what}`),
    write: ['DeleteListener', 'ModifyListener', 'ModifyListenerAttributes'].map(
      (action) => `elasticloadbalancing:${action}`,
    ),
    also: [
      {
        action: 'elasticloadbalancing:CreateListener',
        resource: arn(
          'elasticloadbalancing',
          'loadbalancer/app/callback-handler-ENVIRONMENT/0123456789abcdef',
        ),
      },
    ],
  },
  'AWS::ElasticLoadBalancingV2::TargetGroup': {
    arn: ({ Name }) => arn('elasticloadbalancing', `targetgroup/${text(Name)}/0123456789abcdef`),
    read: ['DescribeTargetGroupAttributes', 'DescribeTargetGroups', 'DescribeTargetHealth'].map(
      (action) => `elasticloadbalancing:${action}`,
    ),
    write: [
      ...['AddTags', 'CreateTargetGroup', 'DeleteTargetGroup', 'DeregisterTargets', 'ModifyTargetGroup'],
      // The function is a target.
      ...['ModifyTargetGroupAttributes', 'RegisterTargets', 'RemoveTags'],
    ].map((action) => `elasticloadbalancing:${action}`),
  },
  'AWS::Route53::HostedZone': {
    arn: () => 'arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ',
    read: ['route53:GetHostedZone', 'route53:ListQueryLoggingConfigs', 'route53:ListTagsForResource'],
    write: [
      ...['AssociateVPCWithHostedZone', 'ChangeTagsForResource', 'CreateHostedZone', 'DeleteHostedZone'],
      'DisassociateVPCFromHostedZone',
    ].map((action) => `route53:${action}`),
    also: [{ action: 'route53:GetChange', resource: 'arn:aws:route53:::change/any' }],
  },
  'AWS::Route53::RecordSet': {
    arn: () => 'arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ',
    read: ['route53:GetHostedZone', 'route53:ListHostedZones', 'route53:ListResourceRecordSets'],
    write: ['route53:ChangeResourceRecordSets'],
    also: [{ action: 'route53:GetChange', resource: 'arn:aws:route53:::change/any' }],
  },
  'AWS::CertificateManager::Certificate': {
    arn: () => arn('acm', 'certificate/any'),
    read: ['acm:DescribeCertificate', 'acm:ListTagsForCertificate'],
    write: ['acm:AddTagsToCertificate', 'acm:DeleteCertificate', 'acm:RemoveTagsFromCertificate'],
    also: [
      { action: 'acm:RequestCertificate', resource: '*' },
      // The record that proves the domain's control.
      { action: 'route53:ChangeResourceRecordSets', resource: 'arn:aws:route53:::hostedzone/any' },
    ],
  },
};
