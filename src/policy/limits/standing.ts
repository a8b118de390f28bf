// Where a request stands with each limit: what is spent, and whether it fits.
import { add, Decimal, subtract } from '../../protocol/decimal.js';
import { FactError } from '../facts/fact.js';
import type { Facts } from '../facts/facts.js';
import { explainError } from '../language/explain-error.js';
import { LimitFacts, LimitsObject } from '../language/limits.js';
import { type Claim, counterId } from './counter.js';
import { amountToCount, type Counted, NOTHING, ownShare, spent, withoutShare } from './counting.js';
import { askedOf, type Limit, LIMIT_PREFIX } from './limit.js';

/** A limit that can't be evaluated for a request. */
export interface Failure {
  readonly limit: string;
  /** It contains no values from the request. */
  readonly error: string;
}

/** Where a request stands with a limit that concerns it. */
export interface Standing {
  readonly claim: Claim;
  /** What the transaction would count, in all its stages. */
  readonly amount: Decimal;
  /** By other transactions. */
  readonly spent: Decimal;
}

/** For the log and the record; all amounts are decimals. */
export interface LimitReport {
  /** The values of `per` as one text. */
  readonly key: string;
  readonly amount: string;
  readonly spent: string;
  readonly max: string;
  /** Before this transaction; at least 0. */
  readonly remaining: string;
}

/** Why an approval does not stand. */
export type LimitRefusal =
  | { readonly rule: string; readonly error: string }
  | { readonly rule: string; readonly action: 'REJECT' | 'RETRY'; readonly reason: string };

const NO_STORE = 'there is no store that counts: set STORE_TABLE or STORE_PATH';

/** Evaluates each limit at most once, when it is first needed. */
export class Standings {
  readonly #limits: readonly Limit[];
  readonly #facts: Facts;
  readonly #counted: Counted | undefined;
  readonly #now: Date;
  readonly #known = new Map<string, Standing | Failure | undefined>();

  /** @param counted `undefined` if there is no store: no limit can be evaluated */
  constructor(limits: readonly Limit[], facts: Facts, counted: Counted | undefined, now: Date) {
    this.#limits = limits;
    this.#facts = facts;
    this.#counted = counted;
    this.#now = now;
  }

  /** @returns `undefined` if the limit does not concern the request */
  of(limit: Limit): Standing | Failure | undefined {
    const { name } = limit;
    if (!this.#known.has(name)) this.#known.set(name, this.#evaluate(limit));
    return this.#known.get(name);
  }

  /** What rules read as `limits`. */
  get facts(): LimitsObject {
    const facts = new LimitsObject();
    for (const limit of this.#limits) {
      Object.defineProperty(facts, limit.name, { enumerable: true, get: () => this.#factsOf(limit) });
    }
    return facts;
  }

  /** Why an approval does not stand; of the first limit in the policy's order. */
  get refusal(): LimitRefusal | undefined {
    for (const limit of this.#limits) {
      const rule = `${LIMIT_PREFIX}${limit.name}`;
      const standing = this.of(limit);
      if (standing === undefined) continue;
      if ('error' in standing) return { rule, error: standing.error };
      if (!fits(standing)) return { rule, action: limit.over, reason: reasonOf(standing) };
    }
    return undefined;
  }

  /** The limits that concern the request; `undefined` if there are none. */
  get report(): Readonly<Record<string, LimitReport>> | undefined {
    const entries = this.#limits.flatMap((limit) => {
      const standing = this.of(limit);
      return standing === undefined || 'error' in standing ? [] : [[limit.name, reportOf(standing)] as const];
    });
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  }

  #evaluate(limit: Limit): Standing | Failure | undefined {
    const { name } = limit;
    if (this.#counted === undefined) return { limit: name, error: NO_STORE };
    try {
      const asked = askedOf(limit, this.#facts);
      return asked === undefined
        ? undefined
        : standingOf(limit, { limit: name, ...asked }, this.#counted, this.#now);
    } catch (error) {
      return { limit: name, error: explainError(error) };
    }
  }

  #factsOf(limit: Limit): LimitFacts | undefined {
    const standing = this.of(limit);
    if (standing === undefined) return undefined;
    if ('error' in standing) {
      throw new FactError(`${LIMIT_PREFIX}${limit.name} can’t be evaluated: ${standing.error}`);
    }
    return new LimitFacts(standing.spent, remainingOf(standing), standing.claim.max);
  }
}

function standingOf(limit: Limit, claim: Claim, counted: Counted, now: Date): Standing {
  const own = ownShare(counted, claim);
  const others = withoutShare(counted.counters.get(counterId(claim)) ?? NOTHING, own);
  return { claim, amount: amountToCount(claim, own), spent: spent(others, limit, now) };
}

export function fits({ claim, amount, spent }: Standing): boolean {
  return add(spent, amount).lte(claim.max);
}

function remainingOf({ claim, spent }: Standing): Decimal {
  return Decimal.max(0, subtract(claim.max, spent));
}

function reasonOf({ claim: { limit, max }, amount, spent }: Standing): string {
  return `Limit ${limit}: ${spent.toFixed()} of ${max.toFixed()} are spent, and ${amount.toFixed()} more does not fit.`;
}

export function reportOf(standing: Standing): LimitReport {
  const { claim, amount, spent } = standing;
  return {
    key: claim.key,
    amount: amount.toFixed(),
    spent: spent.toFixed(),
    max: claim.max.toFixed(),
    remaining: remainingOf(standing).toFixed(),
  };
}
