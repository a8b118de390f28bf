// Several environments of the Lambda function behind one load balancer. As Lambda does, each of them answers one event at a
// time, is frozen until the next one, and is replaced once it has ended.
import { type LambdaFunction, type LambdaOptions, loadBalancer, startFunction } from './lambda.js';
import type { Scope } from './scope.js';

/** How many environments start at the same time. */
const STARTING = 4;

export interface LambdaFleet {
  /** Base URL of the load balancer. */
  readonly url: string;
  /** Kills an environment with SIGKILL, one that is answering if there is any, and starts another one in its place. */
  replaceOne(): Promise<void>;
}

/** Starts the environments, and kills them at the end of the test. An event waits while all of them are answering. */
export async function startLambdaFleet(t: Scope, size: number, options: LambdaOptions): Promise<LambdaFleet> {
  const frozen = new Set<LambdaFunction>();
  const answering = new Set<LambdaFunction>();
  /** Events that no environment was free for. */
  const waiting: (() => void)[] = [];
  const freeze = (environment: LambdaFunction): void => {
    environment.handler.child.kill('SIGSTOP');
    frozen.add(environment);
    waiting.shift()?.();
  };
  const thawAny = async (): Promise<LambdaFunction> => {
    for (;;) {
      const environment = anyOf(frozen);
      if (environment === undefined) {
        await new Promise<void>((resolve) => waiting.push(resolve));
        continue;
      }
      frozen.delete(environment);
      answering.add(environment);
      environment.handler.child.kill('SIGCONT');
      return environment;
    }
  };
  const add = async (): Promise<void> => freeze(await start(t, options));
  for (let started = 0; started < size; started += STARTING) {
    await Promise.all(Array.from({ length: Math.min(STARTING, size - started) }, add));
  }
  const url = await loadBalancer(t, {
    async invoke(event) {
      const environment = await thawAny();
      const returned = await environment.invoke(event);
      // Unless it was killed.
      if (answering.delete(environment)) freeze(environment);
      return returned;
    },
  });
  return {
    url,
    async replaceOne() {
      const environment = anyOf(answering) ?? anyOf(frozen);
      if (environment === undefined) throw new Error('there is no environment');
      answering.delete(environment);
      frozen.delete(environment);
      await environment.handler.stop('SIGKILL');
      await add();
    },
  };
}

async function start(t: Scope, options: LambdaOptions): Promise<LambdaFunction> {
  const environment = await startFunction(t, options);
  const { handler, ready } = environment;
  const failed = handler.exited.then(() => {
    throw new Error(`an environment did not start:\n${JSON.stringify(handler.lines)}\n${handler.stderr()}`);
  });
  await Promise.race([ready, failed]);
  return environment;
}

function anyOf<Item>(items: ReadonlySet<Item>): Item | undefined {
  return [...items][Math.floor(Math.random() * items.size)];
}
