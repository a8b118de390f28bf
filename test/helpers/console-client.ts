// A person at a console, without a browser: what its script posts, with a software passkey.
import { request } from 'node:http';
import type { Assertion } from '../../src/approvals/signed-decision.js';
import type { SoftwarePasskey } from './authenticator.js';

export interface ConsoleAddress {
  readonly port: number;
  /** As browsers show it. */
  readonly origin: string;
}

export interface ConsoleResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** @param path of a page, or of what its script posts to. @returns the response, without following anything */
export async function askConsole(
  { port, origin }: ConsoleAddress,
  path: string,
  { method = 'GET', headers = {}, body }: Sent = {},
): Promise<ConsoleResponse> {
  const json = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request({
      ...{ host: '127.0.0.1', port, path, method, agent: false },
      headers: {
        host: new URL(origin).host,
        ...(method !== 'GET' && { origin, 'sec-fetch-site': 'same-origin' }),
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    });
    sent.end(json);
  });
}

interface Given {
  readonly sealed?: string;
  readonly publicKey?: { readonly challenge: string };
}

/** What a browser's `toJSON()` gives. */
function credentialOf(assertion: Assertion): unknown {
  return { ...assertion, rawId: assertion.id, type: 'public-key', clientExtensionResults: {} };
}

/** @returns the session's cookie @throws {Error} if nobody is signed in */
export async function signInAt(address: ConsoleAddress, passkey: SoftwarePasskey): Promise<string> {
  const options = await askConsole(address, '/sign-in/options', { method: 'POST', body: {} });
  const { sealed, publicKey } = JSON.parse(options.body) as Given;
  const credential = credentialOf(passkey.sign(publicKey?.challenge ?? ''));
  const response = await askConsole(address, '/sign-in', { method: 'POST', body: { sealed, credential } });
  const [cookie] = response.headers['set-cookie'] ?? [];
  if (response.status !== 200 || cookie === undefined) throw new Error(`not signed in: ${response.body}`);
  return cookie.split(';')[0] ?? '';
}

/** Decides as a person who presses a button. @returns the response to the decision, or to what came before it */
export async function decideAt(
  address: ConsoleAddress,
  cookie: string,
  passkey: SoftwarePasskey,
  wish: {
    readonly requestId: string;
    readonly hash: string;
    readonly verdict: string;
    readonly reason?: string;
  },
): Promise<ConsoleResponse> {
  const { requestId, hash, verdict, reason = '' } = wish;
  const path = `/holds/${encodeURIComponent(requestId)}/decisions`;
  const headers = { cookie };
  const options = await askConsole(address, `${path}/options`, {
    ...{ method: 'POST', headers },
    body: { hash, verdict },
  });
  if (options.status !== 200) return options;
  const { publicKey } = JSON.parse(options.body) as Given;
  const credential = credentialOf(passkey.sign(publicKey?.challenge ?? ''));
  return askConsole(address, path, {
    ...{ method: 'POST', headers },
    body: { hash, verdict, reason, credential },
  });
}
