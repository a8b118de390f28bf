// The service: tasks behind an internal load balancer with a private hostname, and their monitoring.
import { CfnParameter, Duration, Size } from 'aws-cdk-lib';
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
import { Monitoring } from '../monitoring/monitoring.js';
import type { StackName } from '../names.js';
import { createOutputs } from './callback-outputs.js';
import { createCertificate } from './certificate.js';
import type { Network } from './foundation.js';
import { ProjectStack, type ProjectStackProps } from './project-stack.js';
import type { SecurityGroupIds } from './security.js';
import { serviceEnvironment } from './service-environment.js';
import type { Store } from './store.js';

export interface CallbackStackProps extends ProjectStackProps {
  /** The network that the load balancer and the tasks run in. */
  readonly network: Network;
  readonly securityGroupIds: SecurityGroupIds;
  /** Encrypts logs and alarm notifications. */
  readonly key: kms.IKey;
  /** The service reads large or signed policies, and lists, from this bucket. */
  readonly policyBucket: s3.IBucket;
  /** The service's memory. */
  readonly store: Store;
  /** Permissions for the service. */
  readonly taskRole: iam.IRole;
  /** Permissions that Fargate needs to start a task. */
  readonly executionRole: iam.IRole;
  /** The repository that the image is pulled from. */
  readonly repository: ecr.IRepository;
  /** Receives the load balancer's access logs. */
  readonly logBucket: s3.IBucket;
}

/** The numeric user and group ids in the image. */
const USER = '10001:10001';
/** Time between the end of the service's own shutdown and SIGKILL. */
const STOP_MARGIN_MS = 5000;
/**
 * Leaves time for the longest request, even if it starts just before its target is deregistered, and for its response.
 */
const DEREGISTRATION_DELAY_MS = LONGEST_REQUEST_MS + 5000;

export class CallbackStack extends ProjectStack {
  readonly service: ecs.FargateService;
  readonly loadBalancer: elbv2.ApplicationLoadBalancer;
  readonly targetGroup: elbv2.ApplicationTargetGroup;
  /** Receives notifications from all alarms. */
  readonly alarmTopic: sns.ITopic;

  constructor(scope: Construct, id: StackName, props: CallbackStackProps) {
    super(scope, id, props, 'service, load balancer, private hostname and alarms');
    const imageTag = new CfnParameter(this, 'ImageTag', {
      description: 'Tag of the image to run: a git revision',
      allowedPattern: '[A-Za-z0-9_][A-Za-z0-9._-]{0,127}',
      constraintDescription: 'must be the tag of an image in the repository',
    });

    const logGroup = this.createLogGroup('Log', this.deployment.names.logGroups.service, props.key);
    const cluster = this.createCluster(props);
    const taskDefinition = this.createTaskDefinition(props);
    this.addContainer(taskDefinition, props, imageTag.valueAsString, logGroup);
    this.service = this.createService(cluster, taskDefinition, props);
    this.loadBalancer = this.createLoadBalancer(props);
    this.targetGroup = this.createTargetGroup(this.service, props.network.vpc);
    this.addHttpsListener(this.loadBalancer, this.targetGroup);
    this.createPrivateHostname(this.loadBalancer, props.network.vpc);
    const monitoring = new Monitoring(this, 'Monitoring', {
      deployment: this.deployment,
      key: props.key,
      logGroup,
      service: this.service,
      loadBalancer: this.loadBalancer,
      targetGroup: this.targetGroup,
    });
    this.alarmTopic = monitoring.topic;
    createOutputs(this, this.deployment, this);
  }

  private createLogGroup(id: string, logGroupName: string, encryptionKey: kms.IKey): logs.LogGroup {
    return new logs.LogGroup(this, id, {
      logGroupName,
      retention: this.deployment.sizing.retentionDays,
      encryptionKey,
      removalPolicy: this.removalPolicy,
    });
  }

  private createCluster({ network, key }: CallbackStackProps): ecs.Cluster {
    const { names } = this.deployment;
    const cluster = new ecs.Cluster(this, 'Cluster', {
      clusterName: names.cluster,
      vpc: network.vpc,
      containerInsightsV2: ecs.ContainerInsights.ENABLED,
    });
    // Create the log group first, because Container Insights would create one that is kept forever.
    cluster.node.addDependency(
      this.createLogGroup('ContainerInsights', names.logGroups.containerInsights, key),
    );
    return cluster;
  }

  private createTaskDefinition({ taskRole, executionRole }: CallbackStackProps): ecs.FargateTaskDefinition {
    const { names, settings, sizing } = this.deployment;
    const taskDefinition = new ecs.FargateTaskDefinition(this, 'Task', {
      family: names.taskFamily,
      cpu: sizing.cpu,
      memoryLimitMiB: sizing.memoryMiB,
      runtimePlatform: {
        operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
        cpuArchitecture:
          settings.architecture === 'arm64' ? ecs.CpuArchitecture.ARM64 : ecs.CpuArchitecture.X86_64,
      },
      taskRole,
      executionRole,
    });
    this.acknowledge(
      taskDefinition,
      ['ECS2'],
      'The environment variables hold parameter names and modes, no secrets. The service reads the parameters itself.',
    );
    return taskDefinition;
  }

  private addContainer(
    taskDefinition: ecs.FargateTaskDefinition,
    { repository, policyBucket, store }: CallbackStackProps,
    imageTag: string,
    logGroup: logs.ILogGroup,
  ): void {
    const { names, sizing } = this.deployment;
    const linuxParameters = new ecs.LinuxParameters(this, 'Linux', { initProcessEnabled: true });
    linuxParameters.dropCapabilities(ecs.Capability.ALL);
    taskDefinition.addContainer(names.container, {
      containerName: names.container,
      image: ecs.ContainerImage.fromEcrRepository(repository, imageTag),
      user: USER,
      // A limit of the task alone is not visible to the service, which derives its own bound from it.
      memoryLimitMiB: sizing.memoryMiB,
      readonlyRootFilesystem: true,
      linuxParameters,
      portMappings: [{ containerPort: PORT }],
      environment: serviceEnvironment(this.deployment, policyBucket, store),
      stopTimeout: Duration.millis(SHUTDOWN_TIMEOUT_MS + STOP_MARGIN_MS),
      healthCheck: {
        command: ['CMD', 'node', 'dist/healthcheck.js'],
        interval: Duration.seconds(30),
        timeout: Duration.seconds(5),
        retries: 3,
        startPeriod: Duration.millis(START_MS),
      },
      // In blocking mode, the service would stop responding if CloudWatch Logs became unavailable.
      logging: ecs.LogDrivers.awsLogs({
        logGroup,
        streamPrefix: 'task',
        mode: ecs.AwsLogDriverMode.NON_BLOCKING,
        maxBufferSize: Size.mebibytes(10),
      }),
    });
  }

  private createService(
    cluster: ecs.ICluster,
    taskDefinition: ecs.FargateTaskDefinition,
    { network, securityGroupIds }: CallbackStackProps,
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
      securityGroups: [this.importSecurityGroup('TaskGroup', securityGroupIds.task)],
      assignPublicIp: false,
      propagateTags: ecs.PropagatedTagSource.SERVICE,
      enableECSManagedTags: true,
    });
  }

  private createLoadBalancer({
    network,
    securityGroupIds,
    logBucket,
  }: CallbackStackProps): elbv2.ApplicationLoadBalancer {
    const { names, sizing } = this.deployment;
    const loadBalancer = new elbv2.ApplicationLoadBalancer(this, 'LoadBalancer', {
      loadBalancerName: names.loadBalancer,
      vpc: network.vpc,
      vpcSubnets: { subnets: [...network.privateSubnets] },
      internetFacing: false,
      securityGroup: this.importSecurityGroup('LoadBalancerGroup', securityGroupIds.loadBalancer),
      dropInvalidHeaderFields: true,
      idleTimeout: Duration.millis(LOAD_BALANCER_IDLE_MS),
      deletionProtection: sizing.production,
    });
    loadBalancer.logAccessLogs(logBucket, 'load-balancer');
    return loadBalancer;
  }

  private createTargetGroup(service: ecs.FargateService, vpc: ec2.IVpc): elbv2.ApplicationTargetGroup {
    return new elbv2.ApplicationTargetGroup(this, 'TargetGroup', {
      targetGroupName: this.deployment.names.targetGroup,
      vpc,
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
      deregistrationDelay: Duration.millis(DEREGISTRATION_DELAY_MS),
    });
  }

  private addHttpsListener(
    loadBalancer: elbv2.ApplicationLoadBalancer,
    targetGroup: elbv2.ApplicationTargetGroup,
  ): void {
    loadBalancer.addListener('Https', {
      port: 443,
      protocol: elbv2.ApplicationProtocol.HTTPS,
      sslPolicy: elbv2.SslPolicy.TLS13_RES,
      certificates: [createCertificate(this, this.deployment.settings)],
      defaultTargetGroups: [targetGroup],
      open: false,
    });
  }

  /** The zone covers only the hostname, so that other names in its domain resolve as before. */
  private createPrivateHostname(loadBalancer: elbv2.IApplicationLoadBalancer, vpc: ec2.IVpc): void {
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
