// Counters and shares as JSON. Reading is strict: what is malformed must cost a RETRY, never count as nothing.
import { Decimal } from '../../protocol/decimal.js';
import { BaseError } from '../../protocol/error.js';
import { isObject } from '../../protocol/request.js';
import type { Bucket, Counter, Share } from './counter.js';

/** What is stored of a counter is not of the form that this version writes. */
export class CounterError extends BaseError<'COUNTER_INVALID'> {
  constructor(what: string) {
    super('COUNTER_INVALID', `what is stored of ${what} can't be read`);
  }
}

/** Decimals are text: no number of JSON or DynamoDB has enough digits. Without exponents, as `toFixed` writes them. */
const DECIMAL = /^\d{1,1001}(?:\.\d{1,1001})?$/;

/** `[from, to, sum]` */
type BucketJson = readonly [number, number, string];

export interface CounterJson {
  readonly buckets: readonly BucketJson[];
}

export function counterToJson({ buckets }: Counter): CounterJson {
  return { buckets: buckets.map(({ from, to, sum }) => [from, to, sum.toFixed()]) };
}

/**
 * Without a schema of zod, which takes three times as long: a full counter has 97 buckets.
 * @throws {CounterError}
 */
export function counterFromJson(json: unknown): Counter {
  if (!isObject(json) || Object.keys(json).join() !== 'buckets' || !Array.isArray(json['buckets'])) {
    throw new CounterError('a counter');
  }
  return { buckets: json['buckets'].map(bucketFromJson) };
}

function bucketFromJson(json: unknown): Bucket {
  if (!isBucket(json)) throw new CounterError('a counter');
  const [from, to, sum] = json;
  return { from, to, sum: new Decimal(sum) };
}

function isBucket(json: unknown): json is BucketJson {
  if (!Array.isArray(json) || json.length !== 3) return false;
  const [from, to, sum] = json as readonly unknown[];
  return isPeriod(from, to) && isDecimal(sum);
}

/** @throws {CounterError} */
export function sharesFromJson(json: unknown): readonly Share[] {
  if (!Array.isArray(json)) throw new CounterError('a transaction’s shares');
  return json.map((share: unknown) => {
    if (!isShare(share)) throw new CounterError('a transaction’s shares');
    return share;
  });
}

const SHARE_KEYS = ['amount', 'from', 'key', 'limit', 'to'].join();

function isShare(json: unknown): json is Share {
  if (!isObject(json) || Object.keys(json).sort().join() !== SHARE_KEYS) return false;
  const { limit, key, amount, from, to } = json;
  return typeof limit === 'string' && typeof key === 'string' && isDecimal(amount) && isPeriod(from, to);
}

function isDecimal(value: unknown): value is string {
  return typeof value === 'string' && DECIMAL.test(value);
}

function isPeriod(from: unknown, to: unknown): boolean {
  return Number.isSafeInteger(from) && Number.isSafeInteger(to) && Number(from) < Number(to);
}
