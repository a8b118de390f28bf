// What is stored of a request that people decide about: JSON in the item of `heldKey`. Only the handler writes it.
import type { RecordPlace } from '../store/journal.js';

export interface HeldState {
  /** When it was first held, Unix time in ms. It decides when the hold expires. */
  readonly since: number;
  /** Names of the hold and of the rule, at the last try. */
  readonly hold: string;
  readonly rule: string;
  /** How often the Co-signer has asked, and when it did last, Unix time in ms. */
  readonly tries: number;
  readonly lastTry: number;
  /** Where the first record is, which contains the request. */
  readonly record: RecordPlace;
  /** The final answer. Absent while it waits. */
  readonly done?: { readonly action: string; readonly at: number };
}

/** Data of an item of `waitingKey`: what leads to the held request. */
export interface Waiting {
  readonly kind: 'transaction' | 'configuration';
  readonly requestId: string;
  readonly hash: string;
}

/** @throws {Error} if it is malformed */
export function readHeld(_data: string): HeldState {
  throw new Error('to be written by h/memory');
}

/** @throws {Error} if it is malformed */
export function readWaiting(_data: string): Waiting {
  throw new Error('to be written by h/memory');
}
