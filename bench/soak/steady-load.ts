// Sends requests at a constant rate.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { readSignedAnswer } from '../../cli/cosigner/client.js';
import type { Target } from '../throughput/targets.js';

export interface Tally {
  answered: number;
  verified: number;
  /** Problems with responses, including missing ones. */
  readonly wrong: string[];
  /** Time from sending each answered request to its response. */
  readonly latenciesMs: number[];
}

/** Requests are sent in bursts at this interval, in ms. */
const BURST_MS = 20;
/** One response in this many is verified; for the others, only the status is checked. */
const VERIFY_EVERY = 50;

/**
 * Sends requests at a constant rate, and counts the responses in the tally.
 * @returns a function that stops sending and waits for outstanding responses
 */
export function sendSteadily(
  { url, keys, tokenFile }: Target,
  perSecond: number,
  connections: number,
  tally: Tally,
): () => Promise<void> {
  const tokens = readFileSync(tokenFile, 'utf8').split('\n');
  const requestIds = tokens.map(requestIdOf);
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const open = new Set<Promise<void>>();
  let sent = 0;
  const send = async (): Promise<void> => {
    const index = sent++ % tokens.length;
    const verify = sent % VERIFY_EVERY === 0;
    const sentAt = performance.now();
    const problem = await post(`${url}/v2/tx_sign_request`, tokens[index] ?? '', agent).then(
      (reply) => {
        if (verify) return readSignedAnswer(reply, requestIds[index], keys.callbackPublicKeys).problem;
        return reply.status === 200 ? undefined : `status ${reply.status}`;
      },
      (error: unknown) => String(error),
    );
    if (problem !== undefined) {
      tally.wrong.push(problem);
      return;
    }
    tally.answered++;
    tally.latenciesMs.push(performance.now() - sentAt);
    if (verify) tally.verified++;
  };
  const startedAt = performance.now();
  const timer = setInterval(() => {
    const due = ((performance.now() - startedAt) / 1000) * perSecond;
    while (sent < due) {
      const pending = send();
      open.add(pending);
      void pending.then(() => open.delete(pending));
    }
  }, BURST_MS);
  return async () => {
    clearInterval(timer);
    await Promise.all(open);
    agent.destroy();
  };
}

function post(url: string, token: string, agent: http.Agent): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    http
      .request(url, { method: 'POST', agent }, (response) => {
        let body = '';
        response.setEncoding('latin1').on('data', (chunk: string) => (body += chunk));
        response.on('error', reject).on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      })
      .on('error', reject)
      .end(token);
  });
}

function requestIdOf(token: string): string {
  const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  return (JSON.parse(claims) as { requestId: string }).requestId;
}
