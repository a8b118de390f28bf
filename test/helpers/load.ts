// Co-signers that keep asking, while a test does something to the handler.
import type { Cosigner } from '../../cli/cosigner/client.js';
import { samplePayload } from '../../cli/cosigner/request.js';

export interface Load {
  /** Request ids with a verified answer. */
  readonly answered: Set<string>;
  /** Request ids without one, and why. */
  readonly failed: Map<string, string>;
  /** Asks no more, and waits for the answers still missing. */
  stop(): Promise<void>;
}

/** @param asker the Co-signer to ask with, looked up before each request */
export function keepAsking(asker: () => Cosigner, connections: number): Load {
  const answered = new Set<string>();
  const failed = new Map<string, string>();
  let asking = true;

  const ask = async (): Promise<void> => {
    while (asking) {
      const payload = samplePayload('transaction');
      const requestId = String(payload['requestId']);
      try {
        const { answer, problem } = await asker().ask('transaction', payload);
        if (answer === undefined) failed.set(requestId, problem ?? 'no answer');
        else answered.add(requestId);
      } catch (error) {
        failed.set(requestId, String(error));
      }
    }
  };
  const asked = Promise.all(Array.from({ length: connections }, ask));

  return {
    answered,
    failed,
    async stop() {
      asking = false;
      await asked;
    },
  };
}
