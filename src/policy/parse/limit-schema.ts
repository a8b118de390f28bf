// The schema of one limit of a policy.
import * as z from 'zod';
import { isTimeZone } from '../language/time-zone.js';
import { CALENDARS } from '../limits/calendar-period.js';
import { eitherOf, isAmount, must, oneOf } from './demands.js';

/** Maximum number of limits: a decision writes their counters together, and DynamoDB writes at most 100 items together. */
export const MAX_LIMITS = 32;
/** Maximum number of values that make up the key of a counter. */
const MAX_PER = 8;
/** Maximum number of entries of a table of `max`. */
const MAX_ENTRIES = 5000;
/** Maximum length of an expression, in characters. */
export const MAX_EXPRESSION = 20_000;

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const MAX_WINDOW_MS = 400 * 86_400_000;

/** @returns ms; `undefined` unless it is a duration from 1m to 400d */
export function parseWindow(text: string): number | undefined {
  const [, digits = '', unit = ''] = /^([1-9]\d{0,5})([mhd])$/.exec(text) ?? [];
  const ms = Number(digits) * (UNITS_MS[unit] ?? Number.NaN);
  return ms <= MAX_WINDOW_MS ? ms : undefined;
}

const expression = z
  .string(must('be an expression'))
  .min(1, 'must not be empty')
  .max(MAX_EXPRESSION, `must have at most ${MAX_EXPRESSION} characters`);

const amount = z
  .string(must('be a decimal number, or a table of them by key'))
  .refine(isAmount, 'must be a decimal number such as 250000, without separators');

export const limitSchema = z
  .strictObject(
    {
      when: expression.optional(),
      amount: expression.optional(),
      per: z
        .array(expression, must('be a list of facts, such as [tx.sourceId, tx.asset]'))
        .max(MAX_PER, `must be at most ${MAX_PER} facts`)
        .optional(),
      window: z
        .string(must('be a duration'))
        .refine((text) => parseWindow(text) !== undefined, 'must be a duration from 1m to 400d, such as 24h')
        .optional(),
      calendar: oneOf(CALENDARS).optional(),
      zone: z
        .string(must('be a time zone'))
        .refine(isTimeZone, 'must be a time zone such as Europe/Berlin or UTC')
        .optional(),
      max: eitherOf(
        (max) => typeof max === 'object' && max !== null && !Array.isArray(max),
        z
          .record(z.string(), amount)
          .refine(
            (entries) => Object.keys(entries).length <= MAX_ENTRIES,
            `must be at most ${MAX_ENTRIES} entries`,
          ),
        amount,
      ),
      over: oneOf(['reject', 'retry']).default('reject'),
    },
    must('be a limit, with the keys when, amount, per, window, calendar, zone, max and over'),
  )
  .superRefine(({ window, calendar, zone }, context) => {
    const refuse = (key: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [key], message });
    if (window === undefined && calendar === undefined) {
      refuse('window', 'is missing; it must be a duration such as 24h, or write calendar: day and a zone');
    }
    if (window !== undefined && calendar !== undefined) {
      refuse('calendar', 'must not be there beside window: a limit has one of the two');
    }
    if (calendar !== undefined && zone === undefined) {
      refuse('zone', 'is missing; it must be the time zone of the calendar, such as Europe/Berlin or UTC');
    }
    if (calendar === undefined && zone !== undefined) refuse('zone', 'must only be there beside calendar');
  });

export type LimitData = Omit<z.output<typeof limitSchema>, 'max'> & { readonly max: unknown };
