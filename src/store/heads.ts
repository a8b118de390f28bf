// The second place: where heads are sealed, apart from the table, so that a lost, restored or shortened table is noticed.
import type { Head } from './chain.js';

/** How many writers' heads are looked at: those whose heads are newest. */
export const MAX_WRITERS = 100;

export interface HeadStore {
  /** For messages. */
  readonly name: string;
  /** Seals heads durably. One that is sealed already stays as it is. @throws {StoreError} */
  seal(heads: readonly Head[]): Promise<void>;
  /** @returns the last sealed head of each of the last MAX_WRITERS writers, newest first. @throws {StoreError} */
  sealed(): Promise<readonly Head[]>;
  /** Yields every head that was ever sealed and is kept, in any order, perhaps twice. @throws {StoreError} */
  everSealed(): AsyncIterable<Head>;
  /** @throws {StoreError} */
  accept(acceptance: Acceptance): Promise<void>;
  /** @returns the newest acceptances, in any order. @throws {StoreError} */
  acceptances(): Promise<readonly Acceptance[]>;
}

/** What an operator accepted about a lost or restored store: from then on, these heads are not missed. */
export interface Acceptance {
  /** ISO 8601 in UTC, with ms. */
  readonly at: string;
  readonly by: string;
  readonly heads: readonly AcceptedHead[];
}

export type AcceptedHead = Pick<Head, 'writer' | 'sequence' | 'hash'>;

export function isAccepted(head: AcceptedHead, acceptances: readonly Acceptance[]): boolean {
  return acceptances.some(({ heads }) =>
    heads.some(
      ({ writer, sequence, hash }) =>
        writer === head.writer &&
        (sequence === head.sequence ? hash === head.hash : sequence > head.sequence),
    ),
  );
}

/** @returns `undefined` if the JSON is no acceptance */
export function parseAcceptance(json: string): Acceptance | undefined {
  try {
    const value = JSON.parse(json) as Partial<Acceptance> | null;
    const isValid =
      typeof value?.at === 'string' &&
      typeof value.by === 'string' &&
      Array.isArray(value.heads) &&
      value.heads.every(isAcceptedHead);
    return isValid ? (value as Acceptance) : undefined;
  } catch {
    return undefined;
  }
}

function isAcceptedHead(value: unknown): value is AcceptedHead {
  const { writer, sequence, hash } = (value ?? {}) as Partial<AcceptedHead>;
  return typeof writer === 'string' && typeof sequence === 'number' && typeof hash === 'string';
}

/** @returns the last head of each writer, newest first, at most MAX_WRITERS */
export function newestOfEach(heads: Iterable<Head>): readonly Head[] {
  const last = new Map<string, Head>();
  for (const head of heads) {
    const known = last.get(head.writer);
    if (known === undefined || known.sequence < head.sequence) last.set(head.writer, head);
  }
  return [...last.values()].sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, MAX_WRITERS);
}
