// The chain of one writer's records, and the writes that belong to them.
import type { RecordBody } from './record.js';
import type { Item, Key, Put, Write } from './table.js';

/** Where a record is. */
export interface RecordPlace {
  readonly writer: string;
  readonly sequence: number;
}

export interface PlacedWrite {
  readonly key: Key;
  /** At least the size of its data. */
  readonly bytes: number;
  /** Called again if the record has to move. */
  readonly put: (place: RecordPlace) => Put;
}

/** A record, and what must be written together with it, under its conditions. */
export interface Entry {
  readonly writes: readonly Write[];
  /** A further write whose data says where the record is. */
  readonly placed?: PlacedWrite | undefined;
  readonly body: RecordBody;
  /** Unix time in seconds from which on the record may be removed. */
  readonly expires: number;
}

/** A look at this writer's head, begun before the read that it is part of. */
export interface HeadCheck {
  /** To be read in the same read as what a decision needs; `undefined` before the first record. */
  readonly key: Key | undefined;
  /** Whether the head, as read, is what had been written when the look began, or newer. If not, the store lost something. */
  isCurrent(head: Item | undefined): boolean;
}

export interface Journal {
  /** The id of this writer. */
  readonly writer: string;
  checkHead(): HeadCheck;
  /**
   * Writes a record and what belongs to it, all or nothing. Entries that wait while another write is under way are
   * written together. An entry may be announced: given as a promise, it is waited for a moment before others are written.
   * @returns `conflict` if a condition did not hold, and nothing was written
   * @throws {StoreError} if it is not written, or not known to be. `mayBeWritten`: it may appear later
   */
  append(entry: Entry | Promise<Entry>): Promise<'written' | 'conflict'>;
}
