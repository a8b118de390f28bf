// Final answers as they are stored, with a MAC: whoever can write the table can't plant an answer.
import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import { ACTIONS, type Action } from '../protocol/decision.js';
import type { Kind } from '../protocol/request.js';
import type { RecordPlace } from '../store/journal.js';

/** RETRY is not final: the Co-signer asks again, and the request is decided anew. */
export type FinalAction = Exclude<Action, 'RETRY'>;

export function isFinal(action: Action): action is FinalAction {
  return action !== 'RETRY';
}

export interface FinalAnswer {
  readonly action: FinalAction;
  /** The body that was sent. */
  readonly answer: string;
  /** What the body is: a compact JWT, or JSON in JSON mode. */
  readonly auth: 'jwt' | 'json';
}

/** Whose answer it is. */
export interface AnswerContext {
  readonly kind: Kind;
  readonly requestId: string;
  /** `approval` or `signing` */
  readonly stage: string;
  /** See `contentHash`. */
  readonly content: string;
}

export type StoredAnswer = FinalAnswer & { readonly record: RecordPlace };

/** As JSON, this is the data of an answer's item. */
const STORED = z.strictObject({
  action: z.enum(ACTIONS.filter(isFinal)),
  answer: z.string(),
  auth: z.enum(['jwt', 'json']),
  mac: z.string(),
  record: z.strictObject({ writer: z.string(), sequence: z.int() }),
});

export function storedAnswerToData(
  { action, answer, auth }: FinalAnswer,
  context: AnswerContext,
  { writer, sequence }: RecordPlace,
  macKey: KeyObject,
): string {
  const stored: StoredAnswer = { action, answer, auth, record: { writer, sequence } };
  const mac = macOf(stored, context, macKey);
  return JSON.stringify({ action, answer, auth, mac, record: stored.record });
}

/**
 * Reads a stored answer. One that does not verify must be treated as absent, and logged: the request is then decided
 * anew. After the callback key was rotated, this is so for all answers that were made before.
 */
export function readStoredAnswer(
  data: string,
  context: AnswerContext,
  macKey: KeyObject,
): StoredAnswer | { readonly problem: string } {
  const stored = parse(data);
  if (stored === undefined) return { problem: 'the stored answer is malformed' };
  const { action, answer, auth, record } = stored;
  const mac = Buffer.from(stored.mac);
  const expected = Buffer.from(macOf({ action, answer, auth, record }, context, macKey));
  if (mac.length !== expected.length || !timingSafeEqual(mac, expected)) {
    return { problem: 'the stored answer was not made with the callback key in use, or it was altered' };
  }
  return { action, answer, auth, record };
}

function parse(data: string): z.infer<typeof STORED> | undefined {
  try {
    return STORED.safeParse(JSON.parse(data)).data;
  } catch {
    return undefined;
  }
}

function macOf(stored: StoredAnswer, context: AnswerContext, macKey: KeyObject): string {
  const { action, answer, auth, record } = stored;
  const { kind, requestId, stage, content } = context;
  // A list in JSON, so that no two of them are the same text.
  const text = JSON.stringify([
    ...[kind, requestId, stage, content],
    ...[action, answer, auth, record.writer, record.sequence],
  ]);
  return createHmac('sha256', macKey).update(text).digest('base64url');
}

const LABEL = 'fireblocks-callback-handler: MAC of stored answers, version 1';
const KEY_BYTES = 32;

/** Deriving one takes 17 µs, in a request of 150 µs with ES256. */
const macKeys = new WeakMap<KeyObject, KeyObject>();

/**
 * Derives the key for stored answers from the callback's private key, with HKDF: all tasks have it, and nobody else. No
 * secret of its own must be stored and rotated, and the label keeps it apart from everything else that the key is for.
 * @param privateKey RSA or EC
 */
export function macKeyFrom(privateKey: KeyObject): KeyObject {
  const known = macKeys.get(privateKey);
  if (known !== undefined) return known;
  // The private number alone is the same with every version of OpenSSL; an encoding of the whole key may differ.
  const secret = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
  if (secret.length < KEY_BYTES) throw new TypeError('not the private key of a callback handler');
  // A KeyObject, because Node.js 24 takes 15 µs to find out that a buffer is none.
  const key = createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', LABEL, KEY_BYTES)));
  macKeys.set(privateKey, key);
  return key;
}
