// Tests the callback stack: service, load balancer, private hostname and certificate.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Match } from 'aws-cdk-lib/assertions';
import t from 'tap';
import { readConfig } from '../../../src/config.js';
import { LONGEST_REQUEST_MS, SHUTDOWN_TIMEOUT_MS } from '../../../src/timeouts.js';
import { ROOT } from '../../helpers/cli.js';
import { CHOICES, type Json } from '../../helpers/settings.js';
import { synthesize, type Synthesized, toText } from '../../helpers/stacks.js';

interface Container extends Json {
  readonly HealthCheck: Json & { readonly Command: readonly string[] };
  readonly StopTimeout: number;
  readonly User: string;
}

function container(stacks: Synthesized): Container {
  const [task] = stacks.resources('AWS::ECS::TaskDefinition');
  const [found] = task?.Properties['ContainerDefinitions'] as Container[];
  if (found === undefined) throw new Error('the task definition has no container');
  return found;
}

/** Attributes of the load balancer or the target group, keyed by name. */
function attributes(
  stacks: Synthesized,
  type: 'LoadBalancer' | 'TargetGroup',
): Readonly<Record<string, unknown>> {
  const [resource] = stacks.resources(`AWS::ElasticLoadBalancingV2::${type}`);
  const list = resource?.Properties[`${type}Attributes`] as { Key: string; Value: unknown }[];
  return Object.fromEntries(list.map(({ Key, Value }) => [Key, Value]));
}

t.test('task size and log retention depend on the environment', (t) => {
  for (const [environment, cpu, memory, days] of [
    ['dev', '256', '512', 7],
    ['staging', '512', '1024', 30],
    ['prod', '1024', '2048', 400],
  ] as const) {
    const callback = synthesize(environment).template('callback');
    callback.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Cpu: cpu,
      Memory: memory,
      // The service sees only the container's own limit.
      ContainerDefinitions: [Match.objectLike({ Memory: Number(memory) })],
      NetworkMode: 'awsvpc',
      RequiresCompatibilities: ['FARGATE'],
    });
    callback.hasResourceProperties('AWS::Logs::LogGroup', {
      LogGroupName: `/ecs/callback-handler/${environment}`,
      RetentionInDays: days,
      KmsKeyId: Match.anyValue(),
    });
  }
  t.end();
});

t.test('the container has a read-only file system and no capabilities, as in the image tests', (t) => {
  const found = container(synthesize());
  t.match(found, {
    Name: 'callback-handler',
    ReadonlyRootFilesystem: true,
    LinuxParameters: { Capabilities: { Drop: ['ALL'] }, InitProcessEnabled: true },
    PortMappings: [{ ContainerPort: 3000, Protocol: 'tcp' }],
  });
  t.equal((found['LinuxParameters'] as { Capabilities: Json }).Capabilities['Add'], undefined);
  t.equal(found['Privileged'], undefined);
  t.end();
});

t.test('user, health check and stop timeout match the image and the service', (t) => {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  const found = container(synthesize());
  t.ok(dockerfile.includes(`\nUSER ${found.User}\n`));
  const command = JSON.stringify(found.HealthCheck.Command.slice(1)).replaceAll(',', ', ');
  t.ok(dockerfile.includes(` CMD ${command}\n`), command);
  t.match(dockerfile, new RegExp(`--start-period=${String(found.HealthCheck['StartPeriod'])}s`));
  t.ok(found.StopTimeout * 1000 > SHUTDOWN_TIMEOUT_MS);
  t.end();
});

const POLICY_BUCKET = 'fireblocks-dev-policy-111122223333-ap-northeast-1';

/** What the security stack's outputs are. */
const IMPORTED = {
  Policies: POLICY_BUCKET,
  StoreArchive: 'fireblocks-dev-archive-111122223333-ap-northeast-1',
  StoreTable: 'fireblocks-dev-store',
};

/** The container's environment variables. The names of buckets and table come from the security stack. */
function environmentOf(stacks: Synthesized): Readonly<Record<string, string>> {
  const variables = container(stacks)['Environment'] as { Name: string; Value: unknown }[];
  return Object.fromEntries(
    variables.map(({ Name, Value }) => [
      Name,
      Object.entries(IMPORTED).reduce(
        (text, [output, name]) => text.replace(`<Security${output}>`, name),
        toText(Value),
      ),
    ]),
  );
}

t.test('the settings become environment variables that the service accepts', (t) => {
  const usual = environmentOf(synthesize());
  t.match(usual, {
    CALLBACK_AUTH: 'jwt',
    BASE_PATH: '/callback',
    STOP_PARAMETER: '/fireblocks/dev/policy-stop',
    KEY_WITHDRAWAL: undefined,
    MAX_STALENESS_SECONDS: undefined,
    STORE_TABLE: 'fireblocks-dev-store',
    STORE_ARCHIVE: 's3://fireblocks-dev-archive-111122223333-ap-northeast-1/archive',
    STORE_RETENTION_DAYS: '400',
  });
  t.match(environmentOf(synthesize('dev', { retentionDays: 30 })), { STORE_RETENTION_DAYS: '30' });
  t.match(readConfig([], usual), { auth: 'jwt', keyWithdrawal: 'keep', maxStalenessMs: undefined });
  t.match(readConfig([], environmentOf(synthesize('dev', CHOICES.handler))), {
    basePath: '/fireblocks/callback_handler',
    keyWithdrawal: 'refuse',
    maxStalenessMs: 120_000,
    sources: { stopParameter: '/fireblocks/dev/policy-stop' },
  });
  t.equal(readConfig([], environmentOf(synthesize('dev', CHOICES.json))).auth, 'json');
  t.end();
});

t.test('the policy comes from its parameter, or from the image', (t) => {
  const parameter = environmentOf(synthesize());
  t.match(parameter, {
    POLICY_PARAMETER: '/fireblocks/dev/policy',
    POLICY_CANDIDATE_PARAMETER: '/fireblocks/dev/policy-candidate',
    POLICY_BUCKET,
    POLICY_FILE: undefined,
    POLICY_SIGNERS: undefined,
    POLICY_QUORUM: undefined,
  });
  t.match(readConfig([], parameter), { sources: { policy: { parameter: '/fireblocks/dev/policy' } } });

  const stacks = synthesize('dev', CHOICES.policyInImage);
  const image = environmentOf(stacks);
  t.match(image, {
    POLICY_FILE: 'policy.yaml',
    POLICY_BUCKET,
    POLICY_PARAMETER: undefined,
    POLICY_CANDIDATE_PARAMETER: undefined,
  });
  t.match(readConfig([], image), { sources: { policy: { file: 'policy.yaml' } } });
  t.match(
    readFileSync(join(ROOT, 'Dockerfile'), 'utf8'),
    /\nWORKDIR \/app\n(COPY .*\n)*COPY --from=policy \/policy \.\/\n/,
    'where the service looks for it',
  );
  const outputs = stacks.template('callback').findOutputs('*');
  t.notOk('PolicyParameter' in outputs || 'PolicyCandidateParameter' in outputs);
  t.end();
});

t.test('signers and their quorum become environment variables', (t) => {
  const { alice, bob } = CHOICES.signers.policySigners.keys;
  const variables = environmentOf(synthesize('dev', CHOICES.signers));
  t.match(variables, { POLICY_SIGNERS: `alice=${alice},bob=${bob}`, POLICY_QUORUM: '2' });
  const { signers } = readConfig([], variables);
  t.equal(signers?.quorum, 2);
  t.strictSame([...(signers?.keys.keys() ?? [])], ['alice', 'bob']);
  t.end();
});

t.test('the base path / means the bare host, also for the service', (t) => {
  t.equal(readConfig([], environmentOf(synthesize('dev', { basePath: '/' }))).basePath, '');
  t.end();
});

t.test('Container Insights is on, and its log expires', (t) => {
  const callback = synthesize().template('callback');
  callback.hasResourceProperties('AWS::ECS::Cluster', {
    ClusterName: 'fireblocks-callback-cluster-dev',
    ClusterSettings: [{ Name: 'containerInsights', Value: 'enabled' }],
    // GuardDuty's agent can't be pulled.
    Tags: Match.arrayWith([{ Key: 'GuardDutyManaged', Value: 'false' }]),
  });
  callback.hasResourceProperties('AWS::Logs::LogGroup', {
    LogGroupName: '/aws/ecs/containerinsights/fireblocks-callback-cluster-dev/performance',
    RetentionInDays: 7,
  });
  t.end();
});

t.test('the load balancer is internal, in both zones, and accepts only HTTPS', (t) => {
  const stacks = synthesize();
  const callback = stacks.template('callback');
  callback.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', {
    Name: 'callback-handler-dev',
    Scheme: 'internal',
    Type: 'application',
    Subnets: [Match.anyValue(), Match.anyValue()],
  });
  callback.resourceCountIs('AWS::ElasticLoadBalancingV2::Listener', 1);
  callback.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
    Port: 443,
    Protocol: 'HTTPS',
    SslPolicy: Match.stringLikeRegexp('^ELBSecurityPolicy-TLS13-1-2-'),
    Certificates: [{ CertificateArn: { Ref: 'CertificateArn' } }],
  });
  t.match(attributes(stacks, 'LoadBalancer'), {
    'routing.http.drop_invalid_header_fields.enabled': 'true',
    'access_logs.s3.enabled': 'true',
    'idle_timeout.timeout_seconds': '60',
  });
  const inProd = attributes(synthesize('prod'), 'LoadBalancer');
  t.notOk('deletion_protection.enabled' in inProd, 'turned on by the deploy command, once it is created');
  t.end();
});

t.test('targets are health-checked, and the deregistration delay exceeds the longest request', (t) => {
  const stacks = synthesize();
  stacks.template('callback').hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
    Name: 'callback-handler-tg-dev',
    Port: 3000,
    Protocol: 'HTTP',
    TargetType: 'ip',
    HealthCheckPath: '/health',
    HealthCheckIntervalSeconds: 30,
    HealthyThresholdCount: 2,
    UnhealthyThresholdCount: 3,
    Matcher: { HttpCode: '200' },
  });
  const delay = Number(attributes(stacks, 'TargetGroup')['deregistration_delay.timeout_seconds']);
  t.ok(delay * 1000 > LONGEST_REQUEST_MS);
  t.end();
});

t.test('the private zone covers exactly the hostname, which is an alias for the load balancer', (t) => {
  for (const [choice, name] of [
    [{}, 'callback.internal.'],
    [CHOICES.certificateByAcm, 'callback.example.com.'],
  ] as const) {
    const callback = synthesize('dev', choice).template('callback');
    callback.hasResourceProperties('AWS::Route53::HostedZone', {
      Name: name,
      VPCs: [{ VPCId: Match.anyValue(), VPCRegion: 'ap-northeast-1' }],
    });
    callback.hasResourceProperties('AWS::Route53::RecordSet', {
      Name: name,
      Type: 'A',
      AliasTarget: { DNSName: Match.anyValue(), HostedZoneId: Match.anyValue() },
    });
  }
  t.end();
});

t.test('the certificate is an existing one, or issued by ACM with DNS validation', (t) => {
  synthesize('dev', CHOICES.certificateByArn)
    .template('callback')
    .hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      Certificates: [{ CertificateArn: CHOICES.certificateByArn.certificate.arn }],
    });
  const issued = synthesize('dev', CHOICES.certificateByAcm).template('callback');
  issued.hasResourceProperties('AWS::CertificateManager::Certificate', {
    DomainName: 'callback.example.com',
    ValidationMethod: 'DNS',
    DomainValidationOptions: [
      {
        DomainName: 'callback.example.com',
        HostedZoneId: CHOICES.certificateByAcm.certificate.publicZone.id,
      },
    ],
  });
  t.notOk(Object.keys(issued.findParameters('*')).includes('CertificateArn'));
  t.end();
});

t.test('the image tag is a parameter without a default', (t) => {
  const stacks = synthesize();
  t.match(toText(container(stacks)['Image']), /:<ImageTag>$/);
  const { ImageTag, CertificateArn } = stacks.template('callback').findParameters('*') as Record<
    string,
    { AllowedPattern: string; Default?: string }
  >;
  const tag = new RegExp(`^${ImageTag?.AllowedPattern ?? ''}$`);
  t.match('5ad6f7712345', tag);
  for (const wrong of ['', 'repository:latest', '-x', 'a b']) t.notMatch(wrong, tag);
  t.equal(ImageTag?.Default, undefined);
  const arn = new RegExp(`^${CertificateArn?.AllowedPattern ?? ''}$`);
  t.match(CHOICES.certificateByArn.certificate.arn, arn);
  t.notMatch('my-certificate', arn);
  t.end();
});

t.test('the first output is the URL for the Co-signer', (t) => {
  const { stacks } = synthesize();
  const outputs = stacks.find(({ name }) => name === 'callback')?.json.Outputs ?? {};
  t.equal(Object.keys(outputs)[0], 'CallbackURL');
  t.equal(outputs['CallbackURL']?.Value, 'https://callback.internal/callback');
  const other = synthesize('dev', CHOICES.handler).template('callback').findOutputs('CallbackURL');
  t.match(other, { CallbackURL: { Value: 'https://callback.internal/fireblocks/callback_handler' } });
  for (const name of ['LoadBalancerDNS', 'ClusterName', 'ServiceName', 'LogGroupName', 'TargetGroupArn']) {
    t.ok(outputs[name], name);
  }
  t.equal(outputs['PolicyCandidateParameter']?.Value, '/fireblocks/dev/policy-candidate');
  t.ok('PolicyBucket' in synthesize().template('security').findOutputs('*'));
  t.end();
});
