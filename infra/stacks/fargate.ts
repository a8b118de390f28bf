// What the handler's and the console's ECS services have in common: confined tasks, rollouts and health checks.
import { CfnParameter, Duration, Size } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { HEALTH_PATH, LONGEST_REQUEST_MS, SHUTDOWN_TIMEOUT_MS, START_MS } from '../../src/timeouts.js';
import type { TargetGroupNames } from '../names.js';
import type { Settings } from '../settings.js';

/** The numeric user and group ids in the image. */
const USER = '10001:10001';
/** Time between the end of the service's own shutdown and SIGKILL. */
const STOP_MARGIN_MS = 5000;
/**
 * Leaves time for the longest request, even if it starts just before its target is deregistered, and for its response.
 */
const DEREGISTRATION_DELAY_MS = LONGEST_REQUEST_MS + 5000;

export interface TaskProps {
  readonly family: string;
  /** CPU units. */
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly architecture: Settings['architecture'];
  readonly taskRole: iam.IRole;
  readonly executionRole: iam.IRole;
  readonly container: ContainerProps;
}

interface ContainerProps {
  readonly name: string;
  readonly repository: ecr.IRepository;
  readonly imageTag: string;
  readonly port: number;
  /** @default the image's own */
  readonly entryPoint?: string[];
  /** A command that succeeds if the container is healthy. */
  readonly healthCheck: string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly logGroup: logs.ILogGroup;
}

/** A task with one container: read-only, without capabilities, and as the image's user. */
export function createTask(scope: Construct, props: TaskProps): ecs.FargateTaskDefinition {
  const { family, cpu, memoryMiB, architecture, taskRole, executionRole, container } = props;
  const task = new ecs.FargateTaskDefinition(scope, 'Task', {
    family,
    cpu,
    memoryLimitMiB: memoryMiB,
    runtimePlatform: {
      operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
      cpuArchitecture: architecture === 'arm64' ? ecs.CpuArchitecture.ARM64 : ecs.CpuArchitecture.X86_64,
    },
    taskRole,
    executionRole,
  });
  const linuxParameters = new ecs.LinuxParameters(scope, 'Linux', { initProcessEnabled: true });
  linuxParameters.dropCapabilities(ecs.Capability.ALL);
  const { name, repository, imageTag, port, entryPoint, healthCheck, environment, logGroup } = container;
  task.addContainer(name, {
    containerName: name,
    image: ecs.ContainerImage.fromEcrRepository(repository, imageTag),
    user: USER,
    // A limit of the task alone is not visible to the service, which derives its own bound from it.
    memoryLimitMiB: memoryMiB,
    readonlyRootFilesystem: true,
    linuxParameters,
    portMappings: [{ containerPort: port }],
    environment: { ...environment },
    ...(entryPoint !== undefined && { entryPoint }),
    stopTimeout: Duration.millis(SHUTDOWN_TIMEOUT_MS + STOP_MARGIN_MS),
    healthCheck: {
      command: ['CMD', ...healthCheck],
      interval: Duration.seconds(30),
      timeout: Duration.seconds(5),
      retries: 3,
      startPeriod: Duration.millis(START_MS),
    },
    // In blocking mode, the service would stop responding if CloudWatch Logs became unavailable. Lines that do not fit
    // in the buffer are dropped: the records in the store are the proof of what was decided, not the log.
    logging: ecs.LogDrivers.awsLogs({
      logGroup,
      streamPrefix: 'task',
      mode: ecs.AwsLogDriverMode.NON_BLOCKING,
      maxBufferSize: Size.mebibytes(10),
    }),
  });
  return task;
}

export interface ServiceProps {
  readonly name: string;
  readonly cluster: ecs.ICluster;
  readonly task: ecs.FargateTaskDefinition;
  /** The setting: the number of tasks at creation. */
  readonly desiredCount: number;
  readonly subnets: readonly ec2.ISubnet[];
  readonly securityGroup: ec2.ISecurityGroup;
}

/** Id of the parameter with the number of tasks. */
export const DESIRED_COUNT = 'DesiredCount';

/**
 * A rollout keeps every old task until as many new ones are healthy, and is rolled back if they do not become healthy.
 * CloudFormation sets the number of tasks whenever it updates the service, so the deploy command passes the present one.
 */
export function createService(scope: Construct, props: ServiceProps): ecs.FargateService {
  const { name, cluster, task, desiredCount, subnets, securityGroup } = props;
  const count = new CfnParameter(scope, DESIRED_COUNT, {
    type: 'Number',
    description: 'Number of tasks; 0 stops the service',
    default: desiredCount,
    minValue: 0,
  });
  return new ecs.FargateService(scope, 'Service', {
    serviceName: name,
    cluster,
    taskDefinition: task,
    desiredCount: count.valueAsNumber,
    minHealthyPercent: 100,
    maxHealthyPercent: 200,
    availabilityZoneRebalancing: ecs.AvailabilityZoneRebalancing.ENABLED,
    circuitBreaker: { rollback: true },
    healthCheckGracePeriod: Duration.millis(START_MS),
    vpcSubnets: { subnets: [...subnets] },
    securityGroups: [securityGroup],
    assignPublicIp: false,
    propagateTags: ecs.PropagatedTagSource.SERVICE,
    enableECSManagedTags: true,
  });
}

export interface TargetGroupProps {
  readonly names: TargetGroupNames;
  readonly vpc: ec2.IVpc;
  readonly port: number;
  /** Whether the tasks serve TLS. The load balancer does not verify their certificate. */
  readonly tls: boolean;
  readonly service: ecs.FargateService;
}

export function createTargetGroup(
  scope: Construct,
  { names, vpc, port, tls, service }: TargetGroupProps,
): elbv2.ApplicationTargetGroup {
  return new elbv2.ApplicationTargetGroup(scope, 'TargetGroup', {
    targetGroupName: tls ? names.tls : names.plain,
    vpc,
    port,
    protocol: tls ? elbv2.ApplicationProtocol.HTTPS : elbv2.ApplicationProtocol.HTTP,
    targets: [service],
    healthCheck: {
      ...(tls && { protocol: elbv2.Protocol.HTTPS }),
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
