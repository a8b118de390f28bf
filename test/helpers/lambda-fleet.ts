// Several environments of the Lambda function behind one load balancer. As Lambda does, each of them answers one event at a
// time, and is frozen until the next one.
import { type LambdaFunction, type LambdaOptions, loadBalancer, startFunction } from './lambda.js';
import type { Scope } from './scope.js';

/** How many environments start at the same time: each has 10 s, as on Lambda. */
const STARTING = 2;
/** How often an environment is started that does not start in time. */
const START_ATTEMPTS = 3;

export interface LambdaFleet {
  /** Base URL of the load balancer. */
  readonly url: string;
  /** Kills an environment with SIGKILL, one that is answering if there is any, and starts another one in its place. */
  replaceOne(): Promise<void>;
}

/** Starts the environments, and kills them at the end of the test. An event waits while all of them are answering. */
export async function startLambdaFleet(t: Scope, size: number, options: LambdaOptions): Promise<LambdaFleet> {
  const free = new Set<LambdaFunction>();
  const answering = new Set<LambdaFunction>();
  /** Events that no environment was free for. */
  const waiting: (() => void)[] = [];
  const offer = (environment: LambdaFunction): void => {
    free.add(environment);
    waiting.shift()?.();
  };
  const thawAny = async (): Promise<LambdaFunction> => {
    for (;;) {
      const environment = anyOf(free);
      if (environment === undefined) {
        await new Promise<void>((resolve) => waiting.push(resolve));
        continue;
      }
      free.delete(environment);
      answering.add(environment);
      environment.handler.child.kill('SIGCONT');
      return environment;
    }
  };
  const add = async (): Promise<void> => offer(await start(t, options));
  for (let started = 0; started < size; started += STARTING) {
    await Promise.all(Array.from({ length: Math.min(STARTING, size - started) }, add));
  }
  const url = await loadBalancer(t, {
    async invoke(event) {
      const environment = await thawAny();
      const returned = await environment.invoke(event);
      // Unless it was killed.
      if (answering.delete(environment)) {
        environment.handler.child.kill('SIGSTOP');
        offer(environment);
      }
      return returned;
    },
  });
  return {
    url,
    async replaceOne() {
      const environment = anyOf(answering) ?? anyOf(free);
      if (environment === undefined) throw new Error('there is no environment');
      answering.delete(environment);
      free.delete(environment);
      await environment.handler.stop('SIGKILL');
      await add();
    },
  };
}

/** Starts an environment, and another one if it fails. @throws {Error} if none starts */
async function start(t: Scope, options: LambdaOptions, attempt = 1): Promise<LambdaFunction> {
  const environment = await startFunction(t, options);
  const { handler, ready } = environment;
  const isReady = await Promise.race([ready.then(() => true), handler.exited.then(() => false)]);
  if (isReady) return environment;
  if (attempt < START_ATTEMPTS) return start(t, options, attempt + 1);
  throw new Error(`no environment starts:\n${JSON.stringify(handler.lines)}\n${handler.stderr()}`);
}

function anyOf<Item>(items: ReadonlySet<Item>): Item | undefined {
  return [...items][Math.floor(Math.random() * items.size)];
}
