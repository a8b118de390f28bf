// A writer's chain: its id, the text and hash of its records, and its head. Pure: what is written is in chain-writer.ts.
import { hash as digest, randomBytes } from 'node:crypto';
import { headKey, recordKey } from './keys.js';
import type { RecordLink } from './record.js';
import type { Item, Key, Put } from './table.js';

/** The last record of a writer, as its head item and the second place have it. */
export interface Head {
  readonly writer: string;
  /** 0: nothing is written yet. */
  readonly sequence: number;
  /** SHA-256 of the record, 64 hex digits. */
  readonly hash: string;
  /** ISO 8601 in UTC, with ms: when the record was written. */
  readonly at: string;
  /** Unix time in seconds from which on all of the writer's records may be removed. */
  readonly expires: number;
}

/** What stands for the hash before the first record. */
export const NO_RECORD = '0'.repeat(64);

const WRITER = /^\d{8}T\d{6}Z-[0-9a-f]{12}$/;
const HASH = /^[0-9a-f]{64}$/;

/** @param now Unix time in ms @returns an id such as `20261126T101500Z-0123456789ab`: sorts by time, and is not used twice */
export function createWriter(now: number): string {
  const time = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
  return `${time}-${randomBytes(6).toString('hex')}`;
}

/** @returns when the writer started, Unix time in ms; `undefined` if it is no writer's id */
export function startOf(writer: string): number | undefined {
  if (!WRITER.test(writer)) return undefined;
  const [year, month, day] = [writer.slice(0, 4), writer.slice(4, 6), writer.slice(6, 8)];
  const [hour, minute, second] = [writer.slice(9, 11), writer.slice(11, 13), writer.slice(13, 15)];
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : time;
}

/** @param text data of a record's item, as stored. @returns 64 hex digits */
export function hashOf(text: string): string {
  return digest('sha256', text);
}

/**
 * The text of a record: a `StoredRecord` as JSON, with its fields in a fixed order.
 * @param body as JSON
 */
export function recordText({ writer, sequence, previous }: RecordLink, body: string): string {
  const link = JSON.stringify({ writer, sequence, previous });
  return `${link.slice(0, -1)},"body":${body}}`;
}

/** A body as JSON. */
export interface Body {
  readonly json: string;
  /** Unix time in seconds from which on the record may be removed. */
  readonly expires: number;
}

/** The head before the first record. @param expires of the start record */
export function emptyHead(writer: string, now: number, expires: number): Head {
  return { writer, sequence: 0, hash: NO_RECORD, at: new Date(now).toISOString(), expires };
}

/** @returns the records that follow a head, in their order, and the head after them */
export function extend(
  { writer, sequence: last, hash: lastHash, expires: lastExpires }: Head,
  bodies: readonly Body[],
  now: number,
): { readonly records: readonly Put[]; readonly head: Head } {
  const records: Put[] = [];
  let [sequence, hash, expires] = [last, lastHash, lastExpires];
  for (const body of bodies) {
    sequence++;
    const data = recordText({ writer, sequence, previous: hash }, body.json);
    hash = hashOf(data);
    expires = Math.max(expires, body.expires);
    records.push({ type: 'put', ...recordKey(writer, sequence), data, seen: 0, expires: body.expires });
  }
  return { records, head: { writer, sequence, hash, at: new Date(now).toISOString(), expires } };
}

/** @param seen the version of the head item before */
export function putHead(head: Head, seen: number): Put {
  return { type: 'put', ...headKey(head.writer), data: headData(head), seen, expires: head.expires };
}

/** @returns the data of a head's item */
export function headData({ sequence, hash, at }: Head): string {
  return JSON.stringify({ sequence, hash, at });
}

/** @returns `undefined` if the item is no head */
export function readHead({ sort: writer, data, expires = Infinity }: Item): Head | undefined {
  return parseHead(data, { writer, expires });
}

/** @param json a head as an object; what it lacks is taken from `known` */
export function parseHead(json: string, known: Partial<Head> = {}): Head | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { writer, sequence, hash, at, expires } = { ...value, ...known } as Partial<
    Record<keyof Head, unknown>
  >;
  const isValid =
    typeof writer === 'string' &&
    WRITER.test(writer) &&
    Number.isSafeInteger(sequence) &&
    typeof hash === 'string' &&
    HASH.test(hash) &&
    typeof at === 'string' &&
    !Number.isNaN(Date.parse(at)) &&
    typeof expires === 'number';
  return isValid ? { writer, sequence: sequence as number, hash, at, expires } : undefined;
}

/** An item's key as one text. */
export function keyText({ partition, sort }: Key): string {
  return `${partition}\n${sort}`;
}
