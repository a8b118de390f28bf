// Where keys come from: what every source offers, and how it says that it could not.

/** A value as stored, not yet checked. */
export interface StoredValue {
  /** Where it was looked for, as the operator knows it: a parameter's name, a file's path. */
  readonly name: string;
  /** The text stored there; `undefined` when there is nothing. */
  readonly value: string | undefined;
}

export interface StoredKeys {
  readonly callbackPrivateKey: StoredValue;
  readonly cosignerPublicKeys: StoredValue;
}

export interface KeySource {
  /**
   * Reads both keys anew.
   * @throws {KeySourceError}
   */
  read(): Promise<StoredKeys>;
}

/** The source could not be read. */
export class KeySourceError extends Error {
  /** Whether trying again may help: true for a network fault, false for a missing permission. */
  readonly transient: boolean;

  constructor(message: string, options: { transient: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'KeySourceError';
    this.transient = options.transient;
  }
}
