// Refusals: all error replies, with the code that the client receives, the HTTP status and the message.
import { BaseError } from './error.js';

interface RefusalReply {
  /** HTTP status of the reply. */
  readonly status: number;
  /** The same for every cause, so that an attacker learns nothing from a reply. */
  readonly message: string;
  /** Value of the `Retry-After` header, in seconds. */
  readonly retryAfterSeconds?: number;
}

export const REFUSALS = {
  empty_body: { status: 400, message: 'The request has no body.' },
  malformed_request: {
    status: 400,
    message:
      'The request must be a JSON object with a string "requestId", of the kind that the path expects.',
  },
  bad_request: { status: 400, message: 'The request could not be read.' },
  invalid_token: {
    status: 401,
    message: 'The body is not a valid token signed by a known Co-signer.',
  },
  not_found: { status: 404, message: 'This path does not exist.' },
  method_not_allowed: { status: 405, message: 'This path does not support this method.' },
  request_timeout: { status: 408, message: 'The request did not arrive in time.' },
  body_too_large: { status: 413, message: 'The body is larger than 8 MiB.' },
  headers_too_large: { status: 431, message: 'The request headers are too large.' },
  internal_error: { status: 500, message: 'The request could not be answered.' },
  awaiting_cosigner_key: {
    status: 503,
    message: 'No Co-signer public key is known yet.',
    retryAfterSeconds: 5,
  },
  overloaded: {
    status: 503,
    message: 'The handler is overloaded.',
    retryAfterSeconds: 10,
  },
} as const satisfies Record<string, RefusalReply>;

export type RefusalCode = keyof typeof REFUSALS;

/** A request is answered with an error reply, without a signature. */
export class Refusal extends BaseError<RefusalCode> {
  /**
   * @param code sent to the client
   * @param reason logged for the operator; never contains text from an unverified request
   * @param cause the error behind it, if any
   */
  constructor(code: RefusalCode, reason: string, cause?: unknown) {
    super(code, reason, { cause });
  }

  get reply(): RefusalReply {
    return REFUSALS[this.code];
  }
}
