// Monitoring for the handler's tasks: metrics from their log, alarms and their topic, a dashboard, and saved queries.
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Deployment } from '../deployment.js';
import { createAlarms } from './alarms.js';
import { createDashboard, serviceGraphs } from './dashboard.js';
import { createMetricFilters, ServiceMetrics } from './metrics.js';
import { saveQueries } from './queries.js';
import { createTopic } from './topic.js';

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
    const topic = createTopic(this, props.deployment, props.key);
    this.topic = topic;
    createMetricFilters(this, logGroup, names.metrics);
    const metrics = new ServiceMetrics({
      namespace: names.metrics,
      table: names.table,
      service,
      loadBalancer,
      targetGroup,
    });
    const { desiredCount } = settings;
    createAlarms(this, { prefix: names.prefix, metrics, topic, service, desiredCount, certificate });
    createDashboard(this, names.prefix, metrics, serviceGraphs(metrics));
    saveQueries(this, names.prefix, logGroup);
  }
}
