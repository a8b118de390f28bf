// Several handlers on one store, some of which are killed at any moment, and a Co-signer that asks until it gets a final
// answer.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cosigner, type CosignerKeys, createCosigner } from '../../cli/cosigner/client.js';
import type { Payload } from '../../cli/cosigner/request.js';
import { type LambdaFunction, type LambdaOptions, loadBalancer, startFunction } from './lambda.js';
import { freePort } from './port.js';
import { type Handler, type HandlerOptions, startHandler } from './process.js';
import type { Scope } from './scope.js';

/** How long to wait until a request is asked again after RETRY, or without an answer, in ms. */
const PAUSE_MS = 50;
/** A request without a final answer after this time is stuck, in ms. */
const PATIENCE_MS = 90_000;

export interface Fleet {
  readonly size: number;
  /** Asks until the answer is final. @returns every answer, the final one last */
  ask(payload: Payload, place: number): Promise<readonly string[]>;
  /** Kills a handler with SIGKILL, and starts it again behind its URL. */
  restart(place: number): Promise<void>;
}

/** Handlers that listen for HTTP. */
export async function startFleet(
  t: Scope,
  size: number,
  options: Omit<HandlerOptions, 'built'>,
  keys: CosignerKeys,
): Promise<Fleet> {
  const startMember = async (): Promise<Member> => {
    const port = await freePort();
    const start = (): Handler =>
      startHandler(t, { ...options, built: true, env: { ...options.env, PORT: String(port) } });
    let handler = start();
    const listening = (): Promise<string> => handler.listening(60_000);
    return {
      url: await listening(),
      async restart() {
        await handler.stop('SIGKILL');
        handler = start();
        await listening();
      },
    };
  };
  return fleetOf(t, await Promise.all(Array.from({ length: size }, startMember)), keys);
}

/** Environments of the Lambda function, each behind a load balancer of its own. */
export async function startFunctionFleet(
  t: Scope,
  size: number,
  options: LambdaOptions,
  keys: CosignerKeys,
): Promise<Fleet> {
  const startMember = async (): Promise<Member> => {
    // Lambda, too, starts another environment if one can't start in time.
    const start = async (): Promise<LambdaFunction> => {
      const started = await startFunction(t, options);
      const isReady = started.ready.then(() => true);
      return (await Promise.race([isReady, started.handler.exited.then(() => false)])) ? started : start();
    };
    let environment = await start();
    const url = await loadBalancer(t, {
      invoke: (event) => {
        const killed = environment.handler.exited.then(() => ({ body: undefined, isError: true }));
        return Promise.race([environment.invoke(event), killed]);
      },
    });
    return {
      url,
      async restart() {
        await environment.handler.stop('SIGKILL');
        environment = await start();
      },
    };
  };
  const members: Member[] = [];
  // One after the other, because each has only some seconds to start.
  while (members.length < size) members.push(await startMember());
  return fleetOf(t, members, keys);
}

interface Member {
  readonly url: string;
  readonly restart: () => Promise<void>;
}

function fleetOf(t: Scope, members: readonly Member[], keys: CosignerKeys): Fleet {
  const clients = members.map(({ url }) => createCosigner({ url, keys }));
  t.teardown(() => clients.forEach((client) => client.close()));
  return {
    size: members.length,
    async ask(payload, place) {
      const answers: string[] = [];
      const end = performance.now() + PATIENCE_MS;
      for (let turn = place; performance.now() < end; turn++) {
        // Another handler may be asked again, as the load balancer does.
        const answer = await actionOf(clients[turn % clients.length], payload);
        answers.push(answer);
        if (['APPROVE', 'REJECT', 'IGNORE'].includes(answer)) return answers;
        await sleep(PAUSE_MS);
      }
      throw new Error(`no final answer for ${String(payload['requestId'])}: ${answers.slice(-5).join(', ')}`);
    },
    async restart(place) {
      const member = members[place];
      if (member === undefined) throw new Error(`there is no handler ${place}`);
      await member.restart();
    },
  };
}

/** @returns the verified action, or why there is none */
async function actionOf(client: Cosigner | undefined, payload: Payload): Promise<string> {
  try {
    const outcome = await client?.send('transaction', payload);
    return outcome?.answer?.action ?? `status ${outcome?.status}: ${outcome?.problem}`;
  } catch (error) {
    return `no response: ${String(error)}`;
  }
}
