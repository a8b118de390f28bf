// The error for keys that can't be used.
import { BaseError } from './error.js';

export type KeyErrorCode =
  | 'KEY_EMPTY'
  | 'KEY_NOT_PEM'
  | 'KEY_IS_PUBLIC'
  | 'KEY_IS_PRIVATE'
  | 'KEY_ENCRYPTED'
  | 'KEY_NOT_ALONE'
  | 'KEY_UNREADABLE'
  | 'KEY_NOT_RSA'
  | 'KEY_WRONG_TYPE'
  | 'KEY_WRONG_SIZE'
  | 'KEY_WEAK_EXPONENT'
  | 'KEY_ON_BOTH_SIDES';

/** A key can't be used. The message says why and what to store instead; it never contains key material. */
export class KeyError extends BaseError<KeyErrorCode> {}
