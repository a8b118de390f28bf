// Counters and shares as JSON. Reading is strict: what is malformed must cost a RETRY, never count as nothing.
import * as z from 'zod';
import { Decimal } from '../../protocol/decimal.js';
import { BaseError } from '../../protocol/error.js';
import type { Counter, Share } from './counter.js';

/** What is stored of a counter is not of the form that this version writes. */
export class CounterError extends BaseError<'COUNTER_INVALID'> {
  constructor(what: string) {
    super('COUNTER_INVALID', `what is stored of ${what} can't be read`);
  }
}

/** Decimals are text: no number of JSON or DynamoDB has enough digits. Without exponents, as `toFixed` writes them. */
const decimal = z
  .string()
  .max(2100)
  .regex(/^\d+(?:\.\d+)?$/);
const time = z.int();

/** `[from, to, sum]` for each bucket. */
const counterSchema = z.strictObject({
  buckets: z.array(z.tuple([time, time, decimal]).refine(([from, to]) => from < to)).max(100_000),
});

const sharesSchema = z.array(
  z
    .strictObject({ limit: z.string(), key: z.string(), amount: decimal, from: time, to: time })
    .refine(({ from, to }) => from < to),
);

export type CounterJson = z.output<typeof counterSchema>;

export function counterToJson({ buckets }: Counter): CounterJson {
  return { buckets: buckets.map(({ from, to, sum }) => [from, to, sum.toFixed()]) };
}

/** @throws {CounterError} */
export function counterFromJson(json: unknown): Counter {
  const { data } = counterSchema.safeParse(json);
  if (data === undefined) throw new CounterError('a counter');
  return { buckets: data.buckets.map(([from, to, sum]) => ({ from, to, sum: new Decimal(sum) })) };
}

/** @throws {CounterError} */
export function sharesFromJson(json: unknown): readonly Share[] {
  const { data } = sharesSchema.safeParse(json);
  if (data === undefined) throw new CounterError('a transaction’s shares');
  return data;
}
