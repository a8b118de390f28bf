import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Match } from 'aws-cdk-lib/assertions';
import t from 'tap';
import { LONGEST_REQUEST_MS, SHUTDOWN_TIMEOUT_MS } from '../../../src/timeouts.js';
import { ROOT } from '../../helpers/cli.js';
import { CHOICES, type Json, synthesize, type Synthesized, textOf } from '../../helpers/stacks.js';

interface Container extends Json {
  readonly HealthCheck: Json & { readonly Command: readonly string[] };
  readonly StopTimeout: number;
  readonly User: string;
}

function container(stacks: Synthesized): Container {
  const [task] = stacks.resources('AWS::ECS::TaskDefinition');
  const [found] = task?.Properties['ContainerDefinitions'] as Container[];
  if (found === undefined) throw new Error('there is no container');
  return found;
}

/** Attributes of a load balancer or target group by their keys. */
function attributes(
  stacks: Synthesized,
  type: 'LoadBalancer' | 'TargetGroup',
): Readonly<Record<string, unknown>> {
  const [resource] = stacks.resources(`AWS::ElasticLoadBalancingV2::${type}`);
  const list = resource?.Properties[`${type}Attributes`] as { Key: string; Value: unknown }[];
  return Object.fromEntries(list.map(({ Key, Value }) => [Key, Value]));
}

t.test('task sizes and log retention follow the environment', (t) => {
  for (const [environment, cpu, memory, days] of [
    ['dev', '256', '512', 7],
    ['staging', '512', '1024', 30],
    ['prod', '1024', '2048', 90],
  ] as const) {
    const callback = synthesize(t, environment).template('callback');
    callback.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Cpu: cpu,
      Memory: memory,
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

t.test('the container is confined as the image is tested to run', (t) => {
  const found = container(synthesize(t));
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

t.test('user, health check and stop time agree with the image and the service', (t) => {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  const found = container(synthesize(t));
  t.ok(dockerfile.includes(`\nUSER ${found.User}\n`));
  const command = JSON.stringify(found.HealthCheck.Command.slice(1)).replaceAll(',', ', ');
  t.ok(dockerfile.includes(` CMD ${command}\n`), command);
  t.match(dockerfile, new RegExp(`--start-period=${String(found.HealthCheck['StartPeriod'])}s`));
  t.ok(found.StopTimeout * 1000 > SHUTDOWN_TIMEOUT_MS);
  t.end();
});

t.test('the service rolls without a gap, and rolls back by itself', (t) => {
  synthesize(t)
    .template('callback')
    .hasResourceProperties('AWS::ECS::Service', {
      ServiceName: 'callback-handler-service',
      DesiredCount: 1,
      LaunchType: 'FARGATE',
      DeploymentConfiguration: {
        MinimumHealthyPercent: 100,
        MaximumPercent: 200,
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
      },
      HealthCheckGracePeriodSeconds: 90,
      NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'DISABLED' } },
    });
  synthesize(t, 'dev', { desiredCount: 3 })
    .template('callback')
    .hasResourceProperties('AWS::ECS::Service', { DesiredCount: 3 });
  t.end();
});

t.test('the cluster has Container Insights, whose log does not stay for ever', (t) => {
  const callback = synthesize(t).template('callback');
  callback.hasResourceProperties('AWS::ECS::Cluster', {
    ClusterName: 'fireblocks-callback-cluster-dev',
    ClusterSettings: [{ Name: 'containerInsights', Value: 'enabled' }],
  });
  callback.hasResourceProperties('AWS::Logs::LogGroup', {
    LogGroupName: '/aws/ecs/containerinsights/fireblocks-callback-cluster-dev/performance',
    RetentionInDays: 7,
  });
  t.end();
});

t.test('the load balancer is internal, in both zones, and speaks HTTPS alone', (t) => {
  const stacks = synthesize(t);
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
    'deletion_protection.enabled': 'false',
  });
  t.equal(attributes(synthesize(t, 'prod'), 'LoadBalancer')['deletion_protection.enabled'], 'true');
  t.end();
});

t.test('targets are probed as operators expect, and let go later than the longest request ends', (t) => {
  const stacks = synthesize(t);
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

t.test('the private zone is of exactly the host name, with the alias at its apex', (t) => {
  for (const [choice, name] of [
    [{}, 'callback.internal.'],
    [CHOICES.certificateByAcm, 'callback.example.com.'],
  ] as const) {
    const callback = synthesize(t, 'dev', choice).template('callback');
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

t.test('the certificate is the one named, or one that ACM issues by a record in the public zone', (t) => {
  synthesize(t, 'dev', CHOICES.certificateByArn)
    .template('callback')
    .hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      Certificates: [{ CertificateArn: CHOICES.certificateByArn.certificate.arn }],
    });
  const issued = synthesize(t, 'dev', CHOICES.certificateByAcm).template('callback');
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

t.test('the image is named by its tag, a parameter', (t) => {
  const stacks = synthesize(t);
  t.match(textOf(container(stacks)['Image']), /:<ImageTag>$/);
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

t.test('outputs begin with the URL for the Co-signer', (t) => {
  const { stacks } = synthesize(t);
  const outputs = stacks.find(({ name }) => name === 'callback')?.json.Outputs ?? {};
  t.equal(Object.keys(outputs)[0], 'CallbackURL');
  t.equal(outputs['CallbackURL']?.Value, 'https://callback.internal/callback');
  for (const name of ['LoadBalancerDNS', 'ClusterName', 'ServiceName', 'LogGroupName', 'TargetGroupArn']) {
    t.ok(outputs[name], name);
  }
  t.end();
});
