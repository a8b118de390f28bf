// A decision as it stands in the log, and how a policy decides on it now.
import * as z from 'zod';
import type { Signed } from '../../src/chain/read.js';
import { type Memory, NO_MEMORY } from '../../src/policy/evaluate/memory.js';
import {
  CHANGED,
  decideBy,
  type Policy,
  type RuleDecision,
  signedBy,
} from '../../src/policy/evaluate/rules.js';
import { ACTIONS } from '../../src/protocol/decision.js';
import { Refusal } from '../../src/protocol/refusal.js';
import type { CallbackRequest, Kind } from '../../src/protocol/request.js';
import { LIMIT_PREFIX } from '../../src/policy/limits/limit.js';
import { EMERGENCY_STOP, STALE } from '../../src/sources/emergency.js';
import { type LoggedHold, loggedHoldSchema, peopleThen } from './people.js';
import { occasionOf, type Recollection, type Simulation } from './simulation.js';
import { OmittedFacts, type UndocumentedReads } from './unlogged.js';

/** The fields of a decision line that are needed to decide again; `src/routes/decision-line.ts` writes them. */
const lineSchema = z.looseObject({
  event: z.literal('decision'),
  time: z.iso.datetime(),
  kind: z.enum(['transaction', 'configuration'] satisfies Kind[]),
  requestId: z.string(),
  action: z.enum(ACTIONS),
  // Missing if the decision was caused by an error or a timeout rather than a rule.
  rule: z.string(),
  policy: z.string().optional(),
  reason: z.string().optional().catch(undefined),
  facts: z.record(z.string(), z.unknown()),
  /** Where the request stood with people. */
  hold: loggedHoldSchema.optional().catch(undefined),
  omitted: z.array(z.string()).default([]),
  /** What others had spent, keyed by limit. */
  limits: z
    .record(z.string(), z.looseObject({ spent: z.string() }))
    .optional()
    .catch(undefined),
});

export type LoggedDecision = z.output<typeof lineSchema>;

/** A decision that may have been made without a rule. */
const anySchema = lineSchema.extend({ rule: z.string().optional() });

export type AnyDecision = z.output<typeof anySchema>;

/** @returns `undefined` if the line has no facts, or is not a decision as the service logs it */
export function readAnyDecision(line: Readonly<Record<string, unknown>>): AnyDecision | undefined {
  return anySchema.safeParse(line).data;
}

/**
 * @returns `overridden` if no policy made the decision, `changed` if an earlier approval made it, `incomplete` if it
 *   can't be decided again
 */
export function readDecision(
  line: Readonly<Record<string, unknown>>,
): LoggedDecision | 'overridden' | 'changed' | 'incomplete' {
  if (line['rule'] === EMERGENCY_STOP || line['rule'] === STALE) return 'overridden';
  if (line['rule'] === CHANGED) return 'changed';
  return lineSchema.safeParse(line).data ?? 'incomplete';
}

/**
 * A logged request, in which a rule that reads what was not logged can't be evaluated; unless what is signed was not
 * logged, so that no decision can be repeated.
 */
export interface LoggedRequest {
  readonly request: CallbackRequest;
  readonly signed: Signed | undefined;
  readonly memory: Memory;
  readonly omitted: OmittedFacts;
  /** Absent if the policy needs no store, so that the service may have none. */
  readonly recollection: Recollection | undefined;
}

/**
 * What is signed and what is remembered is read before facts that were not logged are trapped: it depends on none of
 * them.
 * @throws {Refusal} if the request is nested too deeply for a service with a store
 */
export function loggedRequest(
  policy: Policy,
  unlogged: UndocumentedReads,
  { kind, requestId, facts, hold, omitted: paths, time }: AnyDecision,
  simulation: Simulation,
  now = new Date(time),
): LoggedRequest {
  const omitted = new OmittedFacts(paths, unlogged);
  const request = { kind, requestId, payload: facts };
  const signed = omitted.trapSigned(signedBy(policy, request));
  const recollection =
    policy.needsStore.length === 0
      ? undefined
      : withPeople(policy, simulation.recall(occasionOf(request, now, signed)), hold);
  const memory = omitted.trapMemory(recollection?.recalled.memory ?? NO_MEMORY);
  if (!omitted.isUnknown) omitted.trap(facts);
  return { request, signed, memory, omitted, recollection };
}

/** What people had decided is in the log only if the request was held then. */
function withPeople(policy: Policy, recollection: Recollection, hold: LoggedHold | undefined): Recollection {
  if (hold === undefined) return recollection;
  const { recalled } = recollection;
  const memory = { ...recalled.memory, people: peopleThen(policy, hold) };
  return { ...recollection, recalled: { ...recalled, memory } };
}

/**
 * @param simulation remembers the decision; what was logged, if it can't be made
 * @returns `undefined` if the decision depends on facts that were not logged
 */
export function decideAgain(
  policy: Policy,
  unlogged: UndocumentedReads,
  decision: LoggedDecision,
  simulation: Simulation,
): RuleDecision | undefined {
  if (new OmittedFacts(decision.omitted, unlogged).isUnknown) return undefined;
  const logged = readLogged(policy, unlogged, decision, simulation);
  if (logged === undefined) return undefined;
  const { request, signed, memory, omitted, recollection } = logged;
  const decided = decideBy(policy, request, new Date(decision.time), signed, undefined, memory);
  const isUnknown = omitted.affect(evaluatedFor(policy, decided));
  const remembered = isUnknown ? { action: decision.action, rule: decision.rule } : decided;
  const isChanged = remembered.action === 'APPROVE' && memory.changed !== undefined;
  if (recollection !== undefined && !isChanged) simulation.remember(recollection, remembered);
  return isUnknown ? undefined : decided;
}

/** @returns `undefined` if a service with a store would have refused the request */
function readLogged(...logged: Parameters<typeof loggedRequest>): LoggedRequest | undefined {
  try {
    return loggedRequest(...logged);
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/** Ids of the rules that were evaluated, and of all limits. */
export function evaluatedFor({ limits }: Policy, { tried }: RuleDecision): readonly string[] {
  return [...tried, ...limits.map(({ name }) => `${LIMIT_PREFIX}${name}`)];
}
