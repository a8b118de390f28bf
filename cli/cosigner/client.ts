// A Co-signer's side of the wire: asks a handler, and believes an answer only once it is verified.
import { type KeyObject, verify } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { LONGEST_REQUEST_MS } from '../../src/timeouts.js';
import { ACTIONS, type Answer } from '../../src/protocol/decision.js';
import type { Kind } from '../../src/protocol/request.js';
import { type Payload, signToken, type Tampering, tamperedToken } from './request.js';

export interface CosignerKeys {
  /** The Co-signer's own. */
  readonly privateKey: KeyObject;
  /** The handler's: any of them may have signed. More than one while the key is being rotated. */
  readonly callbackPublicKeys: readonly KeyObject[];
}

export interface CosignerOptions {
  /** Base URL of the handler, with or without a path. */
  readonly url: string;
  /** Left out: plain JSON both ways (options 2 and 3) in place of JWT. */
  readonly keys?: CosignerKeys;
  /** PEM of the CA that the handler's certificate must come from. @default the CAs that Node.js trusts */
  readonly ca?: string;
  /** Connections to keep alive. @default as many as there are requests at a time */
  readonly maxSockets?: number;
}

export interface Outcome {
  readonly status: number;
  /** The reply's body. */
  readonly body: string;
  /** When to come back, in seconds; a 503 says so. */
  readonly retryAfter?: string | undefined;
  readonly durationMs: number;
  /** The answer; only there when it is verified. */
  readonly answer?: Answer;
  /** Why there is no verified answer. */
  readonly problem?: string;
}

export interface Cosigner {
  /** Where requests of this kind are sent. */
  urlOf(kind: Kind): URL;
  /** Asks and verifies. @throws {Error} when there is no reply at all */
  ask(kind: Kind, payload: Payload, tampering?: Tampering): Promise<Outcome>;
  /** Closes the connections. */
  close(): void;
}

const PATHS: Readonly<Record<Kind, string>> = {
  transaction: 'tx_sign_request',
  configuration: 'config_change_sign_request',
};

export function createCosigner(options: CosignerOptions): Cosigner {
  const { url, keys, ca, maxSockets = Infinity } = options;
  const client = url.startsWith('https:') ? https : http;
  const agent = new client.Agent({ keepAlive: true, maxSockets, ...(ca !== undefined && { ca }) });

  const cosigner: Cosigner = {
    urlOf: (kind) => new URL(`${url.replace(/\/+$/, '')}${keys === undefined ? '' : '/v2'}/${PATHS[kind]}`),

    async ask(kind, payload, tampering) {
      const body = encode(payload, keys, tampering);
      const startedAt = performance.now();
      const reply = await post(client, agent, cosigner.urlOf(kind), body);
      const durationMs = performance.now() - startedAt;
      const verdict =
        keys === undefined
          ? readJsonAnswer(reply, payload['requestId'])
          : readSignedAnswer(reply, payload['requestId'], keys.callbackPublicKeys);
      return { ...reply, ...verdict, durationMs };
    },

    close: () => agent.destroy(),
  };
  return cosigner;
}

function encode(payload: Payload, keys?: CosignerKeys, tampering?: Tampering): string {
  if (keys === undefined) return JSON.stringify(payload);
  return tampering === undefined
    ? signToken(payload, keys.privateKey)
    : tamperedToken(payload, keys.privateKey, tampering);
}

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly retryAfter: string | undefined;
}

function post(client: typeof http | typeof https, agent: http.Agent, url: URL, body: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = client.request(
      url,
      { method: 'POST', agent, timeout: LONGEST_REQUEST_MS },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString('utf8'),
            retryAfter: response.headers['retry-after'],
          }),
        );
        response.on('error', reject);
      },
    );
    request.on('timeout', () =>
      request.destroy(new Error(`no answer within ${LONGEST_REQUEST_MS / 1000} s`)),
    );
    request.on('error', reject);
    request.end(body);
  });
}

export type Verdict = Pick<Outcome, 'answer' | 'problem'>;

/** Verifies an answer with any of the keys, and that it is the one to this request. */
export function readSignedAnswer(
  { status, body }: Pick<Reply, 'status' | 'body'>,
  requestId: unknown,
  keys: readonly KeyObject[],
): Verdict {
  if (status !== 200) return { problem: `status ${status}` };
  const [header = '', claims = '', signature = '', ...more] = body.split('.');
  if (signature === '' || more.length > 0) return { problem: 'the answer is not a signed token' };
  if (parse(decode(header))?.['alg'] !== 'RS256') return { problem: 'the answer is not signed with RS256' };
  const input = Buffer.from(`${header}.${claims}`);
  const signatureBytes = Buffer.from(signature, 'base64url');
  if (!keys.some((key) => verify('sha256', input, key, signatureBytes))) {
    return { problem: "the answer's signature does not verify with the handler's public key" };
  }
  return readAnswer(parse(decode(claims)), requestId);
}

function readJsonAnswer({ status, body }: Reply, requestId: unknown): Verdict {
  if (status !== 200) return { problem: `status ${status}` };
  return readAnswer(parse(body), requestId);
}

function readAnswer(answer: Record<string, unknown> | undefined, requestId: unknown): Verdict {
  if (answer === undefined) return { problem: 'the answer is not a JSON object' };
  const { action, requestId: echoed, rejectionReason } = answer;
  const known = ACTIONS.find((candidate) => candidate === action);
  if (known === undefined) return { problem: 'the answer has no known action' };
  if (typeof echoed !== 'string' || echoed !== requestId) {
    return { problem: "the answer's requestId is not the request's" };
  }
  return {
    answer: {
      action: known,
      requestId: echoed,
      ...(typeof rejectionReason === 'string' && { rejectionReason }),
    },
  };
}

function decode(base64url: string): string {
  return Buffer.from(base64url, 'base64url').toString('utf8');
}

function parse(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
