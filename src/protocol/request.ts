// The request object the Co-signer sends, once verified: which kind it is, and what can be relied upon in it.
import * as z from 'zod';
import { Refusal } from './refusal.js';

/** What is asked about: a transaction (its approval or its signing), or a change of the workspace's configuration. */
export type Kind = 'transaction' | 'configuration';

/** Only `requestId` is promised: any other field may be missing, and unknown ones will appear. */
const requestObject = z.looseObject({ requestId: z.string().min(1) });

export interface CallbackRequest {
  readonly kind: Kind;
  readonly requestId: string;
  /** The request object as sent, unknown fields included. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/**
 * Checks a verified payload.
 * @param kind the kind that the route stands for; left out, the payload tells
 * @throws {Refusal} `malformed_request`, also when the payload is of the other kind: the path is not signed, so a
 *   transaction must not be decided as a configuration change because somebody sent it there
 */
export function parseRequest(payload: unknown, kind?: Kind): CallbackRequest {
  const parsed = requestObject.safeParse(payload);
  if (!parsed.success) {
    throw new Refusal('malformed_request', 'not a JSON object with a string "requestId"');
  }
  const { data } = parsed;
  const told = kindOf(data);
  if (kind !== undefined && told !== undefined && told !== kind) {
    throw new Refusal('malformed_request', `a ${told} request on the path of ${kind} requests`);
  }
  return { kind: kind ?? told ?? 'transaction', requestId: data.requestId, payload: data };
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

/**
 * Parses a JSON body (options 2 and 3, where requests are plain JSON).
 * @throws {Refusal} `malformed_request`
 */
export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new Refusal('malformed_request', 'not JSON in UTF-8');
  }
}
