// Remembers what a policy approves, as the store does for the service: for test cases and replays.
import { subjectId } from '../../../src/memory/subject-id.js';
import type { Signed } from '../../../src/chain/read.js';
import { type Memory, NO_MEMORY } from '../../../src/policy/evaluate/memory.js';
import { decideBy, type Policy, type RuleDecision } from '../../../src/policy/evaluate/rules.js';
import { claimsOf } from '../../../src/policy/limits/claims.js';
import { type Claim, type Counter, counterId, type Share } from '../../../src/policy/limits/counter.js';
import { giveBack, settle } from '../../../src/policy/limits/counting.js';
import { bucketAt } from '../../../src/policy/limits/window.js';
import { Decimal } from '../../../src/protocol/decimal.js';
import { type CallbackRequest, isSigning } from '../../../src/protocol/request.js';

/** What is known of one transaction. */
interface Known {
  readonly shares: readonly Share[];
  readonly signed: boolean;
}

/** A request at the time of its decision. */
export interface Occasion {
  readonly request: CallbackRequest;
  readonly now: Date;
  /** What a transaction signs. */
  readonly signed: Signed | undefined;
}

export class Simulation {
  readonly #policy: Policy;
  readonly #counters = new Map<string, Counter>();
  readonly #subjects = new Map<string, Known>();

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  /** What the service would remember before it decides this request. */
  memoryFor({ request }: Pick<Occasion, 'request'>): Memory {
    const subject = subjectId(request);
    const shares = this.#subjects.get(subject)?.shares ?? [];
    return { ...NO_MEMORY, subject, counters: this.#counters, shares };
  }

  /** Sets what others have spent, in the counters that this request belongs to. @param spent keyed by limit */
  setSpent(spent: ReadonlyMap<string, Decimal>, { request, now, signed }: Occasion): void {
    for (const claim of this.#claims({ request, now, signed })) {
      const amount = spent.get(claim.limit);
      const limit = this.#policy.limits.find(({ name }) => name === claim.limit);
      if (amount === undefined || limit === undefined) continue;
      const bucket = { ...bucketAt(limit.window, now.getTime()), sum: amount };
      this.#counters.set(counterId(claim), { buckets: [bucket] });
    }
  }

  /** Decides by what is remembered. */
  decide(occasion: Occasion): RuleDecision {
    const { request, now, signed } = occasion;
    return decideBy(this.#policy, request, now, signed, undefined, this.memoryFor(occasion));
  }

  /** Remembers a decision, as the service would. */
  remember(occasion: Occasion, { action }: RuleDecision): void {
    const { limits } = this.#policy;
    const { request, now } = occasion;
    if (limits.length === 0 || request.kind !== 'transaction') return;
    const subject = subjectId(request);
    const before = this.#subjects.get(subject);
    const memory = this.memoryFor(occasion);
    const signing = isSigning(request);
    if (action === 'APPROVE') {
      const { counters, shares } = settle(limits, this.#claims(occasion), memory, now);
      for (const [id, counter] of counters) this.#counters.set(id, counter);
      this.#subjects.set(subject, { shares, signed: signing || before?.signed === true });
    } else if (action === 'REJECT' && signing && before?.signed === false) {
      for (const [id, counter] of giveBack(memory)) this.#counters.set(id, counter);
      this.#subjects.set(subject, { shares: [], signed: false });
    }
  }

  #claims({ request, now, signed }: Occasion): readonly Claim[] {
    return claimsOf(this.#policy, request, now, signed).claims;
  }
}
