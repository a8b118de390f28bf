// What is wrong with a record.

/**
 * - `altered`, `removed`, `added`, `swapped`: the chain shows it
 * - `head`: the head item is missing, or older than its record
 * - `signature`: a signature does not verify, or its key is missing or not trusted; or what a person signed does not
 *   verify
 * - `contradiction`: what is signed is not what the record says
 * - `answer`: the stored answer of a decision is missing, or another one
 * - `planted`: a stored answer that no record has
 * - `decision`: the policy decides otherwise
 */
export type What =
  | 'altered'
  | 'removed'
  | 'added'
  | 'swapped'
  | 'head'
  | 'signature'
  | 'contradiction'
  | 'answer'
  | 'planted'
  | 'decision';

export interface Problem {
  readonly writer: string;
  readonly sequence: number;
  readonly what: What;
  readonly message: string;
}

/** More are counted, but not kept. */
const MAX_KEPT = 1000;

/** The problems of a verification, bounded. */
export class Problems {
  readonly #kept: Problem[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(...problems: readonly Problem[]): void {
    this.#count += problems.length;
    if (this.#kept.length < MAX_KEPT) this.#kept.push(...problems);
  }

  /** In the order of their records; what the chain shows comes first. */
  sorted(): readonly Problem[] {
    return [...this.#kept].sort((a, b) => {
      if (a.writer !== b.writer) return a.writer < b.writer ? -1 : 1;
      return a.sequence - b.sequence || rankOf(a) - rankOf(b);
    });
  }
}

const SHOWN_BY_CHAIN: readonly What[] = ['altered', 'removed', 'added', 'swapped'];

function rankOf({ what }: Problem): number {
  return SHOWN_BY_CHAIN.includes(what) ? 0 : 1;
}
