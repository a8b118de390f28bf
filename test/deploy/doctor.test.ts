// Breaks the way from the Co-signer to the task, one part after the other, and sees that the doctor names exactly this
// part as the next to fix.
import { ACMClient, ImportCertificateCommand } from '@aws-sdk/client-acm';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateVpcEndpointCommand,
  DeleteVpcEndpointsCommand,
  DescribeVpcEndpointsCommand,
  ModifyVpcAttributeCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { BatchDeleteImageCommand } from '@aws-sdk/client-ecr';
import { UpdateServiceCommand } from '@aws-sdk/client-ecs';
import {
  CreateListenerCommand,
  DeleteListenerCommand,
  ModifyListenerCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  AssociateVPCWithHostedZoneCommand,
  DisassociateVPCFromHostedZoneCommand,
} from '@aws-sdk/client-route-53';
import t from 'tap';
import { makeCertificate } from '../../cli/aws/private-certificate.js';
import { clientOptions, NAMES } from '../helpers/aws.js';
import { awsError } from '../helpers/aws-proxy.js';
import { putImage } from '../helpers/codebuild.js';
import { patientIn, REVERT } from '../helpers/doctor.js';
import { REGION } from '../helpers/operator.js';
import { clientsAt } from '../helpers/whole-account.js';

t.setTimeout(600_000);

t.test('from outside in', async (t) => {
  const patient = await patientIn(t);
  const { ec2, ecr, ecs, elb, route53 } = clientsAt(patient.moto.endpoint);

  await t.test('without a deployment, the next thing is to deploy', async (t) => {
    const report = await patient.diagnose();
    t.match(report.next, { check: 'stacks', next: 'npm run deploy -- -e dev' });
    const others = report.checks.filter(
      ({ check, hint }) => !hint && !['credentials', 'stacks'].includes(check),
    );
    t.strictSame(
      [...new Set(others.map(({ state }) => state))],
      ['unknown'],
      'nothing else is said to be well',
    );
    t.equal((await patient.place.run('doctor')).code, 1);
  });

  const whole = await patient.deploy(t);

  await t.test('all is well', async (t) => {
    const report = await patient.diagnose();
    t.equal(report.next, undefined);
    t.equal(report.well, true);
    const { code, stdout } = await patient.place.run('doctor');
    t.equal(code, 0);
    t.match(stdout, /^ok +private hostname +callback\.internal leads to the load balancer/m);
    t.match(stdout, /\nAll is well\.\n$/);
    t.notMatch(stdout, '\u001b', 'no colours in a pipe');
    t.match(await patient.place.run('doctor', '--help'), {
      code: 0,
      stdout: /names the one thing to fix next/,
    });
  });

  await patient.finds(t, 'the load balancer is deleted', {
    breaks: () => {
      patient.fault = (call) =>
        call.action === 'DescribeLoadBalancers'
          ? awsError(call, 'LoadBalancerNotFound', 'not found')
          : undefined;
      return Promise.resolve();
    },
    repair: patient.healthy,
    check: 'load balancer',
    problem: /callback-handler-dev does not exist/,
    next: REVERT,
  });

  await patient.finds(t, 'the record of the hostname is deleted', {
    breaks: () => whole.changeRecord('DELETE'),
    repair: () => whole.changeRecord('UPSERT'),
    check: 'private hostname',
    problem: /no record for callback\.internal/,
    next: REVERT,
  });

  const VPC = { VPCRegion: REGION, VPCId: whole.vpc } as const;

  await patient.finds(t, 'the private zone is detached from the VPC', {
    breaks: () => route53.send(new DisassociateVPCFromHostedZoneCommand({ HostedZoneId: whole.zone, VPC })),
    repair: () => route53.send(new AssociateVPCWithHostedZoneCommand({ HostedZoneId: whole.zone, VPC })),
    check: 'private hostname',
    problem: /not associated with vpc-/,
    next: /aws route53 associate-vpc-with-hosted-zone --hosted-zone-id/,
  });

  const hostnames = (Value: boolean) =>
    ec2.send(new ModifyVpcAttributeCommand({ VpcId: whole.vpc, EnableDnsHostnames: { Value } }));

  await patient.finds(t, 'DNS hostnames are turned off in the VPC', {
    breaks: () => hostnames(false),
    repair: () => hostnames(true),
    check: 'private hostname',
    problem: /enableDnsHostnames of vpc-\w+ is off/,
    next: /aws ec2 modify-vpc-attribute --vpc-id vpc-\w+ --enable-dns-hostnames/,
  });

  const {
    ListenerArn,
    Certificates = [],
    DefaultActions = [],
    SslPolicy = '',
    LoadBalancerArn,
  } = whole.listener;
  const certificates = Certificates.map(({ CertificateArn }) => ({ CertificateArn }));

  await patient.finds(t, 'the listener gets another certificate', {
    breaks: async () => {
      const Certificates = [{ CertificateArn: await otherCertificate() }];
      await elb.send(new ModifyListenerCommand({ ListenerArn, Certificates }));
    },
    repair: () => elb.send(new ModifyListenerCommand({ ListenerArn, Certificates: certificates })),
    check: 'certificate',
    problem: /the listener does not use it, but arn:aws:acm/,
    next: REVERT,
  });

  await patient.finds(t, 'the listener accepts outdated TLS', {
    breaks: () =>
      elb.send(new ModifyListenerCommand({ ListenerArn, SslPolicy: 'ELBSecurityPolicy-2016-08' })),
    repair: () => elb.send(new ModifyListenerCommand({ ListenerArn, SslPolicy })),
    check: 'listener',
    problem: /outdated TLS: ELBSecurityPolicy-2016-08/,
    next: REVERT,
  });

  await patient.finds(t, 'the listener is deleted', {
    breaks: () => elb.send(new DeleteListenerCommand({ ListenerArn })),
    repair: () =>
      elb.send(
        new CreateListenerCommand({
          LoadBalancerArn,
          Port: 443,
          Protocol: 'HTTPS',
          SslPolicy,
          Certificates: certificates,
          DefaultActions,
        }),
      ),
    check: 'listener',
    problem: /does not listen on port 443/,
    next: REVERT,
  });

  const securityStack = await patient.account.outputs('fireblocks-dev-security');
  const cosigner = securityStack['CosignerSecurityGroupId'] ?? '';
  const fromCosigner = {
    GroupId: whole.loadBalancer.SecurityGroups?.[0],
    IpPermissions: [
      { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, UserIdGroupPairs: [{ GroupId: cosigner }] },
    ],
  };

  await patient.finds(t, 'the rule for the Co-signer is deleted', {
    breaks: () => ec2.send(new RevokeSecurityGroupIngressCommand(fromCosigner)),
    repair: () => ec2.send(new AuthorizeSecurityGroupIngressCommand(fromCosigner)),
    check: 'security groups',
    problem: /no rule allows the Co-signer to the load balancer, port 443: into sg-/,
    next: REVERT,
  });

  const scale = (desiredCount: number) =>
    ecs.send(new UpdateServiceCommand({ cluster: NAMES.cluster, service: NAMES.service, desiredCount }));

  await patient.finds(t, 'the service is scaled to 0', {
    breaks: () => scale(0),
    repair: () => scale(1),
    check: 'service',
    problem: /scaled to 0/,
    next: /npm run scale -- 1 -e dev/,
  });

  await patient.finds(t, 'the image is deleted', {
    breaks: () =>
      ecr.send(
        new BatchDeleteImageCommand({
          repositoryName: NAMES.repository,
          imageIds: [{ imageTag: patient.place.tag }],
        }),
      ),
    repair: () => putImage(patient.moto.endpoint, patient.place.tag),
    check: 'service',
    problem: /is not in the repository/,
    next: /npm run deploy -- -e dev/,
  });

  await patient.finds(t, 'no target is healthy', {
    breaks: () => {
      patient.running.health = 'unhealthy';
      return Promise.resolve();
    },
    repair: patient.healthy,
    check: 'targets',
    problem: /10\.0\.1\.7 is unhealthy/,
    next: /"No healthy target" in DEPLOYMENT\.md/,
  });

  const ServiceName = `com.amazonaws.${REGION}.logs`;

  await patient.finds(t, 'an endpoint is deleted', {
    breaks: async () => {
      const { VpcEndpoints = [] } = await ec2.send(new DescribeVpcEndpointsCommand({}));
      const found = VpcEndpoints.filter((endpoint) => endpoint.ServiceName === ServiceName);
      const VpcEndpointIds = found.flatMap(({ VpcEndpointId }) => VpcEndpointId ?? []);
      await ec2.send(new DeleteVpcEndpointsCommand({ VpcEndpointIds }));
    },
    repair: () =>
      ec2.send(new CreateVpcEndpointCommand({ VpcId: whole.vpc, ServiceName, VpcEndpointType: 'Interface' })),
    check: 'endpoints',
    problem: /no endpoint for logs|endpoint for logs is deleted/,
    next: REVERT,
  });

  await patient.finds(t, 'a permission is missing', {
    breaks: () => {
      patient.fault = (call) =>
        call.service === 'route53'
          ? awsError(call, 'AccessDenied', 'not authorized to list zones', 403)
          : undefined;
      return Promise.resolve();
    },
    repair: patient.healthy,
    check: 'private hostname',
    problem: /lack a permission: not authorized to list zones/,
    next: /ask an administrator/,
    state: 'unknown',
  });

  /** @returns the ARN of a certificate for another name */
  async function otherCertificate(): Promise<string | undefined> {
    const { certificate, ca, privateKey } = await makeCertificate('other.internal');
    const { CertificateArn } = await new ACMClient(clientOptions(patient.moto.endpoint)).send(
      new ImportCertificateCommand({
        Certificate: Buffer.from(certificate),
        CertificateChain: Buffer.from(ca),
        PrivateKey: Buffer.from(privateKey),
      }),
    );
    return CertificateArn;
  }
});
