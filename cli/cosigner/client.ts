// The Co-signer's side of the protocol: sends requests to a handler and verifies the responses.
import { type KeyObject, verify } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { LONGEST_REQUEST_MS } from '../../src/timeouts.js';
import { ACTIONS, type Answer } from '../../src/protocol/decision.js';
import type { AnswerAlgorithm } from '../../src/protocol/key.js';
import type { Kind } from '../../src/protocol/request.js';
import { type Payload, signToken, type Tampering, tamperedToken } from './request.js';

export interface CosignerKeys {
  /** Signs requests. */
  readonly privateKey: KeyObject;
  /**
   * The handler's keys, any of which may have signed a response: RSA 2048 for RS256, EC P-256 for ES256. There is more
   * than one while the key is being rotated.
   */
  readonly callbackPublicKeys: readonly KeyObject[];
}

export interface CosignerOptions {
  /** Base URL of the handler, with or without a path. */
  readonly url: string;
  /** @default none, which means plain JSON in both directions (options 2 and 3) instead of JWTs */
  readonly keys?: CosignerKeys;
  /** The CA that must have issued the handler's certificate, PEM. @default the CAs that Node.js trusts */
  readonly ca?: string;
  /** Maximum number of connections. @default one for each concurrent request */
  readonly maxSockets?: number;
}

export interface Outcome {
  /** HTTP status; 0 if there was no response. */
  readonly status: number;
  /** Body of the response. */
  readonly body: string;
  /** The `Retry-After` header of a 503, in seconds. */
  readonly retryAfter?: string | undefined;
  readonly durationMs: number;
  /** The handler's answer, present only if it has been verified. */
  readonly answer?: Answer;
  /** The algorithm of a verified signature. */
  readonly algorithm?: AnswerAlgorithm;
  /** Why there is no verified response. */
  readonly problem?: string;
}

export interface Cosigner {
  /** URL that requests of this kind are sent to. */
  urlOf(kind: Kind): URL;
  /** Sends a request and verifies the response. @throws {Error} if there is no response */
  send(kind: Kind, payload: Payload, tampering?: Tampering): Promise<Outcome>;
  /** Closes all connections. */
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

    async send(kind, payload, tampering) {
      const body = encode(payload, keys, tampering);
      const startedAt = performance.now();
      const response = await post(client, agent, cosigner.urlOf(kind), body);
      const durationMs = performance.now() - startedAt;
      const verdict =
        keys === undefined
          ? readJsonAnswer(response, payload['requestId'])
          : readSignedAnswer(response, payload['requestId'], keys.callbackPublicKeys);
      return { ...response, ...verdict, durationMs };
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

interface HttpResponse {
  readonly status: number;
  readonly body: string;
  readonly retryAfter: string | undefined;
}

function post(
  client: typeof http | typeof https,
  agent: http.Agent,
  url: URL,
  body: string,
): Promise<HttpResponse> {
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
      request.destroy(new Error(`no response within ${LONGEST_REQUEST_MS / 1000} s`)),
    );
    request.on('error', reject);
    request.end(body);
  });
}

export type Verdict = Pick<Outcome, 'answer' | 'algorithm' | 'problem'>;

/** The only algorithm whose signatures this public key may verify. @returns `undefined` for a key of another kind */
export function algorithmFor({
  asymmetricKeyType,
  asymmetricKeyDetails,
}: KeyObject): AnswerAlgorithm | undefined {
  if (asymmetricKeyType === 'rsa' && asymmetricKeyDetails?.modulusLength === 2048) return 'RS256';
  if (asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256';
  return undefined;
}

/** Verifies that one of the keys signed the response, and that it answers this request. */
export function readSignedAnswer(
  { status, body }: Pick<HttpResponse, 'status' | 'body'>,
  requestId: unknown,
  keys: readonly KeyObject[],
): Verdict {
  if (status !== 200) return { problem: `status ${status}` };
  const [header = '', claims = '', signature = '', ...more] = body.split('.');
  if (signature === '' || more.length > 0) return { problem: 'the response is not a signed token' };
  const algorithms = [...new Set(keys.map(algorithmFor))];
  const named = parse(decode(header))?.['alg'];
  const algorithm = algorithms.find((candidate) => candidate === named);
  if (algorithm === undefined) {
    const actual = named === 'RS256' || named === 'ES256' ? named : 'another algorithm';
    return {
      problem: `the response is signed with ${actual}, but the handler's public key is for ${algorithms.join(' or ')}`,
    };
  }
  const input = Buffer.from(`${header}.${claims}`);
  const signatureBytes = Buffer.from(signature, 'base64url');
  // Node.js ignores dsaEncoding for RSA keys.
  const verifies = (key: KeyObject): boolean =>
    verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, signatureBytes);
  if (!keys.some((key) => algorithmFor(key) === algorithm && verifies(key))) {
    return { problem: "the response's signature does not match the handler's public key" };
  }
  return { ...readAnswer(parse(decode(claims)), requestId), algorithm };
}

function readJsonAnswer({ status, body }: HttpResponse, requestId: unknown): Verdict {
  if (status !== 200) return { problem: `status ${status}` };
  return readAnswer(parse(body), requestId);
}

function readAnswer(answer: Record<string, unknown> | undefined, requestId: unknown): Verdict {
  if (answer === undefined) return { problem: 'the response is not a JSON object' };
  const { action, requestId: echoed, rejectionReason } = answer;
  const known = ACTIONS.find((candidate) => candidate === action);
  if (known === undefined) return { problem: 'the response has no known action' };
  if (typeof echoed !== 'string' || echoed !== requestId) {
    return { problem: "the response's requestId differs from the request's" };
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
