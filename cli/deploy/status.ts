// How everything is: stacks, service, targets, image, keys, certificate, alarms.
import { DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import { importCallbackKey, importCosignerKeys, KeyError } from '../../src/protocol/key.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import { PolicyError } from '../../src/policy/parse/problem.js';
import { columns, painter } from '../terminal.js';
import { stackNames } from '../../infra/names.js';
import { describeCertificate, WARNING_DAYS } from '../aws/acm.js';
import { type Condition, conditionOf, type DeployedStack, describeStack } from '../aws/cloudformation.js';
import { DeployError, explainError } from '../aws/error.js';
import { readParameter } from '../aws/parameters.js';
import { describeService, isSteady, neverRuns, type ServiceState } from '../aws/service.js';
import type { Session } from '../aws/session.js';

interface StackStatus {
  readonly stack: string;
  readonly status: string;
  readonly condition: Condition;
  /** ISO 8601, UTC. */
  readonly updated: string | undefined;
}

/** A parameter that the service reads. */
interface ParameterStatus {
  readonly name: string;
  readonly state: 'good' | 'missing' | 'bad' | 'unknown';
  /** Fingerprints of keys, the hash of a policy; or what is wrong. */
  readonly holds: readonly string[];
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
  readonly certificate:
    | {
        readonly arn: string;
        readonly status: string;
        readonly expires: string | undefined;
        readonly daysLeft: number | undefined;
        /** Whether somebody has to do something about it soon. */
        readonly expiresSoon: boolean;
      }
    | undefined;
  /** Alarms of this environment: how many there are, and which are firing. */
  readonly alarms: { readonly total: number; readonly firing: readonly { name: string; reason: string }[] };
}

export async function readStatus(session: Session): Promise<Status> {
  const { aws, settings, environment, account, region, emulated } = session;
  const stacks = stackNames(settings);
  const [deployed, service, parameters, alarms] = await Promise.all([
    Promise.all(stacks.map((name) => describeStack(aws.cloudformation, `${session.names.prefix}-${name}`))),
    describeService(session),
    readParameters(session),
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
        condition: conditionOf(stack),
        updated: stack?.updated?.toISOString(),
      };
    }),
    service: service && {
      ...service,
      steady: isSteady(service),
      desiredBySettings: settings.desiredCount,
      note: neverRuns(session, service) ? 'the endpoint is an emulator that runs no task' : undefined,
    },
    parameters,
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

/** Given by the settings, by a parameter, or made by the stack. */
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

async function readParameters(session: Session): Promise<Status['parameters']> {
  const { names } = session;
  const read = async (
    name: string,
    holds: (value: string) => Promise<readonly string[]> | readonly string[],
  ): Promise<ParameterStatus> => {
    try {
      const value = await readParameter(session, name);
      return value === undefined
        ? { name, state: 'missing', holds: [] }
        : { name, state: 'good', holds: await holds(value) };
    } catch (error) {
      const explained = explainError(error, session.profile);
      if (explained instanceof KeyError || explained instanceof PolicyError) {
        return { name, state: 'bad', holds: [explained.message] };
      }
      if (explained instanceof DeployError) {
        const state = explained.code === 'PARAMETER_NOT_ENCRYPTED' ? 'bad' : 'unknown';
        return { name, state, holds: [explained.message] };
      }
      throw error;
    }
  };
  const { callbackPrivateKey, cosignerPublicKey, policy } = names.parameters;
  const [callbackKey, cosignerKeys, policyStatus] = await Promise.all([
    read(callbackPrivateKey, (value) => [importCallbackKey(value).fingerprint]),
    read(cosignerPublicKey, (value) => importCosignerKeys(value).map(({ fingerprint }) => fingerprint)),
    read(policy, (value) => {
      const { hash, rules } = parsePolicy(value, policy);
      return [`${hash}, ${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}`];
    }),
  ]);
  return { callbackKey, cosignerKeys, policy: policyStatus };
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

const CONDITION_STYLES = { ready: 'green', absent: 'dim', busy: 'yellow', stuck: 'red' } as const;

export function printStatus(stream: NodeJS.WriteStream, status: Status): void {
  const paint = painter(stream);
  const print = (line = ''): void => void stream.write(`${line}\n`);
  const { environment, account, region, endpoint, stacks, service, parameters, certificate, alarms } = status;
  print(
    `${environment}, account ${account}, ${region}${endpoint === undefined ? '' : `, at ${endpoint} (an emulator)`}`,
  );
  print();
  const lines = columns([
    ['stack', 'status', 'updated'],
    ...stacks.map(({ stack, status: state, updated = '' }) => [stack, state, updated]),
  ]);
  lines.forEach((line, index) => {
    const stack = stacks[index - 1];
    print(stack === undefined ? paint('bold', line) : paint(CONDITION_STYLES[stack.condition], line));
  });
  print();
  const good = (text: string) => paint('green', text);
  const bad = (text: string) => paint('red', text);
  const unsure = (text: string) => paint('yellow', text);
  const rows: [string, string][] = [];
  if (service === undefined) rows.push(['service', unsure('not deployed')]);
  else {
    const { desired, running, pending, rollout, steady, note, desiredBySettings } = service;
    const state = steady ? good('steady') : unsure(rollout === 'FAILED' ? 'failed' : 'not steady');
    rows.push([
      'service',
      `${state}, ${running} of ${desired} tasks run${pending > 0 ? `, ${pending} pending` : ''}`,
    ]);
    if (note !== undefined) rows.push(['', note]);
    if (desired !== desiredBySettings) {
      rows.push([
        '',
        unsure(
          `the settings say ${desiredBySettings}: the next deployment that changes the service sets that`,
        ),
      ]);
    }
    rows.push(['tasks', String(service.tasks)]);
    const targets = service.targets.map(({ id, state: target, reason }) => {
      const text = `${id} ${target}${reason === undefined ? '' : ` (${reason})`}`;
      return target === 'healthy' ? good(text) : unsure(text);
    });
    rows.push(['targets', targets.join(', ') || unsure('none')]);
    rows.push(['image', service.image ?? 'unknown']);
  }
  const labels = { callbackKey: 'callback key', cosignerKeys: 'Co-signer keys', policy: 'policy' } as const;
  for (const [key, label] of Object.entries(labels) as [keyof typeof labels, string][]) {
    const { name, state, holds } = parameters[key];
    if (state === 'missing') rows.push([label, unsure(`not there yet: ${name}`)]);
    else if (state !== 'good') rows.push([label, bad(holds.join(', '))]);
    else holds.forEach((one, index) => rows.push([index === 0 ? label : '', one]));
  }
  if (certificate === undefined) rows.push(['certificate', unsure('none known')]);
  else {
    const { daysLeft, expires = '', status: state, expiresSoon } = certificate;
    const text = `${state}, expires ${expires.slice(0, 10)}, in ${daysLeft ?? '?'} days`;
    rows.push(['certificate', expiresSoon ? bad(`${text}: renew it`) : good(text)]);
    rows.push(['', certificate.arn]);
  }
  rows.push([
    'alarms',
    alarms.firing.length === 0
      ? good(`none of ${alarms.total} is firing`)
      : bad(`${alarms.firing.length} of ${alarms.total} firing`),
  ]);
  for (const { name, reason } of alarms.firing) rows.push(['', bad(`${name}: ${reason}`)]);
  for (const line of columns(rows)) print(line);
}
