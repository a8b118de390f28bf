// What must hold for every update, checked without the code that plans it.
import type { TemplateBody } from '../../cli/deploy/templates.js';
import type { StackName } from '../../infra/names.js';
import type { Update } from './updates.js';

/**
 * Properties that can only be set at creation (AWS CloudFormation, "Update requires: Replacement"), of the types whose
 * replacement would hurt.
 */
const CREATE_ONLY: Readonly<Record<string, readonly string[]>> = {
  'AWS::DynamoDB::Table': ['KeySchema', 'TableName'],
  'AWS::EC2::Instance': ['AvailabilityZone', 'ImageId', 'KeyName', 'SubnetId'],
  'AWS::EC2::SecurityGroup': ['GroupDescription', 'GroupName', 'VpcId'],
  'AWS::EC2::Subnet': ['AvailabilityZone', 'CidrBlock', 'VpcId'],
  'AWS::EC2::VPC': ['CidrBlock'],
  'AWS::EC2::VPCEndpoint': ['ServiceName', 'VpcEndpointType', 'VpcId'],
  'AWS::ECR::Repository': ['EncryptionConfiguration', 'RepositoryName'],
  'AWS::ECS::Cluster': ['ClusterName'],
  'AWS::ECS::Service': ['Cluster', 'LaunchType', 'ServiceName'],
  'AWS::ElasticLoadBalancingV2::LoadBalancer': ['Name', 'Scheme', 'Type'],
  'AWS::ElasticLoadBalancingV2::TargetGroup': ['Name', 'Port', 'Protocol', 'TargetType', 'VpcId'],
  'AWS::Logs::LogGroup': ['LogGroupName'],
  'AWS::Route53::HostedZone': ['Name'],
  'AWS::S3::Bucket': ['BucketName'],
  'AWS::SNS::Topic': ['TopicName'],
};
/** Losing one of these loses data. */
const KEPT = /^AWS::(DynamoDB::Table|ECR::Repository|KMS::Key|Logs::LogGroup|S3::Bucket)$/;
/** The properties with names of which there can be only one. */
const NAMES = [
  'ClusterName',
  'LogGroupName',
  'Name',
  'RepositoryName',
  'ServiceName',
  'TableName',
  'TopicName',
];
/** Types of which several can have the same name. */
const MANY = ['AWS::EC2::VPCEndpoint', 'AWS::Route53::HostedZone'];

/** @returns what is wrong with an update that is not refused; empty if it would succeed */
export function problemsOf({ run, refusals, order, preview }: Update): readonly string[] {
  const problems: string[] = [];
  const updated = new Set<StackName>();
  for (const stack of order) {
    const before = run.deployedTemplates.get(stack);
    const template = run.templates.find(({ name }) => name === stack);
    if (before === undefined || template === undefined) continue;
    const after = JSON.parse(template.body) as TemplateBody;
    const users = (id: string): readonly string[] => usersOf(run, { stack, id, updated });
    for (const [id, old] of Object.entries(before.Resources ?? {})) {
      const now = after.Resources?.[id];
      const created = CREATE_ONLY[old.Type] ?? [];
      const value = (property: string, side: 'before' | 'after'): string =>
        text(run, stack, side, { id, property });
      const isReplaced =
        now !== undefined && created.some((name) => value(name, 'before') !== value(name, 'after'));
      if (!isReplaced && now !== undefined) continue;
      if (refusals.some((refusal) => refusal.stack === stack && refusal.change.id === id)) continue;
      const what = `${stack} ${id} (${old.Type}) ${isReplaced ? 'replaced' : 'removed'}`;
      if (users(id).length > 0) problems.push(`${what}, used by ${users(id).join(', ')}`);
      if (KEPT.test(old.Type)) problems.push(`${what}, with its data`);
      const sameName = NAMES.some(
        (name) => old.Properties?.[name] !== undefined && value(name, 'before') === value(name, 'after'),
      );
      if (isReplaced && sameName && !MANY.includes(old.Type)) problems.push(`${what} under the same name`);
      const announced = isReplaced ? `replace: ${id} ` : `delete: ${id} `;
      if (preview.get(stack)?.some((line) => line.startsWith(announced)) !== true)
        problems.push(`${what}, not announced`);
    }
    updated.add(stack);
  }
  return problems;
}

/** @returns the stacks that have a value of the resource when its stack is updated */
function usersOf(
  run: Update['run'],
  { stack, id, updated }: { stack: StackName; id: string; updated: ReadonlySet<StackName> },
): readonly string[] {
  const outputs = Object.entries(run.deployedTemplates.get(stack)?.Outputs ?? {})
    .filter(([, { Value }]) => JSON.stringify(Value).includes(`"${id}"`))
    .map(([output]) => run.deployed.get(stack)?.outputs[output]);
  return run.templates
    .map(({ name }) => name)
    .filter((name) => name !== stack && run.deployed.has(name))
    .filter((name) => {
      const now = updated.has(name) ? inputsAfter(run, name) : (run.deployed.get(name)?.parameters ?? {});
      return Object.values(now).some((value) => outputs.includes(value));
    });
}

function inputsAfter(run: Update['run'], stack: StackName): Readonly<Record<string, string>> {
  const inputs = run.templates.find(({ name }) => name === stack)?.inputs ?? {};
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { stack: from, output }]) => [name, `${from}-${output}`]),
  );
}

/** A property as JSON, with the values of parameters from other stacks. */
function text(
  run: Update['run'],
  stack: StackName,
  side: 'before' | 'after',
  { id, property }: { id: string; property: string },
): string {
  const template = run.templates.find(({ name }) => name === stack);
  const body =
    side === 'before'
      ? run.deployedTemplates.get(stack)
      : (JSON.parse(template?.body ?? '{}') as TemplateBody);
  const parameters =
    side === 'before' ? (run.deployed.get(stack)?.parameters ?? {}) : inputsAfter(run, stack);
  const value = JSON.stringify(body?.Resources?.[id]?.Properties?.[property] ?? null);
  return value.replaceAll(/\{"Ref":"(\w+)"\}/g, (ref, name: string) =>
    parameters[name] === undefined ? ref : JSON.stringify(parameters[name]),
  );
}
