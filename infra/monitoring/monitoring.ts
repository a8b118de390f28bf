// Monitoring for the service: metrics from its log, alarms and their topic, a dashboard, and saved queries.
import { Stack } from 'aws-cdk-lib';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as logs from 'aws-cdk-lib/aws-logs';
import * as sns from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { Deployment } from '../deployment.js';
import { createAlarms } from './alarms.js';
import { createDashboard } from './dashboard.js';
import { createMetricFilters, Metrics } from './metrics.js';
import { saveQueries } from './queries.js';

export interface MonitoringProps {
  /** Provides the resource names, and the e-mail address to subscribe to the topic. */
  readonly deployment: Deployment;
  /** Encrypts alarm notifications. */
  readonly key: kms.IKey;
  /** The service's log. */
  readonly logGroup: logs.ILogGroup;
  readonly service: ecs.FargateService;
  readonly loadBalancer: elbv2.ApplicationLoadBalancer;
  readonly targetGroup: elbv2.ApplicationTargetGroup;
  /** ARN of the load balancer's certificate. */
  readonly certificate: string;
}

export class Monitoring extends Construct {
  /** Receives notifications from all alarms. */
  readonly topic: sns.Topic;

  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    const { names, settings } = props.deployment;
    const { logGroup, service, loadBalancer, targetGroup, certificate } = props;
    const topic = this.createTopic(props);
    this.topic = topic;
    createMetricFilters(this, logGroup, names.metrics);
    const metrics = new Metrics({
      namespace: names.metrics,
      table: names.table,
      service,
      loadBalancer,
      targetGroup,
    });
    const { desiredCount } = settings;
    createAlarms(this, { prefix: names.prefix, metrics, topic, service, desiredCount, certificate });
    createDashboard(this, names.prefix, metrics, service);
    saveQueries(this, names.prefix, logGroup);
  }

  private createTopic({ deployment, key }: MonitoringProps): sns.Topic {
    const topic = new sns.Topic(this, 'Alarms', {
      displayName: `Callback handler, ${deployment.environment}`,
      masterKey: key,
      enforceSSL: true,
    });
    topic.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'Alarms',
        principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    const { alarmEmail } = deployment.settings;
    if (alarmEmail !== undefined) topic.addSubscription(new EmailSubscription(alarmEmail));
    return topic;
  }
}
