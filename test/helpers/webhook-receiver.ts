// A receiver of webhooks, and a verification of their signatures that shares no code with the sender: Web Crypto, by the
// text of the Standard Webhooks specification.
import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Scope } from './scope.js';

export interface Received {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Receiver {
  readonly url: string;
  readonly received: readonly Received[];
  /** How to answer from now on. @default 204 */
  answer: (response: ServerResponse) => void;
}

/** Listens on this machine until the end of the test. */
export async function webhookReceiver(t: Scope): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      received.push({ method: request.method, path: request.url, headers: request.headers, body });
      receiver.answer(response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hooks/approvals`,
    received,
    answer: (response) => void response.writeHead(204).end(),
  };
  return receiver;
}

/** @param secret `whsec_…` @returns whether one of the signatures is that of the secret */
export async function isSigned({ headers, body }: Received, secret: string): Promise<boolean> {
  const bytes = Uint8Array.from(atob(secret.replace('whsec_', '')), (character) => character.charCodeAt(0));
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await webcrypto.subtle.importKey('raw', bytes, algorithm, false, ['verify']);
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
  const content = new TextEncoder().encode(`${String(id)}.${String(timestamp)}.${body}`);
  const results = await Promise.all(
    String(signatures)
      .split(' ')
      .map((each) => each.split(','))
      .filter(([version]) => version === 'v1')
      .map(([, signature = '']) => {
        const given = Uint8Array.from(atob(signature), (character) => character.charCodeAt(0));
        return webcrypto.subtle.verify('HMAC', key, given, content);
      }),
  );
  return results.includes(true);
}
