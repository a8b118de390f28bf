// Reads the status of an environment: stacks, service, targets, image, keys, store, certificate, alarms; and warns.
import { DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import type { AnswerAlgorithm } from '../../src/protocol/key.js';
import type { StackName } from '../../infra/names.js';
import { consoleOrigin } from '../../infra/settings.js';
import { describeCertificate, WARNING_DAYS } from '../aws/acm.js';
import { describeFunction, type FunctionState } from '../aws/function.js';
import {
  describeService,
  isSteady,
  neverRuns,
  type ServiceKind,
  type ServiceState,
} from '../aws/service-state.js';
import type { Session } from '../aws/session.js';
import { type DeployedStack, stateOf, type StackState } from '../aws/stack.js';
import { type Alarms, readAlarms, readSubscriptions, type Subscriptions } from './alarm-status.js';
import { type DriftStatus, findStacks, readDrift, shownStacks } from './drift.js';
import { type ImageStatus, readImage } from './image-status.js';
import { tasksBySettings } from './parameters.js';
import {
  explainedError,
  type ParameterStates,
  readParameters,
  readStop,
  type StopStatus,
} from './parameter-status.js';
import { readUnprotected } from './protection-status.js';
import { templateOf } from './deployed-computes.js';
import { isHeldBack } from './steps/function.js';
import { hasTasks, leftOverStacks, type Switch, switchOf } from './transition.js';
import {
  type ArchiveLock,
  type LogRetention,
  readArchiveLock,
  readLogRetention,
} from './retention-status.js';
import { readStore, type StoreStatus } from './store-status.js';

interface StackStatus {
  readonly stack: string;
  readonly status: string;
  readonly condition: StackState;
  /** ISO 8601, UTC. */
  readonly updated: string | undefined;
  /** Undefined if it was never detected. */
  readonly drift: DriftStatus | undefined;
}

export interface ServiceStatus extends ServiceState {
  readonly steady: boolean;
  /** Smallest number of tasks. */
  readonly desiredBySettings: number;
  readonly note: string | undefined;
  /** Undefined if the task definition names none, or the repository could not be read. */
  readonly pushed: ImageStatus | undefined;
}

export interface FunctionStatus extends FunctionState {
  /** Undefined if the repository could not be read. */
  readonly pushed: ImageStatus | undefined;
  /** Whether a newer version has not been put into use. */
  readonly isHeldBack: boolean;
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
  /** Whether what the settings call for has replaced what was deployed before. */
  readonly switching: Switch;
  /** Names of the stacks that the settings do not call for any more, and the Co-signer may still call. */
  readonly leftOver: readonly StackName[];
  /** What runs the handler by the settings. */
  readonly compute: 'fargate' | 'lambda';
  /** Undefined with Lambda, unless tasks are left. */
  readonly service: ServiceStatus | undefined;
  /** Undefined with Fargate, unless the function is left. */
  readonly function: FunctionStatus | undefined;
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
  /** Alarms in this environment. */
  readonly alarms: Alarms;
  /** Undefined without the topic. */
  readonly subscriptions: Subscriptions | undefined;
  readonly archiveLock: ArchiveLock | undefined;
  readonly logRetention: readonly LogRetention[] | undefined;
  /** In prod, what should be protected against deletion, and is not. */
  readonly unprotected: readonly string[] | undefined;
  /** What could not be read, and why. The rest of the status is shown without it. */
  readonly notRead: readonly NotRead[];
}

export interface NotRead {
  readonly what: string;
  readonly problem: string;
}

export async function readStatus(session: Session): Promise<Status> {
  const { settings, environment, account, region, emulated } = session;
  const notRead: NotRead[] = [];
  const found = await findStacks(session);
  const leftOver = leftOverStacks(settings, found);
  const names = shownStacks(settings, found);
  const deployed = names.map((name) => found.get(name));
  const optional = optionalReader(session, notRead);
  const callback = await templateOf(session, found.get('callback'));
  const [stacks, handler, withConsole, keysAndPolicy, emergencyStop, store, certificate, alarms, kept] =
    await Promise.all([
      Promise.all(names.map((name, index) => toStackStatus(session, name, deployed[index], optional))),
      readHandler(session, { hasTasks: hasTasks(callback), stack: found.get('function') }, optional),
      readConsole(session, optional),
      readParameters(session),
      readStop(session),
      readStore(session),
      readCertificate(session, found.get('callback')),
      readAlarms(session),
      readKept(session, deployed, optional),
    ]);
  return {
    environment,
    account,
    region,
    endpoint: emulated ? process.env['AWS_ENDPOINT_URL'] : undefined,
    stacks,
    switching: switchOf(settings, found, callback),
    leftOver,
    compute: settings.compute,
    ...handler,
    console: withConsole,
    ...keysAndPolicy,
    callbackAlgorithmBySettings: settings.callbackKeyAlgorithm,
    emergencyStop,
    store,
    certificate,
    alarms,
    ...kept,
    notRead,
  };
}

interface Deployed {
  readonly hasTasks: boolean;
  /** Of the function. */
  readonly stack: DeployedStack | undefined;
}

/** What runs the handler by the settings, and what still runs it: the service, the function, or both. */
async function readHandler(
  session: Session,
  { hasTasks, stack }: Deployed,
  optional: OptionalReader,
): Promise<Pick<Status, 'service' | 'function'>> {
  const { compute } = session.settings;
  const service =
    compute === 'fargate' || hasTasks ? await readService(session, 'handler', optional) : undefined;
  if (compute === 'fargate' && stack === undefined) return { service, function: undefined };
  const state = await describeFunction(session);
  const image = state?.image;
  const pushed =
    image === undefined
      ? undefined
      : await optional('the age of the image of the handler', () => readImage(session, image));
  return { service, function: state && { ...state, pushed, isHeldBack: isHeldBack(stack) } };
}

/** Reads something whose absence does not matter for the rest. @returns undefined if it can't be read */
type OptionalReader = <Result>(what: string, read: () => Promise<Result>) => Promise<Result | undefined>;

function optionalReader(session: Session, notRead: NotRead[]): OptionalReader {
  return async (what, read) => {
    try {
      return await read();
    } catch (error) {
      notRead.push({ what, problem: explainedError(error, session).message });
      return undefined;
    }
  };
}

/** Who is notified, how long evidence is kept, and what is protected. */
async function readKept(
  session: Session,
  deployed: readonly (DeployedStack | undefined)[],
  optional: OptionalReader,
): Promise<Pick<Status, 'subscriptions' | 'archiveLock' | 'logRetention' | 'unprotected'>> {
  const stacks = deployed.filter((stack) => stack !== undefined);
  const topic = stacks.map(({ outputs }) => outputs['AlarmTopicArn']).find((arn) => arn !== undefined);
  const [subscriptions, archiveLock, logRetention, unprotected] = await Promise.all([
    topic === undefined
      ? undefined
      : optional("the alarms' subscriptions", () => readSubscriptions(session, topic)),
    optional("the archive's lock", () => readArchiveLock(session)),
    optional("the logs' retention", () => readLogRetention(session)),
    optional('the deletion protection', () => readUnprotected(session, stacks)),
  ]);
  return { subscriptions, archiveLock, logRetention, unprotected };
}

async function toStackStatus(
  session: Session,
  name: StackName,
  stack: DeployedStack | undefined,
  optional: OptionalReader,
): Promise<StackStatus> {
  return {
    stack: `${session.names.prefix}-${name}`,
    status: stack?.status ?? 'not deployed',
    condition: stateOf(stack),
    updated: stack?.updated?.toISOString(),
    drift: stack && (await optional(`the drift of ${stack.stackName}`, () => readDrift(session, stack))),
  };
}

async function readCertificate(
  session: Session,
  callback: DeployedStack | undefined,
): Promise<Status['certificate']> {
  const arn = await certificateArn(session, callback);
  const certificate = arn === undefined ? undefined : await describeCertificate(session, arn);
  return (
    certificate && {
      arn: certificate.arn,
      status: certificate.status,
      expires: certificate.expires?.toISOString(),
      daysLeft: certificate.daysLeft,
      expiresSoon: (certificate.daysLeft ?? Infinity) < WARNING_DAYS,
    }
  );
}

async function readService(
  session: Session,
  kind: ServiceKind,
  optional: OptionalReader,
): Promise<ServiceStatus | undefined> {
  const state = await describeService(session, kind);
  const { least } = tasksBySettings(session, kind);
  const image = state?.image;
  return (
    state && {
      ...state,
      pushed:
        image === undefined
          ? undefined
          : await optional(`the age of the image of the ${kind}`, () => readImage(session, image)),
      steady: isSteady(state),
      desiredBySettings: least,
      note: neverRuns(session, state) ? 'the endpoint is an emulator, which runs no tasks' : undefined,
    }
  );
}

async function readConsole(session: Session, optional: OptionalReader): Promise<ConsoleStatus | undefined> {
  const { settings } = session;
  if (settings.console === undefined) return undefined;
  return {
    origin: consoleOrigin(settings),
    service: await readService(session, 'console', optional),
  };
}

/** @returns the certificate's ARN, from the settings, the stack's parameter or the certificate resource in the stack */
export async function certificateArn(
  { aws, settings }: Session,
  callback: DeployedStack | undefined,
): Promise<string | undefined> {
  if (settings.front === 'api' && callback === undefined) return undefined;
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
