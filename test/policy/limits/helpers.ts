// Limits, counters and decisions that remember, for tests.
import { type Memory, NO_MEMORY } from '../../../src/policy/evaluate/memory.js';
import { decideBy, type Policy, type RuleDecision, signedBy } from '../../../src/policy/evaluate/rules.js';
import { claimsOf } from '../../../src/policy/limits/claims.js';
import type { Claim, Counter, Share } from '../../../src/policy/limits/counter.js';
import { settle } from '../../../src/policy/limits/counting.js';
import type { Limit } from '../../../src/policy/limits/limit.js';
import { parsePolicy } from '../../../src/policy/parse/file.js';
import { Decimal } from '../../../src/protocol/decimal.js';
import { type Payload, request } from '../../helpers/policy.js';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** A time at which a bucket of 24 hours begins: they are 15 minutes long. */
export const START = Date.parse('2026-03-02T10:00:00Z');

export const at = (ms: number): Date => new Date(START + ms);

export function limitOf(parts: Partial<Limit> = {}): Limit {
  return {
    name: 'daily',
    when: undefined,
    amount: undefined,
    per: [],
    window: { type: 'sliding', ms: DAY },
    max: { byKey: new Map(), otherwise: new Decimal(100) },
    over: 'REJECT',
    ...parts,
  };
}

export function claimOf(amount: string, parts: Partial<Claim> = {}): Claim {
  return { limit: 'daily', key: '', amount: new Decimal(amount), max: new Decimal(100), ...parts };
}

/** A policy that approves every transaction, with these limits. */
export function policyWith(limits: Readonly<Record<string, unknown>>, more: Payload = {}): Policy {
  const rules = [{ id: 'all', for: 'transaction', when: 'true', action: 'approve' }];
  return parsePolicy(JSON.stringify({ version: 1, limits, rules, ...more }), 'test.yaml');
}

/** What the service remembers, without its store: decides, and settles what is approved. */
export class Service {
  readonly #policy: Policy;
  readonly counters = new Map<string, Counter>();
  readonly #shares = new Map<string, readonly Share[]>();

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  memoryOf(id: string): Memory {
    return { ...NO_MEMORY, counters: this.counters, shares: this.#shares.get(id) ?? [] };
  }

  decide(id: string, payload: Payload, now: Date): RuleDecision {
    const asked = request({ ...payload, txId: id });
    const memory = this.memoryOf(id);
    const decision = decideBy(this.#policy, asked, now, undefined, undefined, memory);
    if (decision.action === 'APPROVE') {
      const { claims } = claimsOf(this.#policy, asked, now, signedBy(this.#policy, asked));
      const { counters, shares } = settle(this.#policy.limits, claims, memory, now);
      for (const [key, counter] of counters) this.counters.set(key, counter);
      this.#shares.set(id, shares);
    }
    return decision;
  }
}
