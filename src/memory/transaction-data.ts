// The remembered state of a transaction or a configuration change, as it is stored: JSON.
import * as z from 'zod';
import { VERDICTS } from '../approvals/statement.js';
import type { Essentials } from '../chain/essentials.js';
import { BaseError } from '../protocol/error.js';
import { NOTHING_APPROVED, type SubjectState } from './transaction.js';

/** What is stored is not what this version writes. Nothing may be approved on it. */
export class SubjectDataError extends BaseError<'SUBJECT_DATA_MALFORMED'> {
  constructor(cause: unknown) {
    super(
      'SUBJECT_DATA_MALFORMED',
      'What is stored of this transaction can’t be read: it was altered, or a newer version of the handler wrote it',
      { cause },
    );
  }
}

const text = z.string().optional();

const ESSENTIALS = z.strictObject({
  operation: text,
  asset: text,
  sourceType: text,
  sourceId: text,
  destAddress: text,
  destinations: z
    .array(z.strictObject({ address: text, tag: text, type: text, id: text, amount: text }))
    .optional(),
  amount: text,
  requestedAmount: text,
  callData: text,
  programCall: text,
  psbt: text,
  messages: text,
  messageTypes: text,
  type: text,
  extraInfo: text,
  chain: text,
  fee: text,
} satisfies Record<keyof Essentials, z.ZodType>);

const SHARE = z.strictObject({
  limit: z.string(),
  key: z.string(),
  amount: z.string().regex(/^\d+(?:\.\d+)?$/),
  from: z.number(),
  to: z.number(),
});

/** A decision of a person that was counted. */
export const VOTE = z.strictObject({
  approver: z.string(),
  verdict: z.enum(VERDICTS),
  credentialId: z.string(),
  reason: text,
});

const HELD = z.strictObject({ hold: z.string(), votes: z.array(VOTE) });

const STATE = z.strictObject({
  entries: z.array(
    z.strictObject({
      id: z.string(),
      approvedAs: text,
      signedAs: text,
      essentials: ESSENTIALS,
      shares: z.array(SHARE),
      at: z.number(),
      held: HELD.optional(),
    }),
  ),
});

/** @param data `undefined` if nothing is stored @throws {SubjectDataError} */
export function subjectFromData(data: string | undefined): SubjectState {
  if (data === undefined) return NOTHING_APPROVED;
  try {
    return STATE.parse(JSON.parse(data));
  } catch (error) {
    throw new SubjectDataError(error);
  }
}

export function subjectToData(state: SubjectState): string {
  return JSON.stringify(state);
}
