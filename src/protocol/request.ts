// The request object that the Co-signer sends: its kind and its only guaranteed field.
import { isAscii } from 'node:buffer';
import { Refusal } from './refusal.js';

/** A transaction to approve or sign, or a change to the workspace's configuration. */
export type Kind = 'transaction' | 'configuration';

export interface CallbackRequest {
  readonly kind: Kind;
  readonly requestId: string;
  /** The request object as sent, including unknown fields. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/**
 * Checks a verified payload. Only `requestId` is guaranteed: any other field may be missing, and unknown fields may
 * appear.
 * @param kind the kind of request that the path is for; by default the kind that the payload indicates
 * @throws {Refusal} `malformed_request`, including when the payload is of the other kind. The path is not signed, so a
 *   transaction sent to the configuration-change path must not be evaluated as a configuration change.
 */
export function parseRequest(payload: unknown, kind?: Kind): CallbackRequest {
  const requestId = isObject(payload) ? payload['requestId'] : undefined;
  if (!isObject(payload) || typeof requestId !== 'string' || requestId === '') {
    throw new Refusal('malformed_request', 'not a JSON object with a string "requestId"');
  }
  const indicated = kindOf(payload);
  if (kind !== undefined && indicated !== undefined && indicated !== kind) {
    throw new Refusal('malformed_request', `a ${indicated} request on the path for ${kind} requests`);
  }
  return { kind: kind ?? indicated ?? 'transaction', requestId, payload };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A `type` without `operation` and `txId` indicates a configuration change; without all three, the kind is unknown. */
function kindOf(payload: Readonly<Record<string, unknown>>): Kind | undefined {
  if (payload['operation'] !== undefined || payload['txId'] !== undefined) return 'transaction';
  return payload['type'] === undefined ? undefined : 'configuration';
}

/**
 * Whether the Co-signer requests a signature rather than an approval. Both arrive on the same path; only signing
 * requests have `fee` or `destinations[].displayDstAddress`.
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
 * Parses the claims of a verified token, or the body in JSON mode.
 * @throws {Refusal} `malformed_request`
 */
export function parseJson(body: Buffer): unknown {
  try {
    // Decoding ASCII as UTF-8 takes several times longer.
    return JSON.parse(isAscii(body) ? body.toString('latin1') : utf8.decode(body));
  } catch {
    throw new Refusal('malformed_request', 'not UTF-8-encoded JSON');
  }
}
