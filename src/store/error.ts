// What goes wrong with the store.
import { BaseError } from '../protocol/error.js';

/** The store did not do what was asked: it can't be reached, is too slow, refuses, or throttles. */
export class StoreError extends BaseError<'STORE_FAILED'> {
  /** Whether a write may have been done nevertheless. */
  readonly mayBeWritten: boolean;
  /** Whether the store asks for fewer requests. */
  readonly throttled: boolean;

  constructor(message: string, options: ErrorOptions & { mayBeWritten?: boolean; throttled?: boolean } = {}) {
    super('STORE_FAILED', message, options);
    this.mayBeWritten = options.mayBeWritten ?? false;
    this.throttled = options.throttled ?? false;
  }
}
