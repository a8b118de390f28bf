// Co-signers that know both addresses of the load balancer and send requests continuously. As the Co-signer does, they
// ask the same request again until the answer is final: at the other address if a connection fails.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cosigner, type CosignerKeys, createCosigner } from '../../cli/cosigner/client.js';
import type { Payload } from '../../cli/cosigner/request.js';
import { isFinal } from '../../src/memory/stored-answer.js';
import { until } from './process.js';
import type { Scope } from './scope.js';
import type { ZoneNode } from './zones.js';

/** Requests at the same time. */
const CONCURRENCY = 6;
/** How long to wait before a request is asked again, in ms. The Co-signer's is 30 s and more. */
const PAUSE_MS = 50;
/** A request without a final answer after this time is lost, in ms. */
const PATIENCE_MS = 20_000;
/** Every so many requests, one is asked again after its final answer. */
const REPEATED = 4;
/** Up to this amount, the policy approves. */
export const APPROVED_AMOUNT = 5;

export interface ZoneCounts {
  /** Requests with a final, verified answer. */
  answered: number;
  /** Of these, those that were asked again at the other address, and got the same bytes. */
  repeated: number;
  /** Answers of each node. */
  readonly byNode: [number, number];
  /** Signed RETRY answers. */
  retries: number;
  /** Connections that failed before an answer; the request was asked at the other address. */
  readonly failedOver: string[];
  /** Responses without an answer, such as 502. */
  readonly failed: string[];
  /** Requests without a final answer. */
  readonly lost: string[];
  /** Answers that do not verify, differ from the policy, or differ from an earlier one. */
  readonly wrong: string[];
  /** The sum of the amounts that were approved. */
  approvedAmount: number;
}

export interface ZoneLoad {
  /** The counts since this was called last. */
  take(): ZoneCounts;
  /** Waits for more answers. @throws {Error} if they take longer than 60 s */
  untilAnswered(count: number): Promise<void>;
  /** Stops sending, and waits for the last answers. */
  stop(): Promise<void>;
}

export function startZoneLoad(t: Scope, nodes: readonly [ZoneNode, ZoneNode], keys: CosignerKeys): ZoneLoad {
  const clients = nodes.map(({ url, ca }) => createCosigner({ url, ca, keys }));
  let counts = newCounts();
  let total = 0;
  let sending = true;
  t.teardown(() => {
    sending = false;
    clients.forEach((client) => client.close());
  });
  const send = async (source: number): Promise<void> => {
    for (let turn = source; sending; turn++) {
      await sendOne({ clients, counts: () => counts }, payment(source), turn);
      total++;
    }
  };
  const sent = Promise.all(Array.from({ length: CONCURRENCY }, (_, source) => send(source)));
  return {
    take() {
      const taken = counts;
      counts = newCounts();
      return taken;
    },
    async untilAnswered(count) {
      const end = total + count;
      if ((await until(() => total >= end || undefined, 60_000)) === undefined)
        throw new Error(`${end - total} of ${count} answers are missing after 60 s`);
    },
    async stop() {
      sending = false;
      await sent;
    },
  };
}

interface Sending {
  readonly clients: readonly Cosigner[];
  /** A function, because counts are taken while requests are under way. */
  readonly counts: () => ZoneCounts;
}

interface Final {
  readonly action: string;
  readonly body: string;
}

async function sendOne(sending: Sending, payload: Payload, turn: number): Promise<void> {
  const { counts } = sending;
  const id = String(payload['requestId']);
  const final = await ask(sending, payload, turn);
  if (final === undefined) {
    counts().lost.push(id);
    return;
  }
  counts().answered++;
  const expected = Number(payload['amountStr']) <= APPROVED_AMOUNT ? 'APPROVE' : 'REJECT';
  if (final.action !== expected) counts().wrong.push(`${id}: ${final.action} instead of ${expected}`);
  if (final.action === 'APPROVE') counts().approvedAmount += Number(payload['amountStr']);
  if (turn % REPEATED !== 0) return;
  const again = await ask(sending, payload, turn + 1);
  if (again === undefined) counts().lost.push(`${id}, asked again`);
  else if (again.body !== final.body) counts().wrong.push(`${id}: another answer when asked again`);
  else counts().repeated++;
}

/** @returns the first final answer; `undefined` if there is none in time */
async function ask(
  { clients, counts }: Sending,
  payload: Payload,
  first: number,
): Promise<Final | undefined> {
  const end = performance.now() + PATIENCE_MS;
  for (let turn = first; performance.now() < end; turn++) {
    const node = turn % 2 === 0 ? 0 : 1;
    const outcome = await clients[node]?.send('transaction', payload).catch((error: unknown) => {
      counts().failedOver.push(String(error));
      return undefined;
    });
    if (outcome === undefined) continue;
    const { answer, body, status, problem } = outcome;
    if (answer !== undefined) {
      counts().byNode[node]++;
      if (isFinal(answer.action)) return { action: answer.action, body };
      counts().retries++;
    } else if (status === 200) counts().wrong.push(String(problem));
    else counts().failed.push(`status ${status}`);
    await sleep(PAUSE_MS);
  }
  return undefined;
}

function newCounts(): ZoneCounts {
  return {
    ...{ answered: 0, repeated: 0, byNode: [0, 0], retries: 0, approvedAmount: 0 },
    ...{ failedOver: [], failed: [], lost: [], wrong: [] },
  };
}

function payment(source: number): Payload {
  const [id, amount] = [randomUUID(), String(1 + Math.floor(Math.random() * (APPROVED_AMOUNT + 1)))];
  return {
    ...{ requestId: id, txId: id, operation: 'TRANSFER', asset: 'COIN', amountStr: amount },
    ...{ sourceType: 'VAULT', sourceId: String(source) },
    destinations: [{ dstAddress: 'somewhere', amountNativeStr: amount }],
  };
}
