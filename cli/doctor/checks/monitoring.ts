// Checks the alarms, who is notified of them, and what the handler has logged.
import { readAlarms, readSubscriptions } from '../../deploy/alarm-status.js';
import { enableAdvice, subscribeAdvice } from '../../deploy/status-warnings.js';
import { npmCommand } from '../../aws/printed-commands.js';
import { count } from '../../terminal.js';
import { frontStack } from '../../aws/handler.js';
import { revert } from '../advice.js';
import { type Finding, note, ok, unlessAny, warning, wrong } from '../check.js';
import { NotChecked } from '../not-checked.js';
import type { Scene } from '../scene.js';

export async function alarms(scene: Scene): Promise<readonly Finding[]> {
  const { session } = scene;
  const front = frontStack(session.settings);
  const { names, firing, silenced } = await readAlarms(session);
  if (names.length === 0) return [wrong('there are no alarms', await revert(scene, front))];
  const expected = (await scene.resources(front)).flatMap(({ ResourceType, PhysicalResourceId: id }) =>
    ResourceType === 'AWS::CloudWatch::Alarm' && id !== undefined ? [id] : [],
  );
  const missing = expected.filter((name) => !names.includes(name));
  const problems: Finding[] = [];
  if (missing.length > 0) {
    problems.push(wrong(`missing: ${missing.join(', ')}`, await revert(scene, front)));
  }
  if (silenced.length > 0) {
    problems.push(wrong(`turned off: ${silenced.join(', ')}`, enableAdvice(session, silenced)));
  }
  for (const { name, reason } of firing) {
    problems.push(
      wrong(`${name} is firing: ${reason}`, 'see "Monitoring" in DEPLOYMENT.md for what it means'),
    );
  }
  return unlessAny(problems, `${count(names.length, 'alarm')}, none firing`);
}

export async function subscriptions(scene: Scene): Promise<readonly Finding[]> {
  const { session } = scene;
  const front = frontStack(session.settings);
  const topic = (await scene.stack(front))?.outputs['AlarmTopicArn'];
  if (topic === undefined) throw new NotChecked(`the stack ${front} names no topic`);
  const found = await readSubscriptions(session, topic);
  if (found === undefined) return [wrong(`the topic ${topic} does not exist`, await revert(scene, front))];
  const { confirmed, pending } = found;
  if (confirmed > 0) {
    return [
      ok(`${count(confirmed, 'confirmed subscription')}${pending > 0 ? `, ${pending} unconfirmed` : ''}`),
    ];
  }
  const text = `nobody is notified of alarms: ${pending > 0 ? 'the subscription is not confirmed' : 'the topic has no subscription'}`;
  const next = subscribeAdvice(session, found);
  // Outside prod, it may be wanted.
  const isWanted = !session.production && session.settings.alarmEmail === undefined && pending === 0;
  return [isWanted ? warning(text, next) : wrong(text, next)];
}

const KEY_FAILURE = /^key_(refresh_failed|refused|missing|withdrawn)$/;

export async function log(scene: Scene): Promise<readonly Finding[]> {
  const { lines, truncated, problems } = await scene.recentLog();
  const next = npmCommand(scene.session, 'logs', '--errors --since 1h');
  const more = truncated ? `of the first ${lines} lines in the last hour` : 'in the last hour';
  const findings: Finding[] = [];
  const keys = problems.filter(({ event }) => KEY_FAILURE.test(event)).at(-1);
  if (keys !== undefined) {
    findings.push(warning(`the keys could not be refreshed, last at ${keys.time}: ${keys.message}`, next));
  }
  const last = problems.at(-1);
  if (last !== undefined) {
    findings.push(
      warning(`${count(problems.length, 'error')} ${more}, the last at ${last.time}: ${last.message}`, next),
    );
  }
  if (findings.length > 0) return findings;
  return [lines === 0 ? note('no lines in the last hour') : ok(`no errors ${more}`)];
}
