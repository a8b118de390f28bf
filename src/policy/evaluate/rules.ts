// Makes a decision from a policy: the first rule that matches decides.
import type { KeyObject } from 'node:crypto';
import type { Action, Decision } from '../../protocol/decision.js';
import { type CallbackRequest, isSigning, type Kind } from '../../protocol/request.js';
import type { Catalog } from '../../chain/catalog.js';
import { readSigned, type Signed } from '../../chain/read.js';
import { codeOf } from '../../protocol/error.js';
import type { Destination } from '../facts/destination.js';
import { type Facts, factsOf, listedDestination, Transaction } from '../facts/facts.js';
import { explainError } from '../language/explain-error.js';
import type { Compiled } from '../language/language.js';
import { type ListEntry, type Lists, nameIn } from '../language/named-list.js';
import type { Tables } from '../language/table.js';
import { type Limit, LIMIT_PREFIX } from '../limits/limit.js';
import { type LimitReport, Standings } from '../limits/standing.js';
import type { Memory } from './memory.js';
import type { Hold, HoldReport, Person, Retries } from './people.js';
import type { RuleIndex } from './rule-index.js';

export interface Rule extends Compiled {
  readonly id: string;
  readonly for: Kind;
  /** The expression as written. */
  readonly when: string;
  readonly action: Action | 'HOLD';
  /** The name of the hold, if the action is HOLD. */
  readonly hold?: string | undefined;
  readonly reason: string | undefined;
}

export interface Policy {
  /** The file's SHA-256, 64 hex digits. */
  readonly hash: string;
  /** The file. */
  readonly text: string;
  readonly rules: readonly Rule[];
  /** The rules, keyed by the kind of request that they apply to, in order. */
  readonly rulesFor: Readonly<Record<Kind, readonly Rule[]>>;
  /** Finds those that may match a request. */
  readonly indexFor: Readonly<Record<Kind, RuleIndex>>;
  /** What the policy says about assets, contracts and the workspace, and the checks before any rule. */
  readonly catalog: Catalog;
  /** The lists that are written in the policy. */
  readonly lists: ReadonlyMap<string, readonly ListEntry[]>;
  /** The lists that the policy takes from elsewhere, keyed by name. */
  readonly loadedLists: ReadonlyMap<string, ListFromElsewhere>;
  /** All lists, as rules look things up in them. */
  readonly named: Lists;
  readonly tables: Tables;
  /** The public keys of those whose signatures prove that they initiated a transaction, keyed by name. */
  readonly initiators: ReadonlyMap<string, KeyObject>;
  /** Those who may approve and those who may only look, keyed as in the policy. Nobody is both. */
  readonly approvers: ReadonlyMap<string, Person>;
  readonly viewers: ReadonlyMap<string, Person>;
  readonly holds: ReadonlyMap<string, Hold>;
  readonly retries: Retries;
  /** What every approval of a transaction must fit into. */
  readonly limits: readonly Limit[];
  /** Why the policy can't be used without a store; empty if it can. */
  readonly needsStore: readonly StoreNeed[];
  /** Why the policy can't be used without a console; empty if it can. */
  readonly needsConsole: readonly StoreNeed[];
  /** Whether a rule reads `tx.expected`, so that announced transactions must be read from the store. */
  readonly readsExpected: boolean;
  /** What an author should look at; the policy can be used. */
  readonly warnings: readonly PolicyWarning[];
  /** The action if no rule matches. */
  readonly otherwise: Exclude<Action, 'APPROVE'>;
  /** The action if a rule can't be evaluated. */
  readonly onError: 'REJECT' | 'RETRY';
}

export interface ListFromElsewhere {
  /** A file as the policy names it, or `s3://bucket/key`. */
  readonly from: string;
  /** Whether the policy says what the list's SHA-256 must be. */
  readonly pinned: boolean;
  /** Of the list's bytes; `undefined` if they were not looked at, and the list counts as empty. */
  readonly sha256: string | undefined;
  readonly entries: number;
}

/** Something in a policy file that may be a mistake. */
export interface PolicyWarning {
  /** Path of the file or name of the parameter. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
  readonly message: string;
}

/** A place in a policy file that a store is needed for: a problem where there is none. */
export interface StoreNeed extends PolicyWarning {
  /** The line in the file, or the part of it around the place. */
  readonly excerpt: string;
  /** Position of the place in the excerpt, counted from 0. */
  readonly caret: number;
}

/** Stands in for the rule id if the request contradicts what it signs. */
export const INTEGRITY = 'integrity';

/** Stands in for the rule id if the transaction differs from what was approved before. */
export const CHANGED = 'changed';

/** Stands in for the rule id if no rule made the decision. */
export const OTHERWISE = 'otherwise';

export interface RuleDecision extends Decision {
  /** Id of the rule that decided or could not be evaluated, `otherwise`, `integrity`, `changed`, or `limits.NAME`. */
  readonly rule: string;
  /** Why that rule could not be evaluated. It contains no values from the request. */
  readonly ruleError?: string;
  /** The check that refused the request, if the rule is `integrity`. */
  readonly check?: string;
  /** For a signing request with `rawTx`: whether it signs what it displays. */
  readonly verified?: boolean;
  /** Why it is not verified. */
  readonly problem?: string;
  /** What lists call the destinations. */
  readonly destinationName?: string;
  /** Hash of the policy. */
  readonly policy: string;
  /** The SHA-256 of the lists that the policy takes from elsewhere, keyed by name. Absent if there are none. */
  readonly lists?: Readonly<Record<string, string>>;
  /** Where the request stands with the limits that concern it, keyed by their names. */
  readonly limits?: Readonly<Record<string, LimitReport>>;
  /** Where the request stands with people, if a rule holds it. */
  readonly hold?: HoldReport;
  /** Ids of the rules up to and including the one that decided, in order. */
  readonly tried: readonly string[];
}

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
        : withinLimits(policy, standings, decideByRules(policy, request, facts, deadline));
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
  const origin = {
    policy: decision.policy,
    tried: decision.tried,
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

function decideByRules(
  policy: Policy,
  request: CallbackRequest,
  facts: Facts,
  deadline: number,
): RuleDecision {
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
  origin: Pick<RuleDecision, 'policy' | 'tried' | 'limits'>,
): RuleDecision {
  const what = rule.startsWith(LIMIT_PREFIX) ? `Limit ${rule.slice(LIMIT_PREFIX.length)}` : `Rule ${rule}`;
  const reason = `${what} could not be evaluated for this request.`;
  return { ...origin, action: policy.onError, rule, ruleError, reason };
}
