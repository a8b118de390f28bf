// Sources: the places outside the process that keys and the policy are read from.
import { BaseError } from '../protocol/error.js';

/** A value as stored, not yet checked. */
export interface StoredValue {
  /** Where it was looked for, as the operator knows it: a parameter's name, a file's path. */
  readonly name: string;
  /** The text stored there; `undefined` when there is nothing. */
  readonly value: string | undefined;
}

/** Values that are read together. @throws {SourceError} */
export type Source<Values> = () => Promise<Values>;

/** The source could not be read. */
export class SourceError extends BaseError<'SOURCE_UNREADABLE'> {
  /** Whether trying again may help: true for a network fault, false for a missing permission. */
  readonly transient: boolean;

  constructor(message: string, options: { transient: boolean; cause?: unknown }) {
    super('SOURCE_UNREADABLE', message, { cause: options.cause });
    this.transient = options.transient;
  }
}
