// What the Co-signer calls: an internal load balancer with a private hostname. Behind it are the handler's tasks, or its
// function. Their monitoring is here as well.
import { Duration, Tags } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as logs from 'aws-cdk-lib/aws-logs';
import * as route53 from 'aws-cdk-lib/aws-route53';
import { LoadBalancerTarget } from 'aws-cdk-lib/aws-route53-targets';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { LOAD_BALANCER_IDLE_MS, PORT } from '../../src/timeouts.js';
import { FunctionMonitoring } from '../monitoring/function.js';
import { Monitoring } from '../monitoring/monitoring.js';
import type { StackName } from '../names.js';
import { callbackUrl } from '../settings.js';
import { createCertificate } from './certificate.js';
import { createService, createTargetGroup, createTask } from './fargate.js';
import type { Network } from './foundation.js';
import { createFunctionTarget } from './function-target.js';
import { createOutputs } from './handler-outputs.js';
import { ProjectStack, type ProjectStackProps } from './project-stack.js';
import { createScaling } from './scaling.js';
import type { SecurityGroupIds, TaskRoles } from './security.js';
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
  /** Permissions for the tasks. */
  readonly taskRoles: TaskRoles | undefined;
  /** The repository that the image is pulled from. */
  readonly repository: ecr.IRepository;
  /** Receives the load balancer's access logs. */
  readonly logBucket: s3.IBucket;
}

export class CallbackStack extends ProjectStack {
  readonly loadBalancer: elbv2.ApplicationLoadBalancer;
  /** ARN of the load balancer's certificate. */
  readonly certificate: string;
  /** The load balancer's second security group, which admits those who use the console, if there is one. */
  readonly consoleGroupId: string;
  /** Receives notifications from all alarms. */
  readonly alarmTopic: sns.ITopic;

  constructor(scope: Construct, id: StackName, props: CallbackStackProps) {
    super(scope, id, props, 'load balancer, private hostname, what is behind them, and alarms');
    const { settings, names } = this.deployment;
    this.loadBalancer = this.createLoadBalancer(props);
    this.consoleGroupId = this.addConsoleGroup(props.network.vpc);
    this.certificate = createCertificate(this, settings);
    this.createPrivateHostname(this.loadBalancer, props.network.vpc);
    const runsTasks = settings.compute === 'fargate';
    // The logs of tasks stay when a function replaces them: what they hold is still needed, and in prod they would be kept
    // in any case, so that their names would be taken when tasks come back.
    const logGroup = this.createReusableLogGroup('Log', names.logGroups.service, props.key);
    const insights = this.createReusableLogGroup(
      'ContainerInsights',
      names.logGroups.containerInsights,
      props.key,
    );
    const cluster =
      runsTasks || settings.console !== undefined ? this.createCluster(props, insights) : undefined;
    const { targetGroup, topic } =
      runsTasks && cluster !== undefined
        ? this.forwardToTasks(props, cluster, logGroup)
        : this.forwardToFunction(props);
    this.alarmTopic = topic;
    createOutputs(this, this.deployment, {
      url: callbackUrl(settings),
      front: {
        LoadBalancerDNS: [this.loadBalancer.loadBalancerDnsName, 'DNS name of the load balancer'],
        TargetGroupArn: [
          targetGroup.targetGroupArn,
          'Use with: aws elbv2 describe-target-health --target-group-arn',
        ],
      },
      dashboard: names.prefix,
      alarmTopic: topic,
    });
  }

  private forwardToTasks(props: CallbackStackProps, cluster: ecs.ICluster, logGroup: logs.ILogGroup) {
    const { names, settings, leaving } = this.deployment;
    const { loadBalancer, certificate } = this;
    const imageTag = this.createImageTag();
    const service = createService(this, {
      name: names.service,
      cluster,
      task: this.createTask(props, imageTag, logGroup),
      desiredCount: settings.desiredCount,
      subnets: props.network.privateSubnets,
      securityGroup: this.importSecurityGroup('TaskGroup', props.securityGroupIds.task),
    });
    const targetGroup = createTargetGroup(this, {
      names: names.targetGroups,
      vpc: props.network.vpc,
      port: PORT,
      tls: settings.tlsToTask,
      service,
    });
    // ECS starts no task whose group is not in use at a load balancer. Until tasks are healthy, the function answers.
    if (leaving.has('function')) this.addHttpsListener(this.createFunctionTarget(), targetGroup);
    else this.addHttpsListener(targetGroup);
    const { topic } = new Monitoring(this, 'Monitoring', {
      deployment: this.deployment,
      key: props.key,
      logGroup,
      service,
      loadBalancer,
      targetGroup,
      certificate,
    });
    createScaling(this, {
      deployment: this.deployment,
      service,
      loadBalancerArn: loadBalancer.loadBalancerArn,
      targetGroupArn: targetGroup.targetGroupArn,
    });
    return { targetGroup, topic };
  }

  private forwardToFunction({ key }: CallbackStackProps) {
    const { loadBalancer, certificate } = this;
    const targetGroup = this.createFunctionTarget();
    this.addHttpsListener(targetGroup);
    const { topic } = new FunctionMonitoring(this, 'Monitoring', {
      deployment: this.deployment,
      key,
      front: { loadBalancer, targetGroup, certificate },
    });
    return { targetGroup, topic };
  }

  private createFunctionTarget(): elbv2.ApplicationTargetGroup {
    const name = this.deployment.names.targetGroups.function;
    return createFunctionTarget(this, {
      name,
      functionArn: this.functionArn(),
      targetGroupArn: this.arn('elasticloadbalancing', `targetgroup/${name}/*`),
      account: this.account,
    });
  }

  private createCluster({ network }: CallbackStackProps, insights: logs.ILogGroup): ecs.Cluster {
    const { names } = this.deployment;
    const cluster = new ecs.Cluster(this, 'Cluster', {
      clusterName: names.cluster,
      vpc: network.vpc,
      containerInsightsV2: ecs.ContainerInsights.ENABLED,
    });
    // The agent of GuardDuty's Runtime Monitoring could neither be pulled nor reach GuardDuty (SECURITY.md says why).
    Tags.of(cluster).add('GuardDutyManaged', 'false');
    // Create the log group first, because Container Insights would create one that is kept forever. By its name, because
    // CloudFormation does not document a dependency on a resource that a condition may leave out.
    const resource = cluster.node.defaultChild as ecs.CfnCluster;
    resource.addMetadata('ContainerInsights', insights.logGroupName);
    return cluster;
  }

  private createTask(props: CallbackStackProps, imageTag: string, logGroup: logs.ILogGroup) {
    const { names, settings, sizing } = this.deployment;
    const { repository, policyBucket, store, taskRoles } = props;
    if (taskRoles === undefined) throw new Error('the roles of the tasks are missing');
    const task = createTask(this, {
      family: names.taskFamily,
      cpu: sizing.cpu,
      memoryMiB: sizing.memoryMiB,
      architecture: settings.architecture,
      ...taskRoles,
      container: {
        name: names.container,
        repository,
        imageTag,
        port: PORT,
        healthCheck: ['node', 'dist/healthcheck.js'],
        environment: serviceEnvironment(this.deployment, policyBucket, store),
        logGroup,
      },
    });
    this.acknowledge(
      task,
      ['ECS2'],
      'The environment variables hold parameter names and modes, no secrets. The service reads the parameters itself.',
    );
    return task;
  }

  private createLoadBalancer({
    network,
    securityGroupIds,
    logBucket,
  }: CallbackStackProps): elbv2.ApplicationLoadBalancer {
    const { names } = this.deployment;
    const loadBalancer = new elbv2.ApplicationLoadBalancer(this, 'LoadBalancer', {
      loadBalancerName: names.loadBalancer,
      vpc: network.vpc,
      vpcSubnets: { subnets: [...network.privateSubnets] },
      internetFacing: false,
      securityGroup: this.importSecurityGroup('LoadBalancerGroup', securityGroupIds.loadBalancer),
      dropInvalidHeaderFields: true,
      idleTimeout: Duration.millis(LOAD_BALANCER_IDLE_MS),
    });
    // The deploy command turns it on in prod; stated here, an update of the load balancer would turn it off.
    loadBalancer.removeAttribute('deletion_protection.enabled');
    loadBalancer.logAccessLogs(logBucket, 'load-balancer');
    return loadBalancer;
  }

  /**
   * With one group for both ports, whoever reaches one of them would reach the other. The group's rules are in the
   * console's stack: without it, nobody is admitted. The group stays, so that turning the console on or off does not
   * change the load balancer.
   */
  private addConsoleGroup(vpc: ec2.IVpc): string {
    const { securityGroupId } = new ec2.SecurityGroup(this, 'ConsoleLoadBalancer', {
      vpc,
      description: 'The load balancer, for those who use the console',
      allowAllOutbound: false,
    });
    this.loadBalancer.addSecurityGroup(this.importSecurityGroup('ConsoleGroup', securityGroupId));
    return securityGroupId;
  }

  /** @param next attached to the listener, but without requests yet */
  private addHttpsListener(
    targetGroup: elbv2.IApplicationTargetGroup,
    next?: elbv2.IApplicationTargetGroup,
  ): void {
    this.loadBalancer.addListener('Https', {
      port: 443,
      protocol: elbv2.ApplicationProtocol.HTTPS,
      sslPolicy: elbv2.SslPolicy.TLS13_RES,
      certificates: [elbv2.ListenerCertificate.fromArn(this.certificate)],
      defaultAction:
        next === undefined
          ? elbv2.ListenerAction.forward([targetGroup])
          : elbv2.ListenerAction.weightedForward([
              { targetGroup, weight: 1 },
              { targetGroup: next, weight: 0 },
            ]),
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
