// `tx.initiator`: who initiated a transaction, proven by a signature in its `extraParameters`. The fields are those of
// Fireblocks' sample handler with plugins: `message` is what is signed, `extraSignature` the signature. Here the message
// says what the transaction is, so that it proves nothing about any other.
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import * as z from 'zod';
import type { Catalog } from '../../chain/catalog.js';
import { parseAmount } from '../../protocol/decimal.js';
import { verifySignature } from '../../protocol/initiator-key.js';
import {
  type CallbackRequest,
  DEFAULT_OPERATION,
  isObject,
  present,
  presentAddress,
} from '../../protocol/request.js';
import { type FactDefinition, FactError, type Payload } from './fact.js';
import { describeProblem, problemsOf, UNTIL } from './form.js';
import { PAYMENT_FIELDS, pays } from './payment.js';
import type { Initiators, Subject } from './subject.js';

/** Maximum length of a message, in characters. */
const MAX_LENGTH = 200_000;

const text = (what: string) => z.string(`must be ${what}`).min(1, 'must not be empty');

/** What an initiator signs. */
const messageSchema = z.strictObject({
  initiator: text('a name'),
  externalTxId: text('a string'),
  expires: UNTIL,
  operation: text('an operation'),
  source: z.strictObject({ type: text('a type such as VAULT'), id: text('an id') }),
  asset: PAYMENT_FIELDS.asset.optional(),
  amount: PAYMENT_FIELDS.amount.optional(),
  destinations: PAYMENT_FIELDS.destinations.optional(),
  extraParameters: z.record(z.string(), z.unknown(), 'must be an object').optional(),
});

type Message = z.output<typeof messageSchema>;

interface Proof {
  readonly initiator: string;
  readonly expires: Date;
  /** SHA-256 of the message: the same for every signature of it, and every spelling of one. */
  readonly id: string;
}

interface Context {
  readonly initiators?: Initiators;
  readonly catalog: Catalog;
}

/**
 * @returns the id of the proof in a request, for the first approval to use it up; `undefined` unless it is a proof of
 *   this very transaction, so that nobody can use up the proof of another one
 */
export function proofOf(context: Context, request: CallbackRequest): string | undefined {
  const proof = readProof(context, request);
  return proof === undefined || 'problem' in proof ? undefined : proof.id;
}

/** Absent without a proof. */
export const initiatorFact: FactDefinition<Subject> = {
  type: 'string',
  fields: [],
  read(subject, name) {
    const { request, memory, now } = subject;
    const refuse = (problem: string): never => {
      throw new FactError(`${name} can’t be known: ${problem}`);
    };
    const proof = readProof(subject, request);
    if (proof === undefined) return undefined;
    if ('problem' in proof) return refuse(proof.problem);
    if (memory === undefined) return refuse('whether the proof was used is not known without a store');
    const { proofUsedBy, subject: id } = memory;
    if (proofUsedBy !== undefined && proofUsedBy !== id) return refuse('another transaction used the proof');
    if (proofUsedBy === undefined && now >= proof.expires) return refuse('the proof has expired');
    return proof.initiator;
  },
};

/** @returns `undefined` without a proof, or if the policy names no initiators */
function readProof(
  { initiators, catalog }: Context,
  request: CallbackRequest,
): Proof | { readonly problem: string } | undefined {
  const { extraParameters } = request.payload;
  if (initiators === undefined || initiators.size === 0 || !isObject(extraParameters)) return undefined;
  if (request.kind !== 'transaction') return undefined;
  const signature = present(extraParameters['extraSignature']);
  if (signature === undefined) return undefined;
  const written = extraParameters['message'];
  if (typeof written !== 'string') return { problem: 'extraParameters.message is missing' };
  const message = readMessage(written);
  if ('problem' in message) return message;
  const { initiator, expires } = message;
  const key = initiators.get(initiator);
  if (key === undefined) return { problem: 'the policy does not name the initiator' };
  if (typeof signature !== 'string' || !verifySignature(key, Buffer.from(written), signature)) {
    return { problem: 'the signature is not the initiator’s signature of the message' };
  }
  const difference =
    differenceFrom(message, request, catalog) ??
    (isSameCall(message, extraParameters) ? undefined : 'call: extraParameters differ');
  if (difference !== undefined) return { problem: `the message is about another ${difference}` };
  return { initiator, expires, id: createHash('sha256').update(written).digest('hex') };
}

/** A message has one spelling only (RFC 8785), without duplicate keys. */
function readMessage(message: string): Message | { readonly problem: string } {
  const notCanonical = { problem: 'the message is not canonical JSON (RFC 8785)' };
  if (message.length > MAX_LENGTH) return { problem: 'the message is too long' };
  let value: unknown;
  try {
    value = JSON.parse(message);
    if (canonicalize(value) !== message) return notCanonical;
  } catch {
    return notCanonical;
  }
  const { data, error } = messageSchema.safeParse(value);
  const [problem] = problemsOf(error).map(describeProblem);
  return data ?? { problem: `the message is malformed: ${problem ?? ''}` };
}

/** @returns what differs between a message and a request: nothing that is signed may */
function differenceFrom(message: Message, request: CallbackRequest, catalog: Catalog): string | undefined {
  const { payload } = request;
  if (payload['externalTxId'] !== message.externalTxId) return 'externalTxId';
  if ((present(payload['operation']) ?? DEFAULT_OPERATION) !== message.operation) return 'operation';
  if (payload['sourceType'] !== message.source.type) return 'type of source';
  if (payload['sourceId'] !== message.source.id) return 'source';
  if (present(payload['asset']) !== message.asset) return 'asset';
  return isPaid(message, request, catalog) ? undefined : 'amount, or other destinations';
}

/** Without an amount and destinations, a message is about a request that displays none, and so is no transfer. */
function isPaid(message: Message, request: CallbackRequest, catalog: Catalog): boolean {
  const { operation, asset, amount, destinations } = message;
  if (asset !== undefined && amount !== undefined && destinations !== undefined) {
    return pays(request, { asset, amount, destinations }, catalog);
  }
  const { payload } = request;
  const { amountStr, requestedAmountStr, destAddress } = payload;
  return (
    operation !== DEFAULT_OPERATION &&
    amount === undefined &&
    destinations === undefined &&
    [amountStr, requestedAmountStr].map(present).every((value) => value === undefined || isZero(value)) &&
    presentAddress(destAddress) === undefined &&
    isEmpty(payload['destinations'])
  );
}

function isZero(value: unknown): boolean {
  return typeof value === 'string' && parseAmount(value)?.isZero() === true;
}

function isEmpty(destinations: unknown): boolean {
  return present(destinations) === undefined || (Array.isArray(destinations) && destinations.length === 0);
}

/** Whether all other fields of `extraParameters`, which may say what is called, are those that were signed. */
function isSameCall({ extraParameters: signed = {} }: Message, sent: Payload): boolean {
  const others = { ...sent, message: undefined, extraSignature: undefined };
  try {
    return canonicalize(withoutAbsent(others)) === canonicalize(withoutAbsent(signed));
  } catch {
    // Nested too deeply.
    return false;
  }
}

function withoutAbsent(object: Payload): Payload {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => present(value) !== undefined));
}
