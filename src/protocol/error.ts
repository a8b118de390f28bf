// The base class of every error that this project throws on purpose.

/**
 * An expected failure. Callers switch on `code`, never on the message; the message says what happened and what to do,
 * and never holds a secret.
 */
export abstract class BaseError<Code extends string = string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The `code` of an error, from this project, Node.js (such as `ENOENT`) or a library. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
