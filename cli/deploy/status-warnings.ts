// What an operator should do something about, although the service runs: printed at the end of `--status`.
import type { Session } from '../aws/session.js';
import { awsCommand, npmCommand } from '../aws/printed-commands.js';
import { count } from '../terminal.js';
import { describeLeftOver, leftOverAdvice } from './left-over.js';
import type { Subscriptions } from './alarm-status.js';
import { type ArchiveLock, describeLock, isLocked } from './retention-status.js';
import type { FunctionStatus, ServiceStatus, Status } from './status.js';

/**
 * An image that is older than this misses fixes: Node.js makes security releases about every three months, and whoever
 * deploys each quarter never sees this warning.
 */
export const IMAGE_OLD_DAYS = 90;

export interface StatusWarning {
  /** For scripts, such as `IMAGE_OLD`. */
  readonly code: string;
  readonly message: string;
  /** What to do or run next. */
  readonly next: string;
}

type Target = Pick<Session, 'environment' | 'names' | 'profile' | 'region' | 'settings'>;

/** @returns the most urgent first: what concerns requests, then evidence, then maintenance */
export function warningsOf(session: Target, status: Status): readonly StatusWarning[] {
  const { service, console: withConsole } = status;
  return [
    ...serviceWarnings(session, service, 'handler'),
    ...functionWarnings(session, status.function),
    ...leftOverWarnings(session, status),
    ...serviceWarnings(session, withConsole?.service, 'console'),
    ...certificateWarnings(session, status),
    ...alarmWarnings(session, status),
    ...retentionWarnings(session, status),
    ...protectionWarnings(session, status),
    ...driftWarnings(session, status),
    ...imageWarnings(session, service ?? status.function, 'handler'),
    ...notReadWarnings(status),
  ];
}

type Kind = 'handler' | 'console';

function functionWarnings(session: Target, found: FunctionStatus | undefined): readonly StatusWarning[] {
  if (found === undefined) return [];
  const { state, reason = 'Lambda gave no reason', reserved, provisioned, isHeldBack } = found;
  if (reserved === 0) {
    const message = 'the function is stopped, because it was scaled to 0: the Co-signer gets no answers';
    return [{ code: 'SCALED_TO_ZERO', message, next: npmCommand(session, 'scale', 'settings') }];
  }
  const warnings: StatusWarning[] = [];
  if (state === 'Failed') {
    const message = `the function can't run: ${reason}`;
    warnings.push({ code: 'FUNCTION_FAILED', message, next: npmCommand(session, 'deploy') });
  }
  if (isHeldBack) {
    const message =
      'a newer version of the function is not in use: a deployment is checking it, or has ended before it answered';
    warnings.push({ code: 'VERSION_NOT_IN_USE', message, next: npmCommand(session, 'deploy') });
  }
  const wanted = session.settings.lambda?.provisionedConcurrency ?? 0;
  if ((provisioned?.available ?? 0) < wanted) {
    const message = `only ${provisioned?.available ?? 0} of ${wanted} environments of the function are kept ready${provisioned?.reason === undefined ? '' : `: ${provisioned.reason}`}`;
    const next = `if it stays so: ${npmCommand(session, 'scale', 'settings')}`;
    warnings.push({ code: 'NOT_KEPT_READY', message, next });
  }
  return warnings;
}

function leftOverWarnings(session: Target, status: Status): readonly StatusWarning[] {
  const { leftOver } = status;
  if (status.switching === 'pending') {
    const { compute, front } = session.settings;
    const message = `what the settings call for, "compute": "${compute}" and "front": "${front}", is not completely deployed: what was deployed before answers`;
    return [{ code: 'SWITCH_PENDING', message, next: npmCommand(session, 'deploy') }];
  }
  if (leftOver.length === 0) return [];
  const message = describeLeftOver(session, leftOver);
  return [{ code: 'LEFT_OVER', message, next: leftOverAdvice(session, leftOver) }];
}

function serviceWarnings(
  session: Target,
  service: ServiceStatus | undefined,
  kind: Kind,
): readonly StatusWarning[] {
  if (service === undefined) return [];
  const { desired, running, desiredBySettings, note, targets } = service;
  const option = kind === 'console' ? ' --console' : '';
  const scale = npmCommand(session, 'scale', `${desiredBySettings}${option}`);
  if (desired === 0 && desiredBySettings > 0) {
    const effect = kind === 'console' ? 'nobody can decide' : 'the Co-signer gets no answers';
    const message = `the ${kind} is stopped, because it was scaled to 0: ${effect}`;
    return [{ code: 'SCALED_TO_ZERO', message, next: scale }];
  }
  const warnings: StatusWarning[] = [];
  if (desired < desiredBySettings) {
    const message = `the ${kind} was scaled to ${count(desired, 'task')}, but the settings specify ${desiredBySettings}`;
    warnings.push({ code: 'SCALED_DOWN', message, next: scale });
  }
  // On an emulator, no task ever runs.
  if (running < desired && note === undefined) {
    const message = `only ${running} of ${count(desired, 'task')} of the ${kind} ${running === 1 ? 'runs' : 'run'}`;
    warnings.push({ code: 'TASKS_MISSING', message, next: npmCommand(session, 'logs', `--errors${option}`) });
  }
  const healthy = targets.filter(({ state }) => state === 'healthy');
  const zones = new Set(healthy.map(({ zone }) => zone));
  const [zone] = zones;
  if (healthy.length > 1 && zones.size === 1 && zone !== undefined) {
    const message = `all ${healthy.length} tasks of the ${kind} are in ${zone}: if that zone fails, there is none`;
    const next = npmCommand(session, 'restart', option.trim());
    warnings.push({ code: 'ONE_ZONE', message, next: `spread them over both zones: ${next}` });
  }
  return warnings;
}

function certificateWarnings(session: Target, { certificate }: Status): readonly StatusWarning[] {
  if (certificate?.expiresSoon !== true) return [];
  const { daysLeft = 0, expires = '' } = certificate;
  const date = expires.slice(0, 10);
  const message =
    daysLeft < 0
      ? `the certificate ended on ${date}`
      : `the certificate ends in ${count(daysLeft, 'day')}, on ${date}`;
  return [{ code: 'CERTIFICATE_ENDS', message, next: renewalOf(session) }];
}

/** How to renew the certificate. */
export function renewalOf(session: Target): string {
  const { certificate } = session.settings;
  if (certificate === 'private') {
    return `renew it, then give the Co-signer the new file: ${npmCommand(session, 'deploy', '--renew-certificate')}`;
  }
  return 'arn' in certificate
    ? 'import its successor into ACM under the same ARN, or name another certificate in the settings and deploy'
    : 'ACM renews it as long as its validation record is in the public zone: restore that record';
}

function alarmWarnings(session: Target, { alarms, subscriptions }: Status): readonly StatusWarning[] {
  const warnings: StatusWarning[] = [];
  if (subscriptions?.confirmed === 0) {
    warnings.push({
      code: 'ALARMS_UNHEARD',
      message: `nobody is notified of alarms: the topic has no confirmed subscription${subscriptions.pending > 0 ? `, and ${subscriptions.pending} unconfirmed` : ''}`,
      next: subscribeAdvice(session, subscriptions),
    });
  }
  if (alarms.silenced.length > 0) {
    warnings.push({
      code: 'ALARMS_SILENCED',
      message: `the actions of ${count(alarms.silenced.length, 'alarm')} are turned off: ${alarms.silenced.join(', ')}`,
      next: enableAdvice(session, alarms.silenced),
    });
  }
  return warnings;
}

export function subscribeAdvice(session: Target, { topic, pending }: Subscriptions): string {
  if (pending > 0) return 'confirm the subscription with the link in the e-mail from AWS Notifications';
  const { alarmEmail } = session.settings;
  return alarmEmail === undefined
    ? `set "alarmEmail" in the settings, deploy, and confirm the e-mail: ${npmCommand(session, 'deploy')}`
    : `subscribe ${alarmEmail} again, and confirm the e-mail: ${awsCommand(session, `sns subscribe --topic-arn ${topic} --protocol email --notification-endpoint ${alarmEmail}`)}`;
}

export function enableAdvice(session: Target, names: readonly string[]): string {
  return awsCommand(session, `cloudwatch enable-alarm-actions --alarm-names ${names.join(' ')}`);
}

function retentionWarnings(session: Target, status: Status): readonly StatusWarning[] {
  const { archiveLock, logRetention = [], store } = status;
  const warnings: StatusWarning[] = [];
  if (archiveLock !== undefined && store.state !== 'missing' && !isLocked(archiveLock)) {
    const { bucket, lock, expected } = archiveLock;
    const message = `new objects in ${bucket} get ${describeLock(lock)}, but the settings specify ${describeLock(expected)}`;
    warnings.push({ code: 'ARCHIVE_LOCK_DIFFERS', message, next: lockAdvice(session, archiveLock) });
  }
  for (const { group, days, expected } of logRetention) {
    if (days === expected) continue;
    const kept = days === undefined ? 'forever' : count(days, 'day');
    warnings.push({
      code: 'LOG_RETENTION_DIFFERS',
      message: `${group} is kept ${kept} instead of ${expected} days`,
      next: restoreAdvice(
        session,
        `logs put-retention-policy --log-group-name ${group} --retention-in-days ${expected}`,
      ),
    });
  }
  return warnings;
}

export function lockAdvice(session: Target, { bucket, expected: { mode, days } }: ArchiveLock): string {
  const rule = `ObjectLockEnabled=Enabled,Rule={DefaultRetention={Mode=${mode},Days=${days}}}`;
  return restoreAdvice(
    session,
    `s3api put-object-lock-configuration --bucket ${bucket} --object-lock-configuration '${rule}'`,
  );
}

/** CloudFormation changes only what differs from its last template, so that a deployment may not repair it. */
function restoreAdvice(session: Target, command: string): string {
  return `${awsCommand(session, command)}\nif you have changed the settings: ${npmCommand(session, 'deploy')}`;
}

function protectionWarnings(session: Target, status: Status): readonly StatusWarning[] {
  const { store, unprotected = [], environment } = status;
  const { table, state, pointInTimeRecovery, deletionProtection } = store;
  if (state === 'missing' || state === 'unknown') return [];
  const warnings: StatusWarning[] = [];
  if (!pointInTimeRecovery) {
    warnings.push({
      code: 'NO_POINT_IN_TIME_RECOVERY',
      message: `point-in-time recovery of ${table} is off: it could not be restored`,
      next: recoveryAdvice(session, table),
    });
  }
  if (environment === 'prod' && !deletionProtection) {
    warnings.push({
      code: 'NO_DELETION_PROTECTION',
      message: `the table ${table} is not protected against deletion`,
      next: awsCommand(session, `dynamodb update-table --table-name ${table} --deletion-protection-enabled`),
    });
  }
  if (unprotected.length > 0) {
    warnings.push({
      code: 'NO_DELETION_PROTECTION',
      message: `not protected against deletion: ${unprotected.join(', ')}`,
      next: npmCommand(session, 'deploy'),
    });
  }
  return warnings;
}

export function recoveryAdvice(session: Target, table: string): string {
  const specification = '--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true';
  return awsCommand(session, `dynamodb update-continuous-backups --table-name ${table} ${specification}`);
}

function driftWarnings(session: Target, { stacks }: Status): readonly StatusWarning[] {
  return stacks
    .filter(({ drift }) => drift?.status === 'DRIFTED')
    .map(({ stack, drift }) => ({
      code: 'DRIFTED',
      message: `${stack} was changed outside of CloudFormation: ${drift?.resources.join(', ') ?? ''} (as of ${drift?.checked ?? ''})`,
      next: `change it back, and detect again: ${npmCommand(session, 'deploy', '--status --drift')}`,
    }));
}

function imageWarnings(
  session: Target,
  service: (Pick<ServiceStatus, 'pushed'> & Partial<Pick<ServiceStatus, 'note'>>) | undefined,
  kind: Kind,
): readonly StatusWarning[] {
  if (service?.pushed === undefined || service.note !== undefined) return [];
  const { name, pushed, ageDays = 0 } = service.pushed;
  const deploy = npmCommand(session, 'deploy');
  if (pushed === undefined) {
    const isFunction = kind === 'handler' && session.settings.compute === 'lambda';
    const [what, effect] = isFunction
      ? ['function', "Lambda can't load it again"]
      : [kind, 'no task can be started'];
    const message = `the image ${name} of the ${what} is not in the repository: ${effect}`;
    return [{ code: 'IMAGE_MISSING', message, next: `build it again: ${deploy}` }];
  }
  if (ageDays <= IMAGE_OLD_DAYS) return [];
  const message = `the image ${name} is ${ageDays} days old, and misses the fixes of Node.js and its base image since`;
  return [{ code: 'IMAGE_OLD', message, next: `git pull, then ${deploy}` }];
}

function notReadWarnings({ notRead }: Status): readonly StatusWarning[] {
  return notRead.map(({ what, problem }) => ({
    code: 'NOT_READ',
    message: `${what} could not be read: ${problem}`,
    next: 'ask an administrator of the account for that permission',
  }));
}
