// Reads the status of an environment: stacks, service, targets, image, keys, certificate, alarms.
import { DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import { BaseError } from '../../src/protocol/error.js';
import { type AnswerAlgorithm, importCallbackKey, importCosignerKeys } from '../../src/protocol/key.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import { stackNames } from '../../infra/names.js';
import { describeCertificate, WARNING_DAYS } from '../aws/acm.js';
import { explainError } from '../aws/explain.js';
import { readParameter, readStoredParameter } from '../aws/parameters.js';
import { describeService, isSteady, neverRuns, type ServiceState } from '../aws/service-state.js';
import type { Session } from '../aws/session.js';
import { type DeployedStack, describeStack, stateOf, type StackState } from '../aws/stack.js';
import { parseStop, type StopAction } from '../../src/sources/stop.js';

interface StackStatus {
  readonly stack: string;
  readonly status: string;
  readonly condition: StackState;
  /** ISO 8601, UTC. */
  readonly updated: string | undefined;
}

/** A parameter that the service reads. `unknown`: it could not be read. */
interface ParameterStatus {
  readonly name: string;
  readonly state: 'good' | 'missing' | 'bad' | 'unknown';
  /** Key fingerprints or the policy hash; the error message if the state is `bad` or `unknown`. */
  readonly holds: readonly string[];
}

/** The emergency stop. `unknown`: its parameter could not be read. */
export interface StopStatus {
  readonly name: string;
  readonly state: 'running' | 'stopped' | 'unknown';
  /** What every request gets while decisions are stopped. */
  readonly action: StopAction | undefined;
  /** When the parameter was last changed: ISO 8601, UTC. */
  readonly since: string | undefined;
  /** Why the stored value is invalid, or could not be read. */
  readonly problem: string | undefined;
}

export interface Status {
  readonly environment: string;
  readonly account: string;
  readonly region: string;
  readonly endpoint: string | undefined;
  readonly stacks: readonly StackStatus[];
  readonly service:
    | (ServiceState & {
        readonly steady: boolean;
        readonly desiredBySettings: number;
        readonly note: string | undefined;
      })
    | undefined;
  readonly parameters: Readonly<Record<'callbackKey' | 'cosignerKeys' | 'policy', ParameterStatus>>;
  /** The algorithm of the stored callback key; undefined if it is missing or can't be used. */
  readonly callbackAlgorithm: AnswerAlgorithm | undefined;
  readonly callbackAlgorithmBySettings: AnswerAlgorithm;
  readonly emergencyStop: StopStatus;
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
  const [deployed, service, keysAndPolicy, emergencyStop, alarms] = await Promise.all([
    Promise.all(stacks.map((name) => describeStack(aws.cloudformation, `${session.names.prefix}-${name}`))),
    describeService(session),
    readParameters(session),
    readStop(session),
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
    service: service && {
      ...service,
      steady: isSteady(service),
      desiredBySettings: settings.desiredCount,
      note: neverRuns(session, service) ? 'the endpoint is an emulator, which runs no tasks' : undefined,
    },
    ...keysAndPolicy,
    callbackAlgorithmBySettings: settings.callbackKeyAlgorithm,
    emergencyStop,
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

async function readParameters(session: Session): Promise<Pick<Status, 'parameters' | 'callbackAlgorithm'>> {
  const { callbackPrivateKey, cosignerPublicKey, policy } = session.names.parameters;
  let callbackAlgorithm: AnswerAlgorithm | undefined;
  const [callbackKey, cosignerKeys, policyStatus] = await Promise.all([
    parameterStatus(session, callbackPrivateKey, (value) => {
      const { fingerprint, algorithm } = importCallbackKey(value);
      callbackAlgorithm = algorithm;
      return [fingerprint];
    }),
    parameterStatus(session, cosignerPublicKey, (value) =>
      importCosignerKeys(value).map(({ fingerprint }) => fingerprint),
    ),
    parameterStatus(session, policy, (value) => {
      const { hash, rules } = parsePolicy(value, policy);
      return [`${hash}, ${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}`];
    }),
  ]);
  return { parameters: { callbackKey, cosignerKeys, policy: policyStatus }, callbackAlgorithm };
}

async function readStop(session: Session): Promise<StopStatus> {
  const name = session.names.parameters.policyStop;
  try {
    // The service obeys a stop that is stored without encryption, too.
    const stored = await readStoredParameter(session, name);
    const { action, problem } = parseStop(stored?.value);
    const since = action === undefined ? undefined : stored?.modified?.toISOString();
    return { name, state: action === undefined ? 'running' : 'stopped', action, since, problem };
  } catch (error) {
    const { message } = explainedError(error, session);
    return { name, state: 'unknown', action: undefined, since: undefined, problem: message };
  }
}

/** @param summarize throws if the value can't be used */
async function parameterStatus(
  session: Session,
  name: string,
  summarize: (value: string) => readonly string[],
): Promise<ParameterStatus> {
  try {
    const value = await readParameter(session, name);
    return value === undefined
      ? { name, state: 'missing', holds: [] }
      : { name, state: 'good', holds: summarize(value) };
  } catch (error) {
    const { code, message } = explainedError(error, session);
    return { name, state: isUnusable(code) ? 'bad' : 'unknown', holds: [message] };
  }
}

/** @throws the error itself if neither AWS nor the operator caused it */
function explainedError(error: unknown, { profile }: Session): BaseError {
  const explained = explainError(error, profile);
  if (!(explained instanceof BaseError)) throw error;
  return explained as BaseError;
}

/** Whether the error indicates an unusable value rather than a failed read. */
function isUnusable(code: string): boolean {
  return code === 'POLICY_INVALID' || code === 'PARAMETER_NOT_ENCRYPTED' || code.startsWith('KEY_');
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
