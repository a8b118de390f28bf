// Which limits concern a request, so that their counters can be read before the decision.
import type { Catalog } from '../../chain/catalog.js';
import type { Signed } from '../../chain/read.js';
import type { CallbackRequest } from '../../protocol/request.js';
import { factsOf } from '../facts/facts.js';
import { explainError } from '../language/explain-error.js';
import type { Claim } from './counter.js';
import { askedOf, type Limit } from './limit.js';
import type { Failure } from './standing.js';

export interface Claims {
  /** In the order of the policy's limits. */
  readonly claims: readonly Claim[];
  /** The limits that can't be evaluated: the request is not approved. */
  readonly failures: readonly Failure[];
}

/**
 * @param now the time of the decision: limits may read it, so decide at the same time
 * @param signed what a transaction signs
 */
export function claimsOf(
  { limits, catalog }: { readonly limits: readonly Limit[]; readonly catalog: Catalog },
  request: CallbackRequest,
  now: Date,
  signed: Signed | undefined,
): Claims {
  const claims: Claim[] = [];
  const failures: Failure[] = [];
  if (limits.length === 0 || request.kind !== 'transaction') return { claims, failures };
  const facts = factsOf({ request, signed, catalog }, now);
  for (const limit of limits) {
    const { name } = limit;
    try {
      const asked = askedOf(limit, facts);
      if (asked !== undefined) claims.push({ limit: name, ...asked });
    } catch (error) {
      failures.push({ limit: name, error: explainError(error) });
    }
  }
  return { claims, failures };
}
