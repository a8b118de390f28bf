// The security group rules of the console: who reaches its port of the load balancer, and what its task reaches.
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { CONSOLE_LISTENER_PORT, CONSOLE_PORT } from '../names.js';
import type { Settings } from '../settings.js';
import { allowTraffic, HTTPS_PORT, tcp } from './traffic.js';

export interface ConsoleTraffic {
  readonly settings: Pick<Settings, 's3PrefixListId' | 'dynamodbPrefixListId'>;
  readonly console: NonNullable<Settings['console']>;
  /** Ids of security groups. */
  readonly task: string;
  /** The load balancer's group for those who use the console. */
  readonly loadBalancer: string;
  readonly endpoints: string;
  /** The host through which Session Manager forwards the port; undefined if there is none. */
  readonly host: string | undefined;
}

export function allowConsoleTraffic(scope: Construct, traffic: ConsoleTraffic): void {
  const group = (securityGroupId: string) => ({ securityGroupId });
  const task = group(traffic.task);
  const loadBalancer = group(traffic.loadBalancer);
  const endpoints = group(traffic.endpoints);
  allowTraffic(scope, 'LoadBalancerToConsole', loadBalancer, task, CONSOLE_PORT);
  allowTraffic(scope, 'ConsoleToEndpoints', task, endpoints, HTTPS_PORT);
  const out = (
    id: string,
    description: string,
    to: { destinationPrefixListId: string } | { cidrIp: string },
  ) =>
    new ec2.CfnSecurityGroupEgress(scope, id, {
      groupId: traffic.task,
      ...to,
      ...tcp(HTTPS_PORT),
      description,
    });
  const { s3PrefixListId, dynamodbPrefixListId } = traffic.settings;
  out('ConsoleToS3', 'Pull image layers from S3', { destinationPrefixListId: s3PrefixListId });
  out('ConsoleToDynamoDb', 'Read the store, and write decisions of people', {
    destinationPrefixListId: dynamodbPrefixListId,
  });
  if (traffic.console.webhookUrl !== undefined)
    out('ConsoleToInternet', 'Post to the webhook', { cidrIp: '0.0.0.0/0' });
  if (traffic.host !== undefined) {
    allowTraffic(scope, 'HostToConsole', group(traffic.host), loadBalancer, CONSOLE_LISTENER_PORT);
    allowTraffic(scope, 'HostToEndpoints', group(traffic.host), endpoints, HTTPS_PORT);
  }
  admitClients(scope, traffic);
}

/** The ids of the rules come from what they admit, so that a changed order changes no rule. */
function admitClients(scope: Construct, { console: setting, loadBalancer }: ConsoleTraffic): void {
  const admit = (name: string, from: { sourceSecurityGroupId: string } | { cidrIp: string }) =>
    new ec2.CfnSecurityGroupIngress(scope, `Client${name.replaceAll(/[^0-9a-z]/g, 'x')}`, {
      groupId: loadBalancer,
      ...from,
      ...tcp(CONSOLE_LISTENER_PORT),
      description: 'Use the console',
    });
  for (const id of new Set(setting.clientSecurityGroups)) admit(id, { sourceSecurityGroupId: id });
  for (const cidrIp of new Set(setting.clientCidrs)) admit(cidrIp, { cidrIp });
}
