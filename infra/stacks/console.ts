// The console: its own service with its own role, a second port of the load balancer, and the topic that notifies people.
import { CfnOutput } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { ConsoleMonitoring } from '../monitoring/console.js';
import { ARCHIVE_PREFIX, CONSOLE_LISTENER_PORT, CONSOLE_PORT, type StackName } from '../names.js';
import { consoleOrigin, type Settings } from '../settings.js';
import { createCertificate } from './certificate.js';
import { ConsoleHost } from './console-host.js';
import { consoleStatements } from './console-permissions.js';
import { allowConsoleTraffic } from './console-traffic.js';
import { createService, createTargetGroup, createTask } from './fargate.js';
import type { Network } from './foundation.js';
import { ProjectStack, type ProjectStackProps } from './project-stack.js';
import { consoleEnvironment } from './service-environment.js';
import type { Store } from './store.js';

export interface ConsoleStackProps extends ProjectStackProps {
  /** Who reaches the console, and who is notified. */
  readonly console: NonNullable<Settings['console']>;
  readonly network: Network;
  /** Encrypts the log and notifications. */
  readonly key: kms.IKey;
  readonly policyBucket: s3.IBucket;
  /** The handler's store. The console writes only what people decide. */
  readonly store: Store;
  readonly repository: ecr.IRepository;
  /** The handler's load balancer, which gets a second port. */
  readonly loadBalancer: elbv2.ApplicationLoadBalancer;
  /** The load balancer's group for those who use the console. */
  readonly loadBalancerGroupId: string;
  /** ARN of the load balancer's certificate. */
  readonly certificate: string;
  /** Receives notifications from the console's alarms. */
  readonly alarmTopic: sns.ITopic;
}

/** The console's task is at most this large: people are slower than Co-signers. */
const LARGEST_TASK = { cpu: 512, memoryMiB: 1024 };

export class ConsoleStack extends ProjectStack {
  readonly service: ecs.FargateService;
  /** Notifies people of requests that wait for them. */
  readonly topic: sns.Topic;

  constructor(scope: Construct, id: StackName, props: ConsoleStackProps) {
    super(scope, id, props, 'console, its port of the load balancer, and its alarms');
    const { names, settings } = this.deployment;
    const imageTag = this.createImageTag();
    const logGroup = this.createReusableLogGroup('Log', names.logGroups.console, props.key);
    this.topic = this.createTopic(props);
    const task = this.createConsoleTask(props, imageTag, logGroup);
    const taskGroup = this.createGroup('ConsoleTask', 'The console', props);
    this.service = createService(this, {
      name: names.console.service,
      cluster: ecs.Cluster.fromClusterAttributes(this, 'Cluster', {
        clusterName: names.cluster,
        vpc: props.network.vpc,
        securityGroups: [],
      }),
      task,
      desiredCount: props.console.desiredCount,
      subnets: this.subnets(props),
      securityGroup: this.importSecurityGroup('TaskGroup', taskGroup.securityGroupId),
    });
    const targetGroup = createTargetGroup(this, {
      names: names.console.targetGroups,
      vpc: props.network.vpc,
      port: CONSOLE_PORT,
      tls: settings.tlsToTask,
      service: this.service,
    });
    new elbv2.ApplicationListener(this, 'Https', {
      loadBalancer: props.loadBalancer,
      port: CONSOLE_LISTENER_PORT,
      protocol: elbv2.ApplicationProtocol.HTTPS,
      sslPolicy: elbv2.SslPolicy.TLS13_RES,
      certificates: [elbv2.ListenerCertificate.fromArn(this.certificate(props))],
      defaultTargetGroups: [targetGroup],
      open: false,
    });
    const host = props.console.host ? this.createHost(props) : undefined;
    allowConsoleTraffic(this, {
      settings,
      console: props.console,
      task: taskGroup.securityGroupId,
      loadBalancer: props.loadBalancerGroupId,
      endpoints: props.network.endpointSecurityGroup.securityGroupId,
      host: host?.securityGroupId,
    });
    new ConsoleMonitoring(this, 'Monitoring', {
      deployment: this.deployment,
      logGroup,
      service: this.service,
      loadBalancer: props.loadBalancer,
      targetGroup,
      alarmTopic: props.alarmTopic,
    });
    this.createOutputs(host?.instanceId);
  }

  /**
   * A certificate that ACM issues is that of the handler's listener: a second one for the same name would be validated
   * by the same DNS record, and the deletion of one of them would remove it.
   */
  private certificate({ certificate }: ConsoleStackProps): string {
    const { settings } = this.deployment;
    return settings.certificate === 'private' ? createCertificate(this, settings) : certificate;
  }

  private createConsoleTask(props: ConsoleStackProps, imageTag: string, logGroup: logs.ILogGroup) {
    const { names, settings, sizing } = this.deployment;
    const { policyBucket, store, repository } = props;
    const task = createTask(this, {
      family: names.console.taskFamily,
      cpu: Math.min(sizing.cpu, LARGEST_TASK.cpu),
      memoryMiB: Math.min(sizing.memoryMiB, LARGEST_TASK.memoryMiB),
      architecture: settings.architecture,
      taskRole: this.createTaskRole(props).withoutPolicyUpdates(),
      executionRole: this.createExecutionRole(names.logGroups.console).withoutPolicyUpdates(),
      container: {
        name: names.console.container,
        repository,
        imageTag,
        port: CONSOLE_PORT,
        entryPoint: ['node', 'dist/console.js'],
        healthCheck: ['node', 'dist/healthcheck.js', String(CONSOLE_PORT)],
        environment: consoleEnvironment(this.deployment, policyBucket, store, this.topic.topicArn),
        logGroup,
      },
    });
    this.acknowledge(
      task,
      ['ECS2'],
      'The environment variables hold names and addresses, no secrets. The console reads the parameters itself.',
    );
    return task;
  }

  private createTaskRole({ key, store }: ConsoleStackProps): iam.Role {
    const buckets = { policies: this.bucketArn('policy'), archive: this.bucketArn('archive') };
    const role = this.createRole(
      'TaskRole',
      'Console: reads the policy and the store, writes what people decide, and notifies them',
      consoleStatements({
        deployment: this.deployment,
        parameterArn: (name) => this.arn('ssm', `parameter${name}`),
        key,
        store,
        buckets,
        topicArn: this.topic.topicArn,
      }),
    );
    this.acknowledge(
      role,
      [this.wildcard(`${buckets.policies}/*`), this.wildcard(`${buckets.archive}/${ARCHIVE_PREFIX}/*`)],
      'A policy may name any object of its bucket, and records are objects of the archive. The role can only read.',
    );
    return role;
  }

  private createTopic({ console: setting, key }: ConsoleStackProps): sns.Topic {
    const topic = new sns.Topic(this, 'Holds', {
      topicName: this.deployment.names.console.topic,
      displayName: `Approvals, ${this.deployment.environment}`,
      masterKey: key,
      enforceSSL: true,
    });
    for (const address of new Set(setting.alertEmails)) topic.addSubscription(new EmailSubscription(address));
    return topic;
  }

  private createGroup(id: string, description: string, { network }: ConsoleStackProps): ec2.SecurityGroup {
    return new ec2.SecurityGroup(this, id, { vpc: network.vpc, description, allowAllOutbound: false });
  }

  /** In a new VPC, only the first subnet has a route to the internet, which a webhook needs, and only with a Co-signer. */
  private subnets({ console: setting, network }: ConsoleStackProps): readonly ec2.ISubnet[] {
    const { settings } = this.deployment;
    const isNew = !('vpcId' in settings.network);
    const [first] = network.privateSubnets;
    return setting.webhookUrl !== undefined && isNew && settings.cosigner ? [first] : network.privateSubnets;
  }

  private createHost(props: ConsoleStackProps): ConsoleHost {
    const { securityGroupId } = this.createGroup('ConsoleHost', 'The way to the console', props);
    const host = new ConsoleHost(this, 'Host', {
      name: `${this.deployment.names.prefix}-console`,
      vpc: props.network.vpc,
      subnet: props.network.privateSubnets[0],
      securityGroup: this.importSecurityGroup('HostGroup', securityGroupId),
    });
    this.acknowledge(
      host.role,
      ['IAM5[Resource::*]'],
      'Session Manager does not support resource-level permissions.',
    );
    this.acknowledge(
      host.instance,
      ['EC28', 'EC29'],
      'The host keeps nothing and can be replaced at any time. Nobody watches its load.',
    );
    return host;
  }

  private createOutputs(instanceId: string | undefined): void {
    const { names, settings } = this.deployment;
    const outputs: Readonly<Record<string, [value: string, description: string]>> = {
      ConsoleURL: [consoleOrigin(settings), 'Address of the console, and the origin of passkeys'],
      ConsoleServiceName: [names.console.service, 'Use with: aws ecs describe-services --services'],
      ConsoleLogGroupName: [names.logGroups.console, 'Use with: aws logs tail --follow'],
      HoldsTopicArn: [this.topic.topicArn, 'SNS topic that notifies people of requests that wait for them'],
      ...(instanceId !== undefined && {
        ConsoleHostId: [instanceId, 'Use with: aws ssm start-session --target'],
      }),
    };
    for (const [id, [value, description]] of Object.entries(outputs)) {
      new CfnOutput(this, id, { value, description });
    }
  }
}
