// Prints the status of an environment.
import type { StackState } from '../aws/stack.js';
import {
  adviceLines,
  columns,
  count,
  labelled,
  type Paint,
  painter,
  shortHash,
  widthOf,
  wrap,
} from '../terminal.js';
import type { FunctionStatus, ServiceStatus, Status } from './status.js';
import type { StatusReport } from './status-report.js';

/** Fingerprints of keys are compared by people, and shown whole; a policy's SHA-256 is not. */
const WHOLE_HASH = /^[0-9a-f]{64}/;

/** Of what follows the label of a warning. */
const INDENT = 'Warning '.length;

/** Label and value. Rows without a label continue the one above. */
type Row = readonly [string, string];

const STATE_STYLES: Readonly<Record<StackState, Parameters<Paint>[0]>> = {
  ready: 'green',
  absent: 'dim',
  busy: 'yellow',
  stuck: 'red',
};

export function printStatus(stream: NodeJS.WriteStream, status: StatusReport): void {
  const paint = painter(stream);
  const width = widthOf(stream) - INDENT;
  const { environment, account, region, endpoint } = status;
  const emulator = endpoint === undefined ? '' : `, at ${endpoint} (an emulator)`;
  const rows = [
    ...stopRows(status, paint),
    ...(status.compute === 'fargate' || status.service !== undefined
      ? serviceRows('service', status.service, paint)
      : []),
    ...(status.compute === 'lambda' || status.function !== undefined
      ? functionRows(status.function, paint)
      : []),
    ...consoleRows(status, paint),
    ...parameterRows(status, paint),
    ...storeRows(status, paint),
    ...certificateRows(status, paint),
    ...alarmRows(status, paint),
    ...driftRows(status, paint),
  ];
  const lines = [
    `${environment}, account ${account}, ${region}${emulator}`,
    '',
    ...stackLines(status, paint),
    '',
    ...columns(rows),
    ...warningLines(status, paint, width),
  ];
  stream.write(`${lines.join('\n')}\n`);
}

/** Last, where the operator reads them. */
function warningLines({ warnings }: StatusReport, paint: Paint, width: number): readonly string[] {
  return warnings.flatMap(({ code, message, next }) => [
    '',
    ...labelled(paint('yellow', 'Warning'), wrap(`${message}  ${code}`, width), INDENT).map((line) =>
      line.endsWith(code) ? line.replace(code, paint('dim', code)) : line,
    ),
    ...labelled(paint('bold', 'Next'), adviceLines(next, width), INDENT),
  ]);
}

function stackLines({ stacks }: Status, paint: Paint): readonly string[] {
  const [head = '', ...lines] = columns([
    ['stack', 'status', 'updated'],
    ...stacks.map(({ stack, status, updated = '' }) => [stack, status, updated]),
  ]);
  return [
    paint('bold', head),
    ...lines.map((line, index) => paint(STATE_STYLES[stacks[index]?.condition ?? 'absent'], line)),
  ];
}

/** First, because nothing else matters while decisions are stopped. */
function stopRows({ emergencyStop }: Status, paint: Paint): readonly Row[] {
  const { state, action = '', since, problem } = emergencyStop;
  const label = 'emergency stop';
  if (state === 'running') return [[label, 'not in force']];
  const reason = problem === undefined ? '' : `: ${problem}`;
  if (state === 'unknown') return [[label, paint('red', `unknown${reason}`)]];
  return [[label, paint('red', `${action}${since === undefined ? '' : ` since ${since}`}${reason}`)]];
}

function consoleRows({ console: status }: Status, paint: Paint): readonly Row[] {
  if (status === undefined) return [];
  const [first, ...rows] = serviceRows('console', status.service, paint);
  return [...(first === undefined ? [] : [first]), ['', status.origin], ...rows];
}

function functionRows(found: FunctionStatus | undefined, paint: Paint): readonly Row[] {
  if (found === undefined) return [['function', paint('yellow', 'not deployed')]];
  const { version, state, reason, reserved, provisioned, image = 'unknown', pushed } = found;
  const isReady = state === 'Active' && reserved !== 0;
  const condition = reserved === 0 ? 'stopped' : state.toLowerCase();
  const why = reason === undefined ? '' : ` (${reason})`;
  const age = pushed?.ageDays === undefined ? '' : `, ${count(pushed.ageDays, 'day')} old`;
  return [
    ['function', `${paint(isReady ? 'green' : 'yellow', condition)}, version ${version}${why}`],
    ['concurrency', reserved === undefined ? 'up to the limit of the account' : `at most ${reserved}`],
    ...(provisioned === undefined
      ? []
      : [['', `${provisioned.available} of ${provisioned.requested} kept ready`] as const]),
    ['image', `${image}${age}`],
  ];
}

/** @param label of the first row */
function serviceRows(label: string, service: ServiceStatus | undefined, paint: Paint): readonly Row[] {
  if (service === undefined) return [[label, paint('yellow', 'not deployed')]];
  const {
    desired,
    desiredBySettings,
    running,
    pending,
    rollout,
    steady,
    note,
    image = 'unknown',
    pushed,
  } = service;
  const notSteady = rollout === 'FAILED' ? 'failed' : 'not steady';
  const state = steady ? paint('green', 'steady') : paint('yellow', notSteady);
  const more = pending > 0 ? `, ${pending} pending` : '';
  const targets = service.targets.map(({ id, state: target, reason, zone }) =>
    paint(
      target === 'healthy' ? 'green' : 'yellow',
      `${id} ${target}${zone === undefined ? '' : ` in ${zone}`}${reason === undefined ? '' : ` (${reason})`}`,
    ),
  );
  const age = pushed?.ageDays === undefined ? '' : `, ${count(pushed.ageDays, 'day')} old`;
  return [
    desired === 0 && desiredBySettings > 0
      ? [label, paint('yellow', `stopped by "npm run scale -- 0${label === 'console' ? ' --console' : ''}"`)]
      : [label, `${state}, ${running} of ${desired} ${desired === 1 ? 'task' : 'tasks'} running${more}`],
    ...(note === undefined ? [] : [['', note] as const]),
    ['tasks', String(service.tasks)],
    ['targets', targets.join(', ') || paint('yellow', 'none')],
    ['image', `${image}${age}`],
  ];
}

function parameterRows(status: Status, paint: Paint): readonly Row[] {
  const { parameters, callbackAlgorithm, callbackAlgorithmBySettings } = status;
  const algorithm =
    callbackAlgorithm === undefined || callbackAlgorithm === callbackAlgorithmBySettings
      ? callbackAlgorithm
      : paint(
          'yellow',
          `${callbackAlgorithm}; the settings specify ${callbackAlgorithmBySettings}: deploy with --rotate-callback-key to change it`,
        );
  const labels = [
    ['callback key', parameters.callbackKey],
    ['Co-signer keys', parameters.cosignerKeys],
    ['policy', parameters.policy],
    ['candidate', parameters.policyCandidate],
  ] as const;
  return labels.flatMap(([label, { name, state, holds }]): readonly Row[] => {
    if (state === 'missing' && label === 'candidate') return [];
    if (state === 'missing') return [[label, paint('yellow', `not stored yet: ${name}`)]];
    if (state !== 'good') return [[label, paint('red', holds.join(', '))]];
    const more = label === 'callback key' && algorithm !== undefined ? [`algorithm ${algorithm}`] : [];
    const isPolicy = label === 'policy' || label === 'candidate';
    const lines = isPolicy ? holds.map((line) => line.replace(WHOLE_HASH, shortHash)) : holds;
    return [...lines, ...more].map((line, index) => [index === 0 ? label : '', line]);
  });
}

function storeRows({ store }: Status, paint: Paint): readonly Row[] {
  const { table, state, items, sealed, problem } = store;
  const label = 'store';
  if (state === 'missing') return [[label, paint('yellow', `not deployed yet: ${table}`)]];
  if (state === 'unknown') return [[label, paint('red', `unknown: ${problem ?? table}`)]];
  const counted = items === undefined ? '' : `, about ${items} items`;
  return [
    [label, `${paint(state === 'ACTIVE' ? 'green' : 'yellow', state)}, ${table}${counted}`],
    ['sealed', problem === undefined ? (sealed ?? 'nothing yet') : paint('red', `unknown: ${problem}`)],
  ];
}

function certificateRows({ certificate }: Status, paint: Paint): readonly Row[] {
  if (certificate === undefined) return [['certificate', paint('yellow', 'none')]];
  const { arn, status, daysLeft, expires = '', expiresSoon } = certificate;
  const summary = `${status}, expires ${expires.slice(0, 10)}, in ${daysLeft ?? '?'} days`;
  return [
    ['certificate', paint(expiresSoon ? 'red' : 'green', summary)],
    ['', arn],
  ];
}

function alarmRows({ alarms: { total, firing } }: Status, paint: Paint): readonly Row[] {
  if (total === 0) return [['alarms', 'no alarms (not deployed)']];
  if (firing.length === 0) return [['alarms', paint('green', `0 of ${total} firing`)]];
  return [
    ['alarms', paint('red', `${firing.length} of ${total} firing`)],
    ...firing.map(({ name, reason }) => ['', paint('red', `${name}: ${reason}`)] as const),
  ];
}

/** What the last detection found; a new one takes minutes. */
function driftRows({ stacks }: Status, paint: Paint): readonly Row[] {
  const detected = stacks.flatMap(({ stack, drift }) => (drift === undefined ? [] : [{ stack, drift }]));
  if (detected.length === 0) return [['drift', 'not detected yet: --status --drift detects it, in minutes']];
  return detected.map(({ stack, drift: { status, checked } }, index) => {
    const style = status === 'IN_SYNC' ? 'green' : 'yellow';
    return [index === 0 ? 'drift' : '', `${paint(style, status)} ${stack}, detected ${checked}`];
  });
}
