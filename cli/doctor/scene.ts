// What several checks look at. Each part is read once, when the first check asks for it.
import { DescribeStackResourcesCommand, type StackResource } from '@aws-sdk/client-cloudformation';
import {
  DescribeListenersCommand,
  type Listener,
  type LoadBalancer,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { StackName } from '../../infra/names.js';
import { findLoadBalancer } from '../aws/load-balancer.js';
import { describeFunction, type FunctionState } from '../aws/function.js';
import { describeService, type ServiceState } from '../aws/service-state.js';
import type { Session } from '../aws/session.js';
import { type DeployedStack, describeStack } from '../aws/stack.js';
import { NotChecked } from './not-checked.js';
import { readRecentLog, type RecentLog } from './recent-log.js';

export interface Scene {
  readonly session: Session;
  /** @returns undefined if it is not deployed */
  stack(name: StackName): Promise<DeployedStack | undefined>;
  /** @returns the resources of a stack; empty if it is not deployed */
  resources(name: StackName): Promise<readonly StackResource[]>;
  /** @returns undefined if it does not exist */
  loadBalancer(): Promise<LoadBalancer | undefined>;
  listeners(): Promise<readonly Listener[]>;
  /** The handler's. @returns undefined if it does not exist */
  service(): Promise<ServiceState | undefined>;
  /** @returns undefined if it does not exist */
  function(): Promise<FunctionState | undefined>;
  /** The handler's log of the last hour. */
  recentLog(): Promise<RecentLog>;
}

export function createScene(session: Session): Scene {
  const { aws, names } = session;
  const stack = once((name: StackName) => describeStack(aws.cloudformation, `${names.prefix}-${name}`));
  const loadBalancer = once(() => findLoadBalancer(session));
  const scene: Scene = {
    session,
    stack,
    loadBalancer,
    resources: once(async (name: StackName) => {
      const deployed = await stack(name);
      if (deployed === undefined) return [];
      const { StackResources = [] } = await aws.cloudformation.send(
        new DescribeStackResourcesCommand({ StackName: deployed.stackName }),
      );
      return StackResources;
    }),
    listeners: once(async () => {
      const { LoadBalancerArn } = await theLoadBalancer(scene);
      const { Listeners = [] } = await aws.elb.send(new DescribeListenersCommand({ LoadBalancerArn }));
      return Listeners;
    }),
    service: once(() => describeService(session)),
    function: once(() => describeFunction(session)),
    recentLog: once(() => readRecentLog(session)),
  };
  return scene;
}

/** @throws {NotChecked} without a load balancer */
export async function theLoadBalancer(scene: Scene): Promise<LoadBalancer> {
  const loadBalancer = await scene.loadBalancer();
  if (loadBalancer === undefined) throw new NotChecked('there is no load balancer');
  return loadBalancer;
}

/** @throws {NotChecked} without the listener */
export async function httpsListener(scene: Scene): Promise<Listener> {
  const listener = (await scene.listeners()).find(({ Port }) => Port === 443);
  if (listener === undefined) throw new NotChecked('there is no listener on port 443');
  return listener;
}

/**
 * @param prefix of the logical id
 * @returns the id of a resource in AWS; undefined if the stack has none
 */
export async function resourceId(
  scene: Scene,
  stack: StackName,
  type: string,
  prefix = '',
): Promise<string | undefined> {
  const resources = await scene.resources(stack);
  return resources.find(
    ({ ResourceType, LogicalResourceId = '' }) =>
      ResourceType === type && LogicalResourceId.startsWith(prefix),
  )?.PhysicalResourceId;
}

/** Calls a function once for each argument; all callers get the same result, or the same error. */
function once<Args extends readonly string[], Result>(
  read: (...args: Args) => Promise<Result>,
): (...args: Args) => Promise<Result> {
  const known = new Map<string, Promise<Result>>();
  return (...args) => {
    const key = args.join();
    const started = known.get(key) ?? read(...args);
    known.set(key, started);
    return started;
  };
}
