// What is stored of a request that people decide about: JSON in the item of `heldKey`. Only the handler writes it.
import * as z from 'zod';
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

const HELD = z.strictObject({
  since: z.int(),
  hold: z.string(),
  rule: z.string(),
  tries: z.int(),
  lastTry: z.int(),
  record: z.strictObject({ writer: z.string(), sequence: z.int() }),
  done: z.strictObject({ action: z.string(), at: z.int() }).optional(),
});

const WAITING = z.strictObject({
  kind: z.enum(['transaction', 'configuration']),
  requestId: z.string(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});

/** @throws {Error} if it is malformed */
export function readHeld(data: string): HeldState {
  const { done, ...held } = HELD.parse(JSON.parse(data));
  return done === undefined ? held : { ...held, done };
}

/** @throws {Error} if it is malformed */
export function readWaiting(data: string): Waiting {
  return WAITING.parse(JSON.parse(data));
}
