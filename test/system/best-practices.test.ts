// Checks the templates of every combination of settings against AWS's rules for CloudFormation Guard. Most of them are
// the controls of the standard "AWS Foundational Security Best Practices", as far as a template shows them.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { ENVIRONMENT_NAMES } from '../../infra/names.js';
import { ROOT } from '../helpers/cli.js';
import { COMBINATIONS } from '../helpers/settings.js';
import { synthesize } from '../helpers/stacks.js';

const run = promisify(execFile);
t.setTimeout(600_000);
const PACKAGE = join(ROOT, 'node_modules/@cdklabs/cdk-validator-cfnguard');
const GUARD = join(
  PACKAGE,
  'bin',
  platform() === 'darwin' ? 'macos' : 'ubuntu',
  arch() === 'arm64' ? 'aarch64' : 'x86_64',
  'cfn-guard',
);
const RULES = join(PACKAGE, 'rules/control-tower');

/** Findings that are accepted: the rule, where, and why. `where` is `environment stack LogicalId`. */
const ACCEPTED: readonly { readonly rule: string; readonly where: RegExp; readonly why: string }[] = [
  {
    rule: 'api_gw_v1_execution_logging_enabled_check',
    where: /api ApiDeploymentStage/,
    why: 'APIGateway.1: the access log and the function log each request; execution logs would be kept forever',
  },
  {
    rule: 'api_gw_xray_enabled_check',
    where: /api ApiDeploymentStage/,
    why: 'APIGateway.3: one hop, whose time the access log has; traces would leave the VPC',
  },
  {
    rule: 'cloudwatch_alarm_action_check',
    where: /callback Monitoringalarmrollout/,
    why: 'not part of the standard: ECS watches it during a deployment, and rolls back; other alarms notify people',
  },
  {
    rule: 'cloudwatch_log_group_retention_period_check',
    where: /^(dev|staging) /,
    why: 'not part of the standard: in prod, logs are kept for 400 days; the others hold no real decisions',
  },
  {
    rule: 'codebuild_project_environment_privileged_check',
    where: /image Build/,
    why: 'CodeBuild.5, retired in April 2024: Docker needs it to build an image, and CodeBuild discards the machine',
  },
  {
    rule: 'ec2_instance_detailed_monitoring_enabled_check',
    where: /console HostInstance/,
    why: 'not part of the standard: no alarm watches the host, which only forwards a port',
  },
  {
    rule: 'ec2_instance_nitro_encryption_in_transit_check',
    where: /console HostInstance|cosigner Instance/,
    why: 'not part of the standard: Fireblocks names the instance type, and every connection uses TLS',
  },
  {
    rule: 'kms_create_grant_aws_service_check',
    where: /security (Store)?Key|cosigner EnclaveKey/,
    why: 'not part of the standard: grants are limited by the statements that allow them, or left to the account',
  },
  {
    rule: 's3_bucket_default_encryption_kms_check',
    where: /foundation Logs/,
    why: 'S3.17, not part of the standard: load balancers cannot write to a bucket that is encrypted with a key of ours; S3 encrypts it with its own',
  },
  {
    rule: 's3_bucket_logging_enabled_check',
    where: /foundation Logs/,
    why: 'S3.9: the bucket receives the access logs of the others, and would log its own log',
  },
  {
    rule: 's3_bucket_object_lock_enabled_check',
    where: /(foundation Logs|image Source|security Policies|cosigner Bucket)/,
    why: 'not part of the standard: only the archive is evidence against administrators',
  },
  {
    rule: 's3_bucket_versioning_enabled_check',
    where: /foundation Logs/,
    why: 'not part of the standard: a log is written once',
  },
  {
    rule: 's3_event_notifications_enabled_check',
    where: /(foundation Logs|image Source|security (Policies|StoreArchive)|cosigner Bucket)/,
    why: 'S3.11, not part of the standard: nothing would receive the events',
  },
  {
    rule: 'elbv2_deletion_protection_enabled_check',
    where: /^(dev|staging|prod) callback LoadBalancer/,
    why: 'ELB.6: in prod, the deploy command turns it on once the load balancer is created, so that a failed creation can roll back; the others are deleted with their stack',
  },
];

interface TemplateJson {
  readonly Parameters?: Readonly<Record<string, { readonly Default?: string | number }>>;
  readonly Resources: Readonly<Record<string, { readonly Type: string }>>;
}

const CERTIFICATE =
  'arn:aws:acm:ap-northeast-1:111122223333:certificate/0a1b2c3d-1111-2222-3333-444455556666';
const VALUE = 'arn:aws:service:region:111122223333:value';

/** The template as it is deployed: with values for its parameters, and for what other stacks export. */
function asDeployed(template: TemplateJson): TemplateJson {
  const parameters = template.Parameters ?? {};
  const resolve = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(resolve);
    const { Ref: name, ['Fn::If']: branches } = value as { Ref?: string; 'Fn::If'?: unknown[] };
    if ('Fn::ImportValue' in value) return VALUE;
    if (name === 'AWS::AccountId') return '111122223333';
    if (name !== undefined && name in parameters) {
      return String(parameters[name]?.Default ?? (name.includes('Certificate') ? CERTIFICATE : VALUE));
    }
    if (branches !== undefined) return resolve(branches[1]);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolve(inner)]));
  };
  return { ...template, Resources: resolve(template.Resources) as TemplateJson['Resources'] };
}

interface Metadata {
  /** The id of the AWS Config rule that checks the same on resources that exist. */
  readonly ConfigRuleIdentifier?: string;
  readonly EvaluatedResourceTypes?: readonly string[];
  /** The controls of Security Hub that it can be used with, as `SH.S3.9`. */
  readonly Relationships?: readonly { readonly ControlId: string }[];
}

/** What the pack says about each of its rules, by the path of the rule's file without its ending. */
const METADATA: ReadonlyMap<string, Metadata> = new Map(
  (readdirSync(join(RULES, 'metadata'), { recursive: true }) as string[])
    .filter((file) => file.endsWith('.metadata.json'))
    .map((file) => [
      file.replace('.metadata.json', ''),
      JSON.parse(readFileSync(join(RULES, 'metadata', file), 'utf8')) as Metadata,
    ]),
);

/** The ids of Security Hub's controls, such as `S3.9`, that a rule belongs to. */
const controlsOf = ({ Relationships = [] }: Metadata): string[] =>
  Relationships.flatMap(({ ControlId }) => /^SH\.(.+)$/.exec(ControlId)?.[1] ?? []);

/** The files of the rules that concern one of the resource types. */
function rulesFor(types: ReadonlySet<string>): string[] {
  return [...METADATA]
    .filter(([, { EvaluatedResourceTypes = [] }]) => EvaluatedResourceTypes.some((type) => types.has(type)))
    .map(([name]) => join(RULES, 'cfn-guard', `${name}.guard`));
}

interface Report {
  readonly name: string;
  readonly compliant: readonly string[];
  readonly not_compliant: readonly { readonly Rule: { readonly name: string } }[];
}

/** @returns each finding as `rule where`, and the rules that some template complies with */
async function check(t: Test, templates: ReadonlyMap<string, TemplateJson>) {
  const directory = t.testdir();
  const types = new Set<string>();
  for (const [name, template] of templates) {
    for (const { Type } of Object.values(template.Resources)) types.add(Type);
    writeFileSync(join(directory, `${name}.json`), JSON.stringify(template));
  }
  const rules = rulesFor(types).flatMap((file) => ['--rules', file]);
  const { stdout } = await run(
    GUARD,
    [
      'validate',
      ...rules,
      '--data',
      directory,
      '--output-format',
      'json',
      '--show-summary',
      'none',
      '--structured',
    ],
    { maxBuffer: 2 ** 30 },
  ).catch((error: unknown) => {
    // Exit code 19: there are findings.
    if ((error as { code?: unknown }).code === 19) return error as { stdout: string };
    throw error;
  });
  const reports = JSON.parse(stdout) as Report[];
  const findings = reports.flatMap(({ name, not_compliant: failed }) =>
    failed.flatMap((failure) => {
      const ids = [...JSON.stringify(failure).matchAll(/"path":"\/Resources\/(\w+)/g)].map(([, id]) => id);
      const [environment, stack] = basename(name).split('-');
      return [...new Set(ids)].map((id) => `${failure.Rule.name} ${environment} ${stack} ${id}`);
    }),
  );
  return {
    findings: [...new Set(findings)].sort(),
    met: new Set(reports.flatMap(({ compliant }) => compliant)),
  };
}

t.test('every finding is accepted with a reason, and no other', async (t) => {
  const templates = new Map<string, TemplateJson>();
  // Rules look at one resource, with its policy: a template is new if one of its resources is.
  const seen = new Set<string>();
  for (const environment of ENVIRONMENT_NAMES) {
    for (const { changes } of COMBINATIONS) {
      for (const { name, json } of synthesize(environment, changes).stacks as readonly {
        name: string;
        json: TemplateJson;
      }[]) {
        const template = asDeployed(json);
        const resources = Object.entries(template.Resources).map(
          (resource) => `${environment} ${name} ${JSON.stringify(resource)}`,
        );
        if (resources.every((resource) => seen.has(resource))) continue;
        for (const resource of resources) seen.add(resource);
        templates.set(`${environment}-${name}-${templates.size}`, template);
      }
    }
  }
  const { findings, met } = await check(t, templates);
  t.ok(met.size >= 40, `${templates.size} templates meet ${met.size} rules`);
  const used = new Set<string>();
  for (const finding of findings) {
    const [rule = '', ...where] = finding.split(' ');
    const accepted = ACCEPTED.find((entry) => entry.rule === rule && entry.where.test(where.join(' ')));
    t.ok(accepted, `${finding}: ${accepted?.why ?? 'must be fixed, or accepted with a reason'}`);
    if (accepted !== undefined) used.add(accepted.rule);
  }
  t.strictSame(
    ACCEPTED.filter(({ rule }) => !used.has(rule)),
    [],
    'every accepted finding exists',
  );
});

t.test('a template that breaks rules is found', async (t) => {
  const table = { Type: 'AWS::DynamoDB::Table', Properties: { TableName: 'open' } };
  const subnet = { Type: 'AWS::EC2::Subnet', Properties: { VpcId: 'vpc-1', MapPublicIpOnLaunch: true } };
  const bucket = { Type: 'AWS::S3::Bucket', Properties: {} };
  const Resources = { Table: table, Subnet: subnet, Bucket: bucket };
  const { findings } = await check(t, new Map([['prod-security-0', { Resources }]]));
  for (const finding of [
    'dynamodb_table_encrypted_kms_check prod security Table',
    'dynamodb_table_pitr_enabled_check prod security Table',
    'subnet_auto_assign_public_ip_disabled_check prod security Subnet',
  ]) {
    t.ok(findings.includes(finding), finding);
  }
});

/** The ids of the controls that a text names; `SSM.1 to SSM.3` stands for three. */
function namedControls(text: string): string[] {
  const ranges = text.replaceAll(/\b([A-Z]\w+)\.(\d+) to \1\.(\d+)/g, (_, service, first, last) =>
    Array.from(
      { length: Number(last) - Number(first) + 1 },
      (_, index) => `${service}.${Number(first) + index}`,
    ).join(', '),
  );
  return [...ranges.matchAll(/\b[A-Z]\w+\.\d+\b/g)].map(([id]) => id);
}

/** The first cells of the table below a line of SECURITY.md. */
function firstCells(line: string): string[] {
  const [, below = ''] = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8').split(line);
  const [table = ''] = below.trimStart().split('\n\n');
  return table
    .split('\n')
    .slice(2)
    .map((row) => row.split('|')[1] ?? '');
}

t.test('SECURITY.md says correctly which controls have a rule', (t) => {
  const withRule = new Set([...METADATA.values()].flatMap(controlsOf));
  const without = firstCells('These controls have no rule there:').flatMap(namedControls);
  t.ok(without.length > 20, without.join(' '));
  t.strictSame(
    without.filter((id) => withRule.has(id)),
    [],
    'no rule',
  );
  const unused = firstCells('These have a rule, which sees only a part:').flatMap(namedControls);
  t.ok(unused.length > 0);
  t.strictSame(
    unused.filter((id) => !withRule.has(id)),
    [],
    'a rule',
  );
  t.end();
});

t.test('a reason names the control that the rule belongs to', (t) => {
  const byRule = new Map<string, readonly string[]>();
  for (const [name, metadata] of METADATA) {
    const text = readFileSync(join(RULES, 'cfn-guard', `${name}.guard`), 'utf8');
    for (const [, rule = ''] of text.matchAll(/^rule (\w+)/gm)) byRule.set(rule, controlsOf(metadata));
  }
  for (const { rule, why } of ACCEPTED) t.strictSame(namedControls(why), byRule.get(rule), `${rule}: ${why}`);
  t.end();
});
