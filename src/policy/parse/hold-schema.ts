// The schema of what a policy says about people: approvers, viewers, holds and the Co-signer's retries.
import * as z from 'zod';
import { must, oneOf, orEmpty } from './demands.js';

/** Maximum number of approvers: a decision checks what each of them has stored, and DynamoDB writes at most 100 items together. */
export const MAX_APPROVERS = 40;
/** Maximum number of viewers. */
const MAX_VIEWERS = 500;
/** Maximum number of passkeys of a person. */
const MAX_PASSKEYS = 10;
/** Maximum length of a passkey, in characters: one with an RSA key of 4,096 bits has 1,000. */
const MAX_PASSKEY = 3000;
/** Maximum number of holds. */
const MAX_HOLDS = 100;

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

/** @returns ms; `undefined` unless it is a whole number of seconds, minutes or hours, such as 30s, 50m or 2h */
export function parseDuration(text: string): number | undefined {
  const [, digits = '', unit = ''] = /^([1-9]\d{0,5})([smh])$/.exec(text) ?? [];
  const ms = Number(digits) * (UNITS_MS[unit] ?? Number.NaN);
  return Number.isNaN(ms) ? undefined : ms;
}

/** A duration from one to another, both included; the output is ms. */
function duration(least: string, most: string, example: string) {
  const [min = 0, max = 0] = [parseDuration(least), parseDuration(most)];
  const demand = `must be a duration from ${least} to ${most}, such as ${example}`;
  return z.string(must('be a duration')).transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms >= min && ms <= max) return ms;
    context.addIssue(demand);
    return z.NEVER;
  });
}

const personKey = z.string(must('be the name of an approver')).min(1, 'must not be empty');

export const personSchema = z.strictObject(
  {
    name: z
      .string(must('be the name of a person'))
      .min(1, 'must not be empty')
      .max(100, 'must have at most 100 characters')
      .refine((name) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name), 'must have no control characters'),
    passkeys: orEmpty(
      [],
      z
        .array(
          z
            .string(must('be a passkey, as the console’s page /enrol shows it'))
            .max(MAX_PASSKEY, `must have at most ${MAX_PASSKEY} characters`),
          must('be a list of passkeys, as the console’s page /enrol shows them'),
        )
        .max(MAX_PASSKEYS, `must be at most ${MAX_PASSKEYS} passkeys`),
    ),
  },
  must('have the keys name and passkeys'),
);

export const holdSchema = z.strictObject(
  {
    of: z
      .array(personKey, must('be a list of approvers, such as [alice, bob]'))
      .min(1, 'must name at least one approver'),
    quorum: z
      .string(must('be a whole number: how many of them must approve'))
      .regex(/^[1-9]\d?$/, 'must be a whole number from 1: how many of them must approve'),
    expires: z.preprocess((value) => value ?? '50m', duration('1m', '48h', '50m')),
    onExpiry: oneOf(['reject', 'retry']).default('reject'),
    notInitiator: z
      .union([personKey.transform((key) => [key]), z.array(personKey)], {
        error: 'must be an approver, or a list of approvers such as [alice, bob]',
      })
      .default([]),
  },
  must('be a hold, with the keys of, quorum, expires, onExpiry and notInitiator'),
);

export const retriesSchema = z.strictObject(
  {
    every: z.preprocess((value) => value ?? '3m', duration('30s', '1h', '3m')),
    for: z.preprocess((value) => value ?? '60m', duration('1m', '48h', '60m')),
  },
  must('have the keys every and for'),
);

function people(max: number, what: string) {
  const schema = z.record(z.string(), personSchema, must(`contain ${what}, each with a key such as alice`));
  return orEmpty({}, limited(schema, max, what));
}

function limited<Schema extends z.ZodRecord>(schema: Schema, max: number, what: string) {
  return schema.refine((entries) => Object.keys(entries).length <= max, `must be at most ${max} ${what}`);
}

/** The parts of a policy's schema. */
export const PEOPLE_PARTS = {
  approvers: people(MAX_APPROVERS, 'approvers'),
  viewers: people(MAX_VIEWERS, 'viewers'),
  holds: orEmpty(
    {},
    limited(z.record(z.string(), holdSchema, must('contain holds, each with a name')), MAX_HOLDS, 'holds'),
  ),
  retries: orEmpty({}, retriesSchema),
};
