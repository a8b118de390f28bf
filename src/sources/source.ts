// Sources: where keys and the policy are read from.
import { BaseError } from '../protocol/error.js';

/** A value as stored, before any check. */
export interface StoredValue {
  /** Where the value is stored: a parameter name or a file path. */
  readonly name: string;
  /** `undefined` if nothing is stored there. */
  readonly value: string | undefined;
}

/** Reads values that belong together. @throws {SourceError} */
export type Source<Values> = () => Promise<Values>;

/** The source could not be read. */
export class SourceError extends BaseError<'SOURCE_UNREADABLE'> {
  /** Whether a retry may succeed: true for a network error, false for a missing permission. */
  readonly transient: boolean;

  constructor(message: string, options: { transient: boolean; cause?: unknown }) {
    super('SOURCE_UNREADABLE', message, { cause: options.cause });
    this.transient = options.transient;
  }
}
