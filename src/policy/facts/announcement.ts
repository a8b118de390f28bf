// An announced transaction, as the customer's own systems store it: JSON.
import * as z from 'zod';
import { type FormProblem, problemsOf, UNTIL } from './form.js';
import { type Payment, PAYMENT_FIELDS, sumOf } from './payment.js';

/** A transaction that was announced under one of its two ids. */
export interface Announcement extends Payment {
  readonly externalTxId?: string | undefined;
  readonly txId?: string | undefined;
  /** Another transaction does not match from this time on. */
  readonly expires?: Date | undefined;
}

const id = z
  .string('must be a string')
  .min(1, 'must not be empty')
  .max(1000, 'must have at most 1000 characters');

/** The form of an announcement in JSON. */
export const announcementSchema = z
  .strictObject(
    { externalTxId: id.optional(), txId: id.optional(), ...PAYMENT_FIELDS, expires: UNTIL.optional() },
    'must be an object with the keys externalTxId or txId, asset, amount, destinations and, if it has one, expires',
  )
  .superRefine((announcement, context) => {
    const { externalTxId, txId, amount, destinations } = announcement;
    if ((externalTxId === undefined) === (txId === undefined)) {
      context.addIssue('must have one of the keys externalTxId and txId');
    }
    if (!sumOf(destinations).eq(amount)) {
      context.addIssue(
        `the destinations get ${sumOf(destinations).toFixed()}, but the amount is ${amount.toFixed()}`,
      );
    }
  });

/** The id that an announcement is stored under. */
export function idOf({ externalTxId, txId }: Announcement): string {
  return externalTxId ?? txId ?? '';
}

/** What is no announcement. */
export interface Malformed {
  readonly problems: readonly FormProblem[];
}

export function isAnnouncement(read: Announcement | Malformed | undefined): read is Announcement {
  return read !== undefined && !('problems' in read);
}

/** @returns the announcement, or all of its problems */
export function toAnnouncement(value: unknown): Announcement | Malformed {
  const { data, error } = announcementSchema.safeParse(value);
  return data ?? { problems: problemsOf(error) };
}

/** @param json as stored */
export function readAnnouncement(json: string): Announcement | Malformed {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { problems: [{ path: [], message: 'it is not JSON' }] };
  }
  return toAnnouncement(value);
}
