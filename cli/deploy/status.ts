// Reads the status of an environment: stacks, service, targets, image, keys, store, certificate, alarms.
import { DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import type { AnswerAlgorithm } from '../../src/protocol/key.js';
import { stackNames } from '../../infra/names.js';
import { consoleOrigin } from '../../infra/settings.js';
import { describeCertificate, WARNING_DAYS } from '../aws/acm.js';
import {
  describeService,
  isSteady,
  neverRuns,
  type ServiceKind,
  type ServiceState,
} from '../aws/service-state.js';
import type { Session } from '../aws/session.js';
import { type DeployedStack, describeStack, stateOf, type StackState } from '../aws/stack.js';
import { tasksBySettings } from './parameters.js';
import { type ParameterStates, readParameters, readStop, type StopStatus } from './parameter-status.js';
import { readStore, type StoreStatus } from './store-status.js';

interface StackStatus {
  readonly stack: string;
  readonly status: string;
  readonly condition: StackState;
  /** ISO 8601, UTC. */
  readonly updated: string | undefined;
}

export interface ServiceStatus extends ServiceState {
  readonly steady: boolean;
  /** Smallest number of tasks. */
  readonly desiredBySettings: number;
  /** Largest number of tasks. */
  readonly maxBySettings: number;
  readonly note: string | undefined;
}

export interface ConsoleStatus {
  /** Address of the console. */
  readonly origin: string;
  /** Undefined if it is not deployed. */
  readonly service: ServiceStatus | undefined;
}

export interface Status extends ParameterStates {
  readonly environment: string;
  readonly account: string;
  readonly region: string;
  readonly endpoint: string | undefined;
  readonly stacks: readonly StackStatus[];
  readonly service: ServiceStatus | undefined;
  /** Undefined if the settings have no console. */
  readonly console: ConsoleStatus | undefined;
  readonly callbackAlgorithmBySettings: AnswerAlgorithm;
  readonly emergencyStop: StopStatus;
  readonly store: StoreStatus;
  readonly certificate:
    | {
        readonly arn: string;
        readonly status: string;
        readonly expires: string | undefined;
        readonly daysLeft: number | undefined;
        /** Whether the certificate must be renewed soon. */
        readonly expiresSoon: boolean;
      }
    | undefined;
  /** Alarms in this environment: their number, and those that are firing. */
  readonly alarms: { readonly total: number; readonly firing: readonly { name: string; reason: string }[] };
}

export async function readStatus(session: Session): Promise<Status> {
  const { aws, settings, environment, account, region, emulated } = session;
  const stacks = stackNames(settings);
  const [deployed, service, withConsole, keysAndPolicy, emergencyStop, store, alarms] = await Promise.all([
    Promise.all(stacks.map((name) => describeStack(aws.cloudformation, `${session.names.prefix}-${name}`))),
    readService(session, 'handler'),
    readConsole(session),
    readParameters(session),
    readStop(session),
    readStore(session),
    readAlarms(session),
  ]);
  const callback = deployed[stacks.indexOf('callback')];
  const arn = await certificateArn(session, callback);
  const certificate = arn === undefined ? undefined : await describeCertificate(session, arn);
  return {
    environment,
    account,
    region,
    endpoint: emulated ? process.env['AWS_ENDPOINT_URL'] : undefined,
    stacks: stacks.map((name, index) => {
      const stack = deployed[index];
      return {
        stack: `${session.names.prefix}-${name}`,
        status: stack?.status ?? 'not deployed',
        condition: stateOf(stack),
        updated: stack?.updated?.toISOString(),
      };
    }),
    service,
    console: withConsole,
    ...keysAndPolicy,
    callbackAlgorithmBySettings: settings.callbackKeyAlgorithm,
    emergencyStop,
    store,
    certificate: certificate && {
      arn: certificate.arn,
      status: certificate.status,
      expires: certificate.expires?.toISOString(),
      daysLeft: certificate.daysLeft,
      expiresSoon: (certificate.daysLeft ?? Infinity) < WARNING_DAYS,
    },
    alarms,
  };
}

async function readService(session: Session, kind: ServiceKind): Promise<ServiceStatus | undefined> {
  const state = await describeService(session, kind);
  const { least, most } = tasksBySettings(session, kind);
  return (
    state && {
      ...state,
      steady: isSteady(state),
      desiredBySettings: least,
      maxBySettings: most,
      note: neverRuns(session, state) ? 'the endpoint is an emulator, which runs no tasks' : undefined,
    }
  );
}

async function readConsole(session: Session): Promise<ConsoleStatus | undefined> {
  const { settings } = session;
  if (settings.console === undefined) return undefined;
  return { origin: consoleOrigin(settings), service: await readService(session, 'console') };
}

/** @returns the certificate's ARN, from the settings, the stack's parameter or the certificate resource in the stack */
async function certificateArn(
  { aws, settings }: Session,
  callback: DeployedStack | undefined,
): Promise<string | undefined> {
  if (typeof settings.certificate === 'object' && 'arn' in settings.certificate)
    return settings.certificate.arn;
  if (callback === undefined || settings.certificate === 'private')
    return callback?.parameters['CertificateArn'];
  const { StackResources = [] } = await aws.cloudformation.send(
    new DescribeStackResourcesCommand({ StackName: callback.stackName }),
  );
  return StackResources.find(({ ResourceType }) => ResourceType === 'AWS::CertificateManager::Certificate')
    ?.PhysicalResourceId;
}

async function readAlarms({ aws, names }: Session): Promise<Status['alarms']> {
  const firing: { name: string; reason: string }[] = [];
  let total = 0;
  for await (const { MetricAlarms = [] } of paginateDescribeAlarms(
    { client: aws.cloudwatch },
    { AlarmNamePrefix: `${names.prefix}-` },
  )) {
    total += MetricAlarms.length;
    for (const { AlarmName = '', StateValue, StateReason = '' } of MetricAlarms) {
      if (StateValue === 'ALARM') firing.push({ name: AlarmName, reason: StateReason });
    }
  }
  return { total, firing };
}
