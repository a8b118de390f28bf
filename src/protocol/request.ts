// The request object the Co-signer sends, once verified: which kind it is, and what can be relied upon in it.
import { Refusal } from './refusal.js';

/** What is asked about: a transaction (its approval or its signing), or a change of the workspace's configuration. */
export type Kind = 'transaction' | 'configuration';

export interface CallbackRequest {
  readonly kind: Kind;
  readonly requestId: string;
  /** The request object as sent, unknown fields included. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/**
 * Checks a verified payload. Only `requestId` is promised: any other field may be missing, and unknown ones will appear.
 * @param kind the kind that the route stands for; left out, the payload tells
 * @throws {Refusal} `malformed_request`, also when the payload is of the other kind: the path is not signed, so a
 *   transaction must not be decided as a configuration change because somebody sent it there
 */
export function parseRequest(payload: unknown, kind?: Kind): CallbackRequest {
  const requestId = isObject(payload) ? payload['requestId'] : undefined;
  if (!isObject(payload) || typeof requestId !== 'string' || requestId === '') {
    throw new Refusal('malformed_request', 'not a JSON object with a string "requestId"');
  }
  const told = kindOf(payload);
  if (kind !== undefined && told !== undefined && told !== kind) {
    throw new Refusal('malformed_request', `a ${told} request on the path of ${kind} requests`);
  }
  return { kind: kind ?? told ?? 'transaction', requestId, payload };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `type` without `operation` and `txId` is a configuration change; without any of them there is no telling. */
function kindOf(payload: Readonly<Record<string, unknown>>): Kind | undefined {
  if (payload['operation'] !== undefined || payload['txId'] !== undefined) return 'transaction';
  return payload['type'] === undefined ? undefined : 'configuration';
}

/**
 * Whether the Co-signer asks to sign rather than to approve. One route carries both; `fee` and
 * `destinations[].displayDstAddress` come with signing requests only.
 */
export function isSigning({ kind, payload }: CallbackRequest): boolean {
  if (kind !== 'transaction') return false;
  const { fee, destinations } = payload;
  if (fee !== undefined) return true;
  return (
    Array.isArray(destinations) &&
    destinations.some(
      (destination: unknown) =>
        typeof destination === 'object' && destination !== null && 'displayDstAddress' in destination,
    )
  );
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Parses what a request says: the claims of a verified token, or the body in JSON mode.
 * @throws {Refusal} `malformed_request`
 */
export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(body));
  } catch {
    throw new Refusal('malformed_request', 'not JSON in UTF-8');
  }
}
