// Every way a request can be refused: the code a caller sees, its HTTP status and its message.
import { BaseError } from './error.js';

interface RefusalReply {
  /** HTTP status of the reply. */
  readonly status: number;
  /** What the caller is told. The same for every cause, so that a reply teaches an attacker nothing. */
  readonly message: string;
  /** `Retry-After` of the reply, in seconds. */
  readonly retryAfterSeconds?: number;
}

export const REFUSALS = {
  empty_body: { status: 400, message: 'The request has no body.' },
  malformed_request: {
    status: 400,
    message: 'The request must be a JSON object with a string "requestId", of the kind that the path is for.',
  },
  bad_request: { status: 400, message: 'The request could not be read.' },
  invalid_token: {
    status: 401,
    message: 'The body is not a valid token signed by a known Co-signer.',
  },
  not_found: { status: 404, message: 'There is nothing at this path.' },
  method_not_allowed: { status: 405, message: 'This path does not take this method.' },
  request_timeout: { status: 408, message: 'The request did not arrive in time.' },
  body_too_large: { status: 413, message: 'The body is over 1 MiB.' },
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

/** A request that gets an error reply and no signature. */
export class Refusal extends BaseError<RefusalCode> {
  /**
   * @param code what the caller is told
   * @param reason what the operator is told, in the log only; never text taken from an unverified request
   * @param cause the fault behind it, where there is one
   */
  constructor(code: RefusalCode, reason: string, cause?: unknown) {
    super(code, reason, { cause });
  }

  get reply(): RefusalReply {
    return REFUSALS[this.code];
  }
}
