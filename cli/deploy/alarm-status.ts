// Reads the alarms of an environment, and whether anybody is notified of them.
import { paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import { paginateListSubscriptionsByTopic } from '@aws-sdk/client-sns';
import { isAwsError } from '../aws/error.js';
import type { Session } from '../aws/session.js';

export interface Alarms {
  readonly total: number;
  readonly names: readonly string[];
  readonly firing: readonly { readonly name: string; readonly reason: string }[];
  /** Names of the alarms whose actions are turned off, so that nobody is notified. */
  readonly silenced: readonly string[];
}

/** Those who are notified of alarms. */
export interface Subscriptions {
  /** ARN of the topic. */
  readonly topic: string;
  readonly confirmed: number;
  /** Those who have not confirmed yet, and are not notified. */
  readonly pending: number;
}

export async function readAlarms({ aws, names }: Session): Promise<Alarms> {
  const firing: { name: string; reason: string }[] = [];
  const silenced: string[] = [];
  const found: string[] = [];
  for await (const { MetricAlarms = [] } of paginateDescribeAlarms(
    { client: aws.cloudwatch },
    { AlarmNamePrefix: `${names.prefix}-` },
  )) {
    for (const { AlarmName = '', StateValue, StateReason = '', ActionsEnabled } of MetricAlarms) {
      found.push(AlarmName);
      if (StateValue === 'ALARM') firing.push({ name: AlarmName, reason: StateReason });
      if (ActionsEnabled === false) silenced.push(AlarmName);
    }
  }
  return { total: found.length, names: found, firing, silenced };
}

/** @returns undefined if there is no such topic */
export async function readSubscriptions(
  { aws }: Pick<Session, 'aws'>,
  topic: string,
): Promise<Subscriptions | undefined> {
  const states: boolean[] = [];
  try {
    const pages = paginateListSubscriptionsByTopic({ client: aws.sns }, { TopicArn: topic });
    for await (const { Subscriptions: page = [] } of pages) {
      for (const { SubscriptionArn = '' } of page) {
        // SNS puts `PendingConfirmation` or `Deleted` in place of the ARN.
        if (SubscriptionArn !== 'Deleted') states.push(SubscriptionArn.startsWith('arn:'));
      }
    }
  } catch (error) {
    if (!isAwsError(error, 'NotFound', 'NotFoundException')) throw error;
    return undefined;
  }
  const confirmed = states.filter((isConfirmed) => isConfirmed).length;
  return { topic, confirmed, pending: states.length - confirmed };
}
