// A change of `compute` or `front`: what is replaced works until what replaces it does. So stacks are first updated with
// all that is needed by both, and again without what only the replaced one needed.
import type { Leaving } from '../../infra/deployment.js';
import { type StackName, stackNames } from '../../infra/names.js';
import type { Settings } from '../../infra/settings.js';
import { frontStack, handlerStack } from '../aws/handler.js';
import { type DeployedStack, stateOf } from '../aws/stack.js';
import type { Template, TemplateBody } from './templates.js';

/** What a change of `compute` or `front` adds to a deployment. */
export interface Transition {
  /** The templates of the second update, in the order of these updates. */
  readonly again: readonly Template[];
  /** Whether the function is deleted: nothing calls it any more. */
  readonly deletesFunction: boolean;
  /** Stacks that the settings do not call for, which stay until the operator removes them: the Co-signer may call them. */
  readonly leftOver: readonly StackName[];
}

type Choice = Pick<Settings, 'compute' | 'front' | 'cosigner' | 'console'>;
type Templates = ReadonlyMap<StackName, TemplateBody>;

/** Whether a stack runs tasks of the handler. */
export function hasTasks({ Resources = {} }: TemplateBody = {}): boolean {
  return Object.values(Resources).some(({ Type }) => Type === 'AWS::ECS::Service');
}

/** Whether the load balancer of a stack invokes the function. */
function invokesFunction({ Resources = {} }: TemplateBody = {}): boolean {
  return Object.values(Resources).some(
    ({ Type, Properties = {} }) =>
      Type === 'AWS::ElasticLoadBalancingV2::TargetGroup' && Properties['TargetType'] === 'lambda',
  );
}

/** @returns what is in use, although the settings do not call for it any more */
export function leavingFirst({ compute, front }: Choice, deployed: Templates): Leaving {
  const callback = deployed.get('callback');
  const leaving: Record<'fargate' | 'function' | 'api', boolean> = {
    fargate: compute === 'lambda' && hasTasks(callback),
    function: compute === 'fargate' && invokesFunction(callback),
    api: front === 'alb' && deployed.has('api'),
  };
  return new Set((['fargate', 'function', 'api'] as const).filter((name) => leaving[name]));
}

/** @returns what of that is still in use once the selected stacks are updated */
export function leavingAfterwards(
  leaving: Leaving,
  { front }: Choice,
  selected: readonly StackName[],
): Leaving {
  const isReplaced = front === 'alb' && selected.includes('callback');
  return new Set([...leaving].filter((name) => name === 'api' || !isReplaced));
}

/** @returns the stacks that the settings do not call for, except the console's, which is always deleted */
export function leftOverStacks(
  settings: Choice,
  deployed: ReadonlyMap<StackName, DeployedStack>,
): readonly StackName[] {
  const wanted = stackNames(settings);
  return (['callback', 'api', 'function'] as const).filter(
    (name) => deployed.has(name) && !wanted.includes(name),
  );
}

/** Whether a change of `compute` or `front` was begun, or is only in the settings. */
export type Switch = 'none' | 'pending' | 'complete';

/**
 * @param callback the template of the stack with the load balancer
 * @returns `pending` while what was deployed before is needed, `complete` once stacks are left over
 */
export function switchOf(
  settings: Choice,
  deployed: ReadonlyMap<StackName, DeployedStack>,
  callback: TemplateBody | undefined,
): Switch {
  const others = settings.compute === 'lambda' ? hasTasks(callback) : invokesFunction(callback);
  const leftOver = leftOverStacks(settings, deployed);
  // A load balancer that is left over invokes what it invoked before.
  const isMixed = others && settings.front === 'alb';
  if (!isMixed && leftOver.length === 0) return 'none';
  const needed = [handlerStack(settings), frontStack(settings)];
  return !isMixed && needed.every((name) => stateOf(deployed.get(name)) === 'ready') ? 'complete' : 'pending';
}

interface TransitionInputs {
  readonly settings: Choice;
  readonly deployed: ReadonlyMap<StackName, DeployedStack>;
  readonly selected: readonly StackName[];
  readonly afterwards: Leaving;
  /** The templates of the first update, and those of the second. */
  readonly first: readonly Template[];
  readonly second: readonly Template[];
}

export function transitionOf(inputs: TransitionInputs): Transition {
  const { settings, deployed, selected, afterwards, first, second } = inputs;
  const bodies = new Map(first.map(({ name, body }) => [name, body]));
  // First the load balancer, which then uses nothing of the others any more.
  const again = [...second]
    .reverse()
    .filter(({ name, body }) => selected.includes(name) && bodies.get(name) !== body);
  const found = leftOverStacks(settings, deployed);
  // An API that is left over calls the function.
  const deletesFunction = found.includes('function') && !found.includes('api') && !afterwards.has('function');
  return {
    again,
    deletesFunction,
    // Once nothing calls the function any more, it is deleted by a deployment, or with the API that has called it.
    leftOver: found.filter((name) => name !== 'function' || found.includes('api')),
  };
}
