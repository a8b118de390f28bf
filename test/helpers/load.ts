// Co-signers that send requests continuously while a test changes something in the handler.
import type { Cosigner } from '../../cli/cosigner/client.js';
import { samplePayload } from '../../cli/cosigner/request.js';
import { until } from './process.js';

export interface Load {
  /** Ids of requests with a verified response. */
  readonly answered: Set<string>;
  /** Ids of requests without a verified response, and the reason. */
  readonly failed: Map<string, string>;
  /** Waits for more responses. @throws {Error} if they take longer than 30 s */
  untilAnswered(count: number): Promise<void>;
  /** Stops sending, and waits for outstanding responses. */
  stop(): Promise<void>;
}

/** @param client called before each request, so that a test can replace the client */
export function startLoad(client: () => Cosigner, connections: number): Load {
  const answered = new Set<string>();
  const failed = new Map<string, string>();
  let sending = true;

  const send = async (): Promise<void> => {
    while (sending) {
      const payload = samplePayload('transaction');
      const requestId = String(payload['requestId']);
      try {
        const { answer, problem } = await client().send('transaction', payload);
        if (answer === undefined) failed.set(requestId, problem ?? 'no answer');
        else answered.add(requestId);
      } catch (error) {
        failed.set(requestId, String(error));
      }
    }
  };
  const sent = Promise.all(Array.from({ length: connections }, send));

  return {
    answered,
    failed,
    async untilAnswered(count) {
      const expected = answered.size + count;
      if ((await until(() => answered.size >= expected || undefined, 30_000)) === undefined)
        throw new Error(`${answered.size} requests were answered within 30 s, ${expected} were expected`);
    },
    async stop() {
      sending = false;
      await sent;
    },
  };
}
