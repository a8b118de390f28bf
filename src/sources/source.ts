// What is kept outside of the process, and read again and again: keys and the policy.

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
export class SourceError extends Error {
  /** Whether trying again may help: true for a network fault, false for a missing permission. */
  readonly transient: boolean;

  constructor(message: string, options: { transient: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'SourceError';
    this.transient = options.transient;
  }
}
