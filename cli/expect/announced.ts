// Announced transactions in the store: what is stored, written and removed.
import canonicalize from 'canonicalize';
import type { Announcement } from '../../src/policy/facts/announcement.js';
import { BaseError } from '../../src/protocol/error.js';
import { EXPECTED_PREFIX, expectedKey, useKey } from '../../src/store/keys.js';
import type { Item, Table, Write } from '../../src/store/table.js';
import { count } from '../terminal.js';
import type { Entry } from './file.js';

/** How many announcements are read or written together: each has two items, and a call at most 100. */
const TOGETHER = 50;
/**
 * How long an announcement is kept after it has expired, in s: a transaction that was approved before may wait for its
 * signing.
 */
const KEPT_SECONDS = 30 * 86_400;

/** The command can't do this. */
export class ExpectError extends BaseError<'EXPECT_REFUSED'> {
  readonly next: string;
  readonly details: readonly string[];

  constructor(message: string, next: string, details: readonly string[] = []) {
    super('EXPECT_REFUSED', message);
    this.next = next;
    this.details = details;
  }
}

/** An announcement as stored, which may be malformed, and what used it. */
export interface Stored {
  readonly id: string;
  readonly item: Item | undefined;
  /** Such as `transaction:…`; `undefined`: none yet. */
  readonly usedBy: string | undefined;
}

export interface Added {
  readonly added: readonly string[];
  readonly replaced: readonly string[];
  /** Those that were stored before with the same content. */
  readonly unchanged: readonly string[];
}

/**
 * Stores announcements, unless one of them was used or, without `replace`, exists with other content.
 * @throws {ExpectError} @throws {StoreError}
 */
export async function addAnnounced(
  table: Table,
  entries: readonly Entry[],
  { replace = false }: { readonly replace?: boolean | undefined } = {},
): Promise<Added> {
  const stored = await readAnnounced(
    table,
    entries.map(({ id }) => id),
  );
  const planned = entries.map((entry) => ({ entry, stored: stored.get(entry.id) }));
  const differing = planned.filter((each) => each.stored?.item !== undefined && !isSame(each));
  const refused = [
    ...planned.flatMap(({ stored: { id = '', usedBy } = {} }) =>
      usedBy === undefined ? [] : [`${id} was used by ${usedBy}`],
    ),
    ...(replace ? [] : differing.map(({ entry }) => `${entry.id} is stored with other content`)),
  ];
  if (refused.length > 0) {
    throw new ExpectError(
      `${count(refused.length, 'transaction')} can't be announced; nothing was stored`,
      'leave out what was used, and add --replace to replace what was not',
      refused,
    );
  }
  const writing = planned.filter((each) => !isSame(each));
  const ids = (from: typeof planned): readonly string[] => from.map(({ entry }) => entry.id);
  await writeAll(
    table,
    writing.map(({ entry, stored: { item } = {} }) => putsOf(entry, item?.version ?? 0)),
  );
  return {
    added: ids(writing.filter((each) => each.stored?.item === undefined)),
    replaced: ids(differing),
    unchanged: ids(planned.filter(isSame)),
  };
}

/** @throws {ExpectError} if one of them is not stored @throws {StoreError} */
export async function removeAnnounced(table: Table, ids: readonly string[]): Promise<readonly Stored[]> {
  const stored = [...(await readAnnounced(table, ids)).values()];
  const missing = stored.filter(({ item }) => item === undefined).map(({ id }) => id);
  if (missing.length > 0) {
    throw new ExpectError(
      `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not announced; nothing was removed`,
      'list shows what is announced',
    );
  }
  await writeAll(
    table,
    stored.map(({ id, item }): Write[] => [{ type: 'remove', ...expectedKey(id), seen: item?.version ?? 0 }]),
  );
  return stored;
}

/** Yields everything that is announced, with what used it, in no particular order. @throws {StoreError} */
export async function* listAnnounced(table: Table): AsyncGenerator<Stored> {
  let items: Item[] = [];
  for await (const item of table.scan(EXPECTED_PREFIX)) {
    items.push(item);
    if (items.length < TOGETHER) continue;
    yield* await withUses(table, items);
    items = [];
  }
  yield* await withUses(table, items);
}

async function withUses(table: Table, items: readonly Item[]): Promise<readonly Stored[]> {
  if (items.length === 0) return [];
  const ids = items.map(idOfItem);
  const uses = await table.read(ids.map((id) => useKey('expected', id)));
  return items.map((item, place) => ({ id: ids[place] ?? '', item, usedBy: uses[place]?.data }));
}

/** The id in the data: of a long id, the key has the hash only. */
function idOfItem({ partition, data }: Item): string {
  const key = partition.slice(EXPECTED_PREFIX.length);
  if (!key.startsWith('sha256:')) return key;
  try {
    const { externalTxId, txId } = JSON.parse(data) as Partial<Announcement>;
    return externalTxId ?? txId ?? key;
  } catch {
    return key;
  }
}

/** @returns in the order of the ids */
async function readAnnounced(table: Table, ids: readonly string[]): Promise<ReadonlyMap<string, Stored>> {
  const stored = new Map<string, Stored>();
  for (let start = 0; start < ids.length; start += TOGETHER) {
    const some = ids.slice(start, start + TOGETHER);
    const items = await table.read(some.flatMap((id) => [expectedKey(id), useKey('expected', id)]));
    for (const [place, id] of some.entries()) {
      stored.set(id, { id, item: items[2 * place], usedBy: items[2 * place + 1]?.data });
    }
  }
  return stored;
}

function isSame({ entry, stored }: { readonly entry: Entry; readonly stored: Stored | undefined }): boolean {
  if (stored?.item === undefined) return false;
  try {
    return canonicalize(JSON.parse(stored.item.data)) === canonicalize(entry.value);
  } catch {
    return false;
  }
}

/** An announcement is stored only while no transaction has used it. */
function putsOf({ id, value, announcement: { expires } }: Entry, seen: number): Write[] {
  const keptUntil = expires && Math.ceil(expires.getTime() / 1000) + KEPT_SECONDS;
  return [
    {
      ...{ type: 'put', ...expectedKey(id), data: JSON.stringify(value), seen },
      ...(keptUntil !== undefined && { expires: keptUntil }),
    },
    { type: 'check', ...useKey('expected', id), seen: 0 },
  ];
}

/** Each group of writes is done as a whole. */
async function writeAll(table: Table, groups: readonly (readonly Write[])[]): Promise<void> {
  for (let start = 0; start < groups.length; start += TOGETHER) {
    const failed = await table.write(groups.slice(start, start + TOGETHER).flat());
    if (failed.length === 0) continue;
    throw new ExpectError(
      `something else changed the store at the same time; ${start === 0 ? 'nothing' : `the first ${start}`} of ${groups.length} was written`,
      'run the same command again: what is stored already stays as it is',
    );
  }
}
