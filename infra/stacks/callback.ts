// The service: one task behind an internal load balancer, under a private name, and what watches it.
import { CfnOutput, CfnParameter, Duration, Size } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as route53 from 'aws-cdk-lib/aws-route53';
import { LoadBalancerTarget } from 'aws-cdk-lib/aws-route53-targets';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import {
  HEALTH_PATH,
  LOAD_BALANCER_IDLE_MS,
  LONGEST_REQUEST_MS,
  PORT,
  SHUTDOWN_TIMEOUT_MS,
  START_MS,
} from '../../src/timeouts.js';
import { Monitoring } from '../monitoring.js';
import { type Deployment, ProjectStack } from '../stack.js';
import type { Network } from './foundation.js';
import type { SecurityGroupIds } from './security.js';

export interface CallbackProps {
  readonly network: Network;
  readonly groupIds: SecurityGroupIds;
  readonly key: kms.IKey;
  readonly taskRole: iam.IRole;
  readonly executionRole: iam.IRole;
  readonly repository: ecr.IRepository;
  readonly logBucket: s3.IBucket;
}

/** The image's own, by number. */
const USER = '10001:10001';
/** Between the service's end and its being killed. */
const STOP_MARGIN_MS = 5000;
/** A request that has just begun when its target is deregistered has its whole time, and a little to be answered. */
const DEREGISTRATION_MS = LONGEST_REQUEST_MS + 5000;

export class CallbackStack extends ProjectStack {
  readonly alarmTopic: sns.ITopic;

  constructor(scope: Construct, deployment: Deployment, props: CallbackProps) {
    super(scope, deployment, 'callback', 'service, load balancer, name and alarms');
    const { names, settings } = deployment;
    const imageTag = new CfnParameter(this, 'ImageTag', {
      description: 'Of the image to run: a git revision',
      allowedPattern: '[A-Za-z0-9_][A-Za-z0-9._-]{0,127}',
      constraintDescription: 'must be the tag of an image in the repository',
    });

    const logGroup = this.createLogGroup('Log', names.logGroups.service, props.key);
    const cluster = this.createCluster(props);
    const taskDefinition = this.createTaskDefinition(props, imageTag.valueAsString, logGroup);
    const service = this.createService(cluster, taskDefinition, props);
    const { loadBalancer, targetGroup } = this.createLoadBalancer(service, props);
    this.createName(loadBalancer, props.network.vpc);
    const monitoring = new Monitoring(this, 'Monitoring', {
      deployment,
      key: props.key,
      logGroup,
      service,
      loadBalancer,
      targetGroup,
    });
    this.alarmTopic = monitoring.topic;

    const outputs: Readonly<Record<string, [value: string, description: string]>> = {
      CallbackURL: [`https://${settings.hostName}/callback`, 'Base URL for the Co-signer'],
      LoadBalancerDNS: [loadBalancer.loadBalancerDnsName, 'The load balancer behind that name'],
      TargetGroupArn: [targetGroup.targetGroupArn, 'aws elbv2 describe-target-health --target-group-arn'],
      ClusterName: [names.cluster, 'aws ecs describe-services --cluster'],
      ServiceName: [names.service, 'aws ecs describe-services --services'],
      LogGroupName: [names.logGroups.service, 'aws logs tail --follow'],
      DashboardName: [names.prefix, 'In CloudWatch'],
      AlarmTopicArn: [this.alarmTopic.topicArn, 'Tells of alarms'],
      CallbackPrivateKeyParameter: [names.parameters.callbackPrivateKey, 'Signs answers; SecureString'],
      CosignerPublicKeyParameter: [names.parameters.cosignerPublicKey, 'Verifies requests; SecureString'],
      PolicyParameter: [names.parameters.policy, 'Decides; SecureString'],
    };
    for (const [id, [value, description]] of Object.entries(outputs)) {
      new CfnOutput(this, id, { value, description });
    }
  }

  private createLogGroup(id: string, logGroupName: string, encryptionKey: kms.IKey): logs.LogGroup {
    return new logs.LogGroup(this, id, {
      logGroupName,
      retention: this.deployment.environment.retentionDays,
      encryptionKey,
      removalPolicy: this.removalPolicy,
    });
  }

  private createCluster({ network, key }: CallbackProps): ecs.Cluster {
    const { names } = this.deployment;
    const cluster = new ecs.Cluster(this, 'Cluster', {
      clusterName: names.cluster,
      vpc: network.vpc,
      containerInsightsV2: ecs.ContainerInsights.ENABLED,
    });
    // Otherwise it would be made in passing, kept for ever.
    cluster.node.addDependency(
      this.createLogGroup('ContainerInsights', names.logGroups.containerInsights, key),
    );
    return cluster;
  }

  private createTaskDefinition(
    { taskRole, executionRole, repository }: CallbackProps,
    imageTag: string,
    logGroup: logs.ILogGroup,
  ): ecs.FargateTaskDefinition {
    const { names, settings, environment } = this.deployment;
    const taskDefinition = new ecs.FargateTaskDefinition(this, 'Task', {
      family: names.taskFamily,
      cpu: environment.cpu,
      memoryLimitMiB: environment.memoryMiB,
      runtimePlatform: {
        operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
        cpuArchitecture:
          settings.architecture === 'arm64' ? ecs.CpuArchitecture.ARM64 : ecs.CpuArchitecture.X86_64,
      },
      taskRole,
      executionRole,
    });
    const linuxParameters = new ecs.LinuxParameters(this, 'Linux', { initProcessEnabled: true });
    linuxParameters.dropCapabilities(ecs.Capability.ALL);
    taskDefinition.addContainer(names.container, {
      containerName: names.container,
      image: ecs.ContainerImage.fromEcrRepository(repository, imageTag),
      user: USER,
      readonlyRootFilesystem: true,
      linuxParameters,
      portMappings: [{ containerPort: PORT }],
      environment: {
        CALLBACK_AUTH: settings.auth,
        CALLBACK_PRIVATE_KEY_PARAMETER: names.parameters.callbackPrivateKey,
        COSIGNER_PUBLIC_KEY_PARAMETER: names.parameters.cosignerPublicKey,
        POLICY_PARAMETER: names.parameters.policy,
        SHUTDOWN_TIMEOUT_MS: String(SHUTDOWN_TIMEOUT_MS),
      },
      stopTimeout: Duration.millis(SHUTDOWN_TIMEOUT_MS + STOP_MARGIN_MS),
      healthCheck: {
        command: ['CMD', 'node', 'dist/healthcheck.js'],
        interval: Duration.seconds(30),
        timeout: Duration.seconds(5),
        retries: 3,
        startPeriod: Duration.millis(START_MS),
      },
      // A log that can't be delivered must not keep the service from answering.
      logging: ecs.LogDrivers.awsLogs({
        logGroup,
        streamPrefix: 'task',
        mode: ecs.AwsLogDriverMode.NON_BLOCKING,
        maxBufferSize: Size.mebibytes(10),
      }),
    });
    this.acknowledge(
      taskDefinition,
      ['ECS2'],
      'The variables name parameters and modes: no secret is among them. The service reads the parameters itself.',
    );
    return taskDefinition;
  }

  private createService(
    cluster: ecs.ICluster,
    taskDefinition: ecs.FargateTaskDefinition,
    { network, groupIds }: CallbackProps,
  ): ecs.FargateService {
    const { names, settings } = this.deployment;
    return new ecs.FargateService(this, 'Service', {
      serviceName: names.service,
      cluster,
      taskDefinition,
      desiredCount: settings.desiredCount,
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { rollback: true },
      healthCheckGracePeriod: Duration.millis(START_MS),
      vpcSubnets: { subnets: [...network.privateSubnets] },
      securityGroups: [this.securityGroup('TaskGroup', groupIds.task)],
      assignPublicIp: false,
      propagateTags: ecs.PropagatedTagSource.SERVICE,
      enableECSManagedTags: true,
    });
  }

  private createLoadBalancer(service: ecs.FargateService, { network, groupIds, logBucket }: CallbackProps) {
    const { names, environment } = this.deployment;
    const loadBalancer = new elbv2.ApplicationLoadBalancer(this, 'LoadBalancer', {
      loadBalancerName: names.loadBalancer,
      vpc: network.vpc,
      vpcSubnets: { subnets: [...network.privateSubnets] },
      internetFacing: false,
      securityGroup: this.securityGroup('LoadBalancerGroup', groupIds.loadBalancer),
      dropInvalidHeaderFields: true,
      idleTimeout: Duration.millis(LOAD_BALANCER_IDLE_MS),
      deletionProtection: environment.production,
    });
    loadBalancer.logAccessLogs(logBucket, 'load-balancer');
    const targetGroup = new elbv2.ApplicationTargetGroup(this, 'TargetGroup', {
      targetGroupName: names.targetGroup,
      vpc: network.vpc,
      port: PORT,
      protocol: elbv2.ApplicationProtocol.HTTP,
      targets: [service],
      healthCheck: {
        path: HEALTH_PATH,
        interval: Duration.seconds(30),
        timeout: Duration.seconds(5),
        healthyThresholdCount: 2,
        unhealthyThresholdCount: 3,
        healthyHttpCodes: '200',
      },
      deregistrationDelay: Duration.millis(DEREGISTRATION_MS),
    });
    loadBalancer.addListener('Https', {
      port: 443,
      protocol: elbv2.ApplicationProtocol.HTTPS,
      sslPolicy: elbv2.SslPolicy.TLS13_RES,
      certificates: [this.certificate()],
      defaultTargetGroups: [targetGroup],
      open: false,
    });
    return { loadBalancer, targetGroup };
  }

  private certificate(): elbv2.IListenerCertificate {
    const { certificate, hostName } = this.deployment.settings;
    if (certificate === 'private') {
      const arn = new CfnParameter(this, 'CertificateArn', {
        description: `Of the certificate for ${hostName}, imported into ACM`,
        allowedPattern: 'arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+',
        constraintDescription: 'must be the ARN of a certificate in ACM',
      });
      return elbv2.ListenerCertificate.fromArn(arn.valueAsString);
    }
    if ('arn' in certificate) return elbv2.ListenerCertificate.fromArn(certificate.arn);
    const { id, name } = certificate.publicZone;
    const zone = route53.HostedZone.fromHostedZoneAttributes(this, 'PublicZone', {
      hostedZoneId: id,
      zoneName: name,
    });
    return new acm.Certificate(this, 'Certificate', {
      domainName: hostName,
      validation: acm.CertificateValidation.fromDns(zone),
    });
  }

  /** A zone of exactly the host name: names beside it are resolved as everywhere. */
  private createName(loadBalancer: elbv2.IApplicationLoadBalancer, vpc: ec2.IVpc): void {
    const zone = new route53.PrivateHostedZone(this, 'Zone', {
      zoneName: this.deployment.settings.hostName,
      vpc,
    });
    new route53.ARecord(this, 'Name', {
      zone,
      target: route53.RecordTarget.fromAlias(new LoadBalancerTarget(loadBalancer)),
    });
  }
}
