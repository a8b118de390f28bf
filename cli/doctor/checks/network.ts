// Checks what is between the Co-signer and the task: hostname, security groups, endpoints.
import {
  DescribeSecurityGroupRulesCommand,
  DescribeVpcAttributeCommand,
  DescribeVpcEndpointsCommand,
  type SecurityGroupRule,
} from '@aws-sdk/client-ec2';
import {
  GetHostedZoneCommand,
  type HostedZone,
  ListHostedZonesByNameCommand,
  ListResourceRecordSetsCommand,
} from '@aws-sdk/client-route-53';
import { PORT } from '../../../src/timeouts.js';
import { awsCommand } from '../../aws/printed-commands.js';
import { count } from '../../terminal.js';
import { revert } from '../advice.js';
import { type Finding, ok, unlessAny, warning, wrong } from '../check.js';
import { NotChecked } from '../not-checked.js';
import { resourceId, type Scene, theLoadBalancer } from '../scene.js';

/** The zone must exist, have the record, and be attached to a VPC in which DNS works. */
export async function hostName(scene: Scene): Promise<readonly Finding[]> {
  const { session } = scene;
  const name = session.settings.hostName;
  const back = await revert(scene, 'callback');
  const zone = await findZone(scene, name);
  if (zone === undefined) return [wrong(`there is no private zone ${name}`, back)];
  const { DNSName = '', VpcId = '' } = await theLoadBalancer(scene);
  const { VPCs = [] } = await session.aws.route53.send(new GetHostedZoneCommand({ Id: zone.Id }));
  const { ResourceRecordSets = [] } = await session.aws.route53.send(
    new ListResourceRecordSetsCommand({ HostedZoneId: zone.Id, StartRecordName: name, StartRecordType: 'A' }),
  );
  const record = ResourceRecordSets.find(({ Name, Type }) => Name === `${name}.` && Type === 'A');
  const target = record?.AliasTarget?.DNSName?.toLowerCase().replace(/^dualstack\.|\.$/g, '');
  const problems: Finding[] = [];
  if (record === undefined) problems.push(wrong(`the private zone has no record for ${name}`, back));
  else if (target !== DNSName.toLowerCase()) {
    problems.push(wrong(`${name} leads to ${target ?? 'an address'}, not to the load balancer`, back));
  }
  if (!VPCs.some(({ VPCId }) => VPCId === VpcId)) {
    const associate = `route53 associate-vpc-with-hosted-zone --hosted-zone-id ${zone.Id?.split('/').at(-1) ?? ''} --vpc VPCRegion=${session.region},VPCId=${VpcId}`;
    problems.push(
      wrong(
        `the private zone is not associated with ${VpcId}: nobody there resolves ${name}`,
        awsCommand(session, associate),
      ),
    );
  }
  problems.push(...(await dnsProblems(scene, VpcId)));
  return unlessAny(problems, `${name} leads to the load balancer, in ${VpcId}`);
}

/** @param name without the dot at the end */
async function findZone({ session }: Scene, name: string): Promise<HostedZone | undefined> {
  const { HostedZones = [] } = await session.aws.route53.send(
    new ListHostedZonesByNameCommand({ DNSName: name }),
  );
  return HostedZones.find((zone) => zone.Name === `${name}.` && zone.Config?.PrivateZone === true);
}

/** Private zones need both attributes (Amazon Route 53, "Considerations when working with a private hosted zone"). */
async function dnsProblems({ session }: Scene, VpcId: string): Promise<readonly Finding[]> {
  const attributes = [
    ['enableDnsSupport', 'EnableDnsSupport', '--enable-dns-support'],
    ['enableDnsHostnames', 'EnableDnsHostnames', '--enable-dns-hostnames'],
  ] as const;
  const problems = await Promise.all(
    attributes.map(async ([Attribute, field, option]) => {
      const result = await session.aws.ec2.send(new DescribeVpcAttributeCommand({ VpcId, Attribute }));
      if (result[field]?.Value === true) return [];
      const next = awsCommand(session, `ec2 modify-vpc-attribute --vpc-id ${VpcId} ${option}`);
      return [wrong(`${Attribute} of ${VpcId} is off: the private zone does not work there`, next)];
    }),
  );
  return problems.flat();
}

/** One hop from a group to another. */
interface Hop {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  /** As printed. */
  readonly name: string;
}

const GROUP = 'AWS::EC2::SecurityGroup';

export async function securityGroups(scene: Scene): Promise<readonly Finding[]> {
  const { settings } = scene.session;
  const { compute, front } = settings;
  const [loadBalancer, task, cosigner, endpoint, apiEndpoint] = await Promise.all([
    resourceId(scene, 'security', GROUP, 'LoadBalancer'),
    resourceId(scene, 'security', GROUP, 'Task'),
    settings.cosignerSecurityGroupId ?? resourceId(scene, 'security', GROUP, 'Cosigner'),
    'endpointSecurityGroupId' in settings.network && settings.network.endpointSecurityGroupId !== undefined
      ? settings.network.endpointSecurityGroupId
      : resourceId(scene, 'foundation', GROUP, 'Endpoints'),
    front === 'api' ? resourceId(scene, 'foundation', GROUP, 'ApiEndpoint') : undefined,
  ]);
  if (loadBalancer === undefined || task === undefined || cosigner === undefined || endpoint === undefined) {
    throw new NotChecked('the stacks do not name their security groups');
  }
  // An endpoint that exists already has its owner's groups.
  const called = front === 'api' ? (apiEndpoint ?? endpoint) : loadBalancer;
  const calledName = front === 'api' ? 'the endpoint of the API' : 'the load balancer';
  const handlerName = compute === 'lambda' ? 'the function' : 'the task';
  const rules = await readRules(scene, [...new Set([called, task, cosigner, endpoint])]);
  const hops: readonly Hop[] = [
    { from: cosigner, to: called, port: 443, name: `the Co-signer to ${calledName}` },
    ...(compute === 'lambda'
      ? []
      : [{ from: loadBalancer, to: task, port: PORT, name: 'the load balancer to the task' }]),
    { from: task, to: endpoint, port: 443, name: `${handlerName} to the endpoints` },
  ];
  const back = await revert(scene, 'security');
  const problems = hops.flatMap((hop) => hopProblems(rules, hop, back));
  const admitted = rules.filter(
    (rule) =>
      rule.GroupId === called &&
      called !== endpoint &&
      rule.IsEgress === false &&
      rule.ReferencedGroupInfo?.GroupId !== cosigner,
  );
  for (const rule of admitted) {
    const who =
      rule.ReferencedGroupInfo?.GroupId ?? rule.CidrIpv4 ?? rule.CidrIpv6 ?? rule.PrefixListId ?? '?';
    problems.push(warning(`${who} reaches ${calledName} as well: ${rule.SecurityGroupRuleId ?? ''}`, back));
  }
  return unlessAny(problems, `${cosigner} reaches ${calledName}, and ${handlerName} the endpoints`);
}

async function readRules({ session }: Scene, groups: string[]): Promise<readonly SecurityGroupRule[]> {
  const { SecurityGroupRules = [] } = await session.aws.ec2.send(
    new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: groups }] }),
  );
  return SecurityGroupRules;
}

function hopProblems(rules: readonly SecurityGroupRule[], hop: Hop, back: string): Finding[] {
  const out = rules.some(
    (rule) => rule.GroupId === hop.from && rule.IsEgress === true && allows(rule, hop.to, hop.port),
  );
  const in_ = rules.some(
    (rule) => rule.GroupId === hop.to && rule.IsEgress === false && allows(rule, hop.from, hop.port),
  );
  if (out && in_) return [];
  const where = out ? `into ${hop.to}` : `out of ${hop.from}`;
  return [wrong(`no rule allows ${hop.name}, port ${hop.port}: ${where}`, back)];
}

/** A range or a prefix list may hold the other's addresses, which is not looked at. */
function allows(rule: SecurityGroupRule, group: string, port: number): boolean {
  const { IpProtocol, FromPort = -1, ToPort = -1, ReferencedGroupInfo } = rule;
  const inPorts = IpProtocol === '-1' || (IpProtocol === 'tcp' && FromPort <= port && port <= ToPort);
  return inPorts && (ReferencedGroupInfo === undefined || ReferencedGroupInfo.GroupId === group);
}

/** Without these, the handler in the VPC that is created reaches nothing. */
const SERVICES = ['ssm', 's3', 'dynamodb'];
/** Fargate pulls images and writes logs through the VPC; Lambda does not. */
const SERVICES_OF_FARGATE = ['ecr.api', 'ecr.dkr', 'logs'];

async function vpcOf(scene: Scene): Promise<string> {
  const { network } = scene.session.settings;
  const id = 'vpcId' in network ? network.vpcId : await resourceId(scene, 'foundation', 'AWS::EC2::VPC');
  if (id === undefined) throw new NotChecked('the stacks do not name the VPC');
  return id;
}

export async function endpoints(scene: Scene): Promise<readonly Finding[]> {
  const { session } = scene;
  const { settings, region } = session;
  const VpcId = await vpcOf(scene);
  const { VpcEndpoints = [] } = await session.aws.ec2.send(
    new DescribeVpcEndpointsCommand({ Filters: [{ Name: 'vpc-id', Values: [VpcId] }] }),
  );
  const startsTasks = settings.compute === 'fargate' || settings.console !== undefined;
  const wanted = [
    ...SERVICES,
    ...(startsTasks ? SERVICES_OF_FARGATE : []),
    ...(settings.console === undefined ? [] : ['sns']),
  ];
  const existing = 'endpoints' in settings.network && settings.network.endpoints === 'existing';
  const back = existing
    ? 'create it, or make sure that the task has another route'
    : await revert(scene, 'foundation');
  const problems = wanted.flatMap((service): Finding[] => {
    const found = VpcEndpoints.filter(
      ({ ServiceName = '' }) => ServiceName === `com.amazonaws.${region}.${service}`,
    );
    if (found.some(({ State }) => State?.toLowerCase() === 'available')) return [];
    const text =
      found.length === 0
        ? `there is no endpoint for ${service}`
        : `the endpoint for ${service} is ${found[0]?.State ?? ''}`;
    // In a VPC of your own, the task may have another route.
    return [existing ? warning(text, back) : wrong(text, back)];
  });
  return problems.length > 0 ? problems : [ok(`${count(wanted.length, 'service')}: ${wanted.join(', ')}`)];
}
