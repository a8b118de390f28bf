// What a decision may know of earlier ones: one consistent snapshot of the store, read before the decision.
import type { Remembered } from '../facts/remembered.js';
import type { Counter, Share } from '../limits/counter.js';
import { NO_PEOPLE, type People } from './people.js';

export type { StoredExpected } from '../facts/remembered.js';

export interface Memory extends Remembered {
  /** Keyed by `counterId`; a counter that is absent has counted nothing. */
  readonly counters: ReadonlyMap<string, Counter>;
  /** What this transaction has in counters already. */
  readonly shares: readonly Share[];
  /** An essential that differs from what was approved for this transaction: REJECT by rule `changed`. */
  readonly changed: string | undefined;
  /** What people have decided about this request. */
  readonly people: People;
}

/** Without earlier decisions. */
export const NO_MEMORY: Memory = {
  counters: new Map(),
  shares: [],
  expected: [],
  proofUsedBy: undefined,
  changed: undefined,
  subject: '',
  people: NO_PEOPLE,
};
