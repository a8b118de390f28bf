// Explains why the most recent task to stop did so.
import { DescribeTasksCommand, ListTasksCommand, type Task } from '@aws-sdk/client-ecs';
import { isAwsError } from './error.js';
import { lastLines } from './log-events.js';
import { type ServiceKind, type ServiceNames, serviceNames } from './service-state.js';
import type { Session } from './session.js';

/** Limit of `DescribeTasks`. */
const MAX_TASKS = 100;

/**
 * @returns its stop reasons and last log lines; empty if no task stopped in the last hour, after which ECS forgets it
 */
export async function explainStoppedTask(
  session: Session,
  kind: ServiceKind = 'handler',
): Promise<readonly string[]> {
  try {
    const of = serviceNames(session, kind);
    const task = await lastStoppedTask(session, of);
    if (task === undefined) return [];
    const id = task.taskArn?.split('/').at(-1) ?? '';
    // The log driver names log streams prefix/container/task.
    const stream = `task/${of.container}/${id}`;
    const lines = await lastLines(session, of.logGroup, stream);
    return [
      `task ${id} stopped: ${stopReasons(task).join('; ') || 'ECS gave no reason'}`,
      ...(lines.length === 0 ? ['it logged nothing'] : ['its last log lines:', ...lines]),
    ];
  } catch (error) {
    if (isAwsError(error, 'ClusterNotFoundException')) return [];
    throw error;
  }
}

async function lastStoppedTask(
  { aws, names }: Session,
  { taskFamily }: ServiceNames,
): Promise<Task | undefined> {
  const { taskArns = [] } = await aws.ecs.send(
    new ListTasksCommand({ cluster: names.cluster, family: taskFamily, desiredStatus: 'STOPPED' }),
  );
  if (taskArns.length === 0) return undefined;
  const { tasks = [] } = await aws.ecs.send(
    new DescribeTasksCommand({ cluster: names.cluster, tasks: taskArns.slice(0, MAX_TASKS) }),
  );
  return tasks.sort((a, b) => (b.stoppedAt?.getTime() ?? 0) - (a.stoppedAt?.getTime() ?? 0))[0];
}

function stopReasons({ stoppedReason, containers = [] }: Task): readonly string[] {
  return [
    ...(stoppedReason === undefined ? [] : [stoppedReason]),
    ...containers.flatMap(({ name, reason, exitCode }) => [
      ...(exitCode === undefined ? [] : [`${name ?? 'container'} exited with code ${exitCode}`]),
      ...(reason === undefined ? [] : [reason]),
    ]),
  ];
}
