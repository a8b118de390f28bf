// Makes a decision from a policy: the first rule that matches decides.
import { type CallbackRequest, isSigning } from '../../protocol/request.js';
import { readSigned, type Signed } from '../../chain/read.js';
import { codeOf } from '../../protocol/error.js';
import type { Destination } from '../facts/destination.js';
import { type Facts, factsOf, listedDestination, Transaction } from '../facts/facts.js';
import { explainError } from '../language/explain-error.js';
import { nameIn } from '../language/named-list.js';
import { LIMIT_PREFIX } from '../limits/limit.js';
import { Standings } from '../limits/standing.js';
import { decideHeld } from './holds.js';
import type { Memory } from './memory.js';
import { NO_PEOPLE } from './people.js';
import type { Policy, Rule } from './policy.js';
import { CHANGED, INTEGRITY, OTHERWISE, type RuleDecision } from './rule-decision.js';

export type { ListFromElsewhere, Policy, PolicyWarning, Rule, StoreNeed } from './policy.js';
export { CHANGED, INTEGRITY, OTHERWISE, type RuleDecision } from './rule-decision.js';

/**
 * Decides by the first rule that matches. If a rule can't be evaluated, `onError` decides, and no later rule is
 * evaluated. A request that contradicts what it signs, or what was approved before, is rejected before any rule. An
 * approval by any rule must fit into all limits.
 * @param signed what a transaction signs, if it was read before
 * @param deadline on the clock of `performance.now()`: a rule whose turn comes later can't be evaluated
 * @param memory without it, a policy with limits approves no transaction
 */
export function decideBy(
  policy: Policy,
  request: CallbackRequest,
  now: Date,
  signed: Signed | undefined = signedBy(policy, request),
  deadline = Infinity,
  memory?: Memory,
): RuleDecision {
  const { facts, standings } = basisOf(policy, request, now, signed, memory);
  const decision =
    signed?.refusal !== undefined
      ? refuse(policy, signed.refusal)
      : memory?.changed !== undefined
        ? refuseChanged(policy, memory.changed)
        : withinLimits(policy, standings, decideByRules(policy, { request, now, memory, facts, deadline }));
  const destinationName = namesOf(policy, facts);
  return {
    ...decision,
    ...(signed !== undefined && isVerifiable(request) && verification(signed)),
    ...(destinationName !== undefined && { destinationName }),
    ...(policy.loadedLists.size > 0 && { lists: hashesOf(policy) }),
  };
}

/** What rules are evaluated with; `standings` only for a transaction, if the policy has limits. */
export interface Basis {
  readonly facts: Facts;
  readonly standings: Standings | undefined;
}

export function basisOf(
  { catalog, initiators, limits }: Policy,
  request: CallbackRequest,
  now: Date,
  signed: Signed | undefined,
  memory: Memory | undefined,
): Basis {
  const facts = factsOf({ request, signed, catalog, initiators, memory }, now);
  if (limits.length === 0 || request.kind !== 'transaction') return { facts, standings: undefined };
  const standings = new Standings(limits, facts, memory, now);
  return { facts: { ...facts, limits: standings.facts }, standings };
}

/** An approval that a limit does not allow is none, whichever rule gave it. */
function withinLimits(
  policy: Policy,
  standings: Standings | undefined,
  decision: RuleDecision,
): RuleDecision {
  if (standings === undefined) return decision;
  const refusal = decision.action === 'APPROVE' ? standings.refusal : undefined;
  const { report } = standings;
  const { tried, hold } = decision;
  const origin = {
    ...{ policy: decision.policy, tried },
    ...(hold !== undefined && { hold }),
    ...(report !== undefined && { limits: report }),
  };
  if (refusal === undefined) return { ...decision, ...origin };
  return 'error' in refusal ? failed(policy, refusal.rule, refusal.error, origin) : { ...origin, ...refusal };
}

function hashesOf({ loadedLists }: Policy): Readonly<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const [name, { sha256 }] of loadedLists) if (sha256 !== undefined) hashes[name] = sha256;
  return hashes;
}

/** @returns what a transaction signs; `undefined` for a configuration change */
export function signedBy({ catalog }: Policy, request: CallbackRequest): Signed | undefined {
  return request.kind === 'transaction' ? readSigned(request, catalog) : undefined;
}

function refuse({ hash }: Policy, { check, reason }: NonNullable<Signed['refusal']>): RuleDecision {
  return { policy: hash, tried: [], action: 'REJECT', rule: INTEGRITY, check, reason };
}

function refuseChanged({ hash }: Policy, reason: string): RuleDecision {
  return { policy: hash, tried: [], action: 'REJECT', rule: CHANGED, reason };
}

interface Turn {
  readonly request: CallbackRequest;
  readonly now: Date;
  readonly memory: Memory | undefined;
  readonly facts: Facts;
  readonly deadline: number;
}

function decideByRules(policy: Policy, { request, now, memory, facts, deadline }: Turn): RuleDecision {
  const rules = policy.rulesFor[request.kind];
  const index = policy.indexFor[request.kind];
  for (const place of index.candidates(facts)) {
    const rule = rules[place];
    if (rule === undefined) continue;
    const outcome = performance.now() > deadline ? TOO_LATE : tryRule(rule, request, facts);
    if (outcome === false) continue;
    const origin = { policy: policy.hash, tried: index.ids.slice(0, place + 1) };
    if (outcome !== true) return failed(policy, rule.id, outcome.error, origin);
    const { action, id, reason } = rule;
    if (action === 'HOLD') {
      const people = memory?.people ?? NO_PEOPLE;
      return { ...origin, rule: id, ...decideHeld({ policy, rule, facts, people, now }) };
    }
    return { ...origin, action, rule: id, ...(reason !== undefined && { reason }) };
  }
  const origin = { policy: policy.hash, tried: index.ids };
  return policy.otherwise === 'IGNORE' && isSigning(request)
    ? failed(policy, OTHERWISE, IGNORED_SIGNING, origin)
    : { ...origin, action: policy.otherwise, rule: OTHERWISE, reason: 'No rule matched.' };
}

/** Whether a request has a raw transaction to compare with. */
function isVerifiable(request: CallbackRequest): boolean {
  const { rawTx } = request.payload;
  return Array.isArray(rawTx) && rawTx.length > 0 && isSigning(request);
}

function verification({ verified, problem }: Signed): Pick<RuleDecision, 'verified' | 'problem'> {
  return { verified, ...(!verified && problem !== undefined && { problem }) };
}

/** What lists call the destinations, with their tags. */
function namesOf({ named }: Policy, { tx }: Facts): string | undefined {
  if (!(tx instanceof Transaction) || !Object.values(named).some(({ hasNames }) => hasNames))
    return undefined;
  try {
    const names = ((tx['destinations'] ?? []) as readonly Destination[]).flatMap((destination) => {
      const listed = listedDestination(destination);
      const name = listed && nameIn(named, listed.address, { value: listed.tag });
      return name === undefined ? [] : [name];
    });
    return names.length === 0 ? undefined : [...new Set(names)].join(', ');
  } catch (error) {
    // An unusable address has no name.
    if (codeOf(error) === 'FACT_UNUSABLE') return undefined;
    throw error;
  }
}

const TOO_LATE = { error: 'the rules before it took too long' };

const IGNORED_SIGNING = 'a signing request can’t be ignored';

/** @returns whether the rule matches, or why it can't be evaluated */
export function tryRule(
  rule: Rule,
  request: CallbackRequest,
  facts: Facts,
): boolean | { readonly error: string } {
  try {
    const matches = rule.evaluate(facts);
    if (typeof matches !== 'boolean') return { error: 'its result is neither true nor false' };
    return matches && rule.action === 'IGNORE' && isSigning(request) ? { error: IGNORED_SIGNING } : matches;
  } catch (error) {
    return { error: explainError(error) };
  }
}

function failed(
  policy: Policy,
  rule: string,
  ruleError: string,
  origin: Pick<RuleDecision, 'policy' | 'tried' | 'limits' | 'hold'>,
): RuleDecision {
  const what = rule.startsWith(LIMIT_PREFIX) ? `Limit ${rule.slice(LIMIT_PREFIX.length)}` : `Rule ${rule}`;
  const reason = `${what} could not be evaluated for this request.`;
  return { ...origin, action: policy.onError, rule, ruleError, reason };
}
