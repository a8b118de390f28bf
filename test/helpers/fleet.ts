// Several handlers on one store, some of which are killed at any moment, and a Co-signer that asks until it gets a final
// answer.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cosigner, type CosignerKeys, createCosigner } from '../../cli/cosigner/client.js';
import type { Payload } from '../../cli/cosigner/request.js';
import { freePort } from './port.js';
import { type Handler, type HandlerOptions, startHandler } from './process.js';
import type { Scope } from './scope.js';

/** How long to wait until a request is asked again after RETRY, or without an answer, in ms. */
const PAUSE_MS = 50;
/** A request without a final answer after this time is stuck, in ms. */
const PATIENCE_MS = 90_000;

export interface Fleet {
  readonly size: number;
  readonly handlers: readonly Handler[];
  /** Asks until the answer is final. @returns every answer, the final one last */
  ask(payload: Payload, place: number): Promise<readonly string[]>;
  /** Kills a handler with SIGKILL, and starts it again on its port. */
  restart(place: number): Promise<void>;
}

export async function startFleet(
  t: Scope,
  size: number,
  options: Omit<HandlerOptions, 'built'>,
  keys: CosignerKeys,
): Promise<Fleet> {
  const ports = await Promise.all(Array.from({ length: size }, freePort));
  const start = (port: number): Handler =>
    startHandler(t, { ...options, built: true, env: { ...options.env, PORT: String(port) } });
  const handlers = ports.map(start);
  await Promise.all(handlers.map((handler) => handler.listening(60_000)));
  const clients = ports.map((port) => createCosigner({ url: `http://127.0.0.1:${port}`, keys }));
  t.teardown(() => clients.forEach((client) => client.close()));
  return {
    size,
    handlers,
    ask: async (payload, place) => (await askUntilFinal(clients, payload, place)).answers,
    async restart(place) {
      const [handler, port] = [handlers[place], ports[place]];
      if (handler === undefined || port === undefined) throw new Error(`there is no handler ${place}`);
      await handler.stop('SIGKILL');
      handlers[place] = start(port);
      await handlers[place].listening(60_000);
    },
  };
}

export interface Asked {
  /** Each verified action, or why there was none; the final action is last. */
  readonly answers: readonly string[];
  /** The final answer as it was received. */
  readonly body: string;
}

/**
 * Asks until the answer is final: each time another one, as a load balancer does.
 * @param place of the client to begin with
 * @throws {Error} if there is no final answer in 90 s
 */
export async function askUntilFinal(
  clients: readonly Cosigner[],
  payload: Payload,
  place = 0,
): Promise<Asked> {
  const answers: string[] = [];
  const end = performance.now() + PATIENCE_MS;
  for (let turn = place; performance.now() < end; turn++) {
    const { answer, body } = await askOnce(clients[turn % clients.length], payload);
    answers.push(answer);
    if (['APPROVE', 'REJECT', 'IGNORE'].includes(answer)) return { answers, body };
    await sleep(PAUSE_MS);
  }
  throw new Error(`no final answer for ${String(payload['requestId'])}: ${answers.slice(-5).join(', ')}`);
}

async function askOnce(client: Cosigner | undefined, payload: Payload) {
  try {
    const { answer, status, problem, body } = (await client?.send('transaction', payload)) ?? {};
    return { answer: answer?.action ?? `status ${status}: ${problem}`, body: body ?? '' };
  } catch (error) {
    return { answer: `no response: ${String(error)}`, body: '' };
  }
}
