// A decision as it stands in the log, and how a policy decides on it now.
import * as z from 'zod';
import type { Signed } from '../../src/chain/read.js';
import { type Policy, type RuleDecision, signedBy } from '../../src/policy/evaluate/rules.js';
import { ACTIONS } from '../../src/protocol/decision.js';
import type { CallbackRequest, Kind } from '../../src/protocol/request.js';
import { LIMIT_PREFIX } from '../../src/policy/limits/limit.js';
import { EMERGENCY_STOP, STALE } from '../../src/sources/emergency.js';
import type { Simulation } from './limits/simulation.js';
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
  facts: z.record(z.string(), z.unknown()),
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

/** @returns `overridden` if no policy made the decision, `incomplete` if it can't be decided again */
export function readDecision(
  line: Readonly<Record<string, unknown>>,
): LoggedDecision | 'overridden' | 'incomplete' {
  if (line['rule'] === EMERGENCY_STOP || line['rule'] === STALE) return 'overridden';
  return lineSchema.safeParse(line).data ?? 'incomplete';
}

/**
 * A logged request, in which a rule that reads a fact that was not logged can't be evaluated; unless what is signed was
 * not logged, so that no decision can be repeated.
 */
export interface LoggedRequest {
  readonly request: CallbackRequest;
  readonly signed: Signed | undefined;
  readonly omitted: OmittedFacts;
}

/** What is signed is read before facts that were not logged are trapped: it depends on none of them. */
export function loggedRequest(
  policy: Policy,
  unlogged: UndocumentedReads,
  { kind, requestId, facts, omitted: paths }: AnyDecision,
): LoggedRequest {
  const omitted = new OmittedFacts(paths, unlogged);
  const request = { kind, requestId, payload: facts };
  const signed = omitted.trapSigned(signedBy(policy, request));
  if (!omitted.isUnknown) omitted.trap(facts);
  return { request, signed, omitted };
}

/**
 * @param simulation remembers the decision, if it can be made
 * @returns `undefined` if the decision depends on facts that were not logged
 */
export function decideAgain(
  policy: Policy,
  unlogged: UndocumentedReads,
  decision: LoggedDecision,
  simulation: Simulation,
): RuleDecision | undefined {
  if (new OmittedFacts(decision.omitted, unlogged).isUnknown) return undefined;
  const { request, signed, omitted } = loggedRequest(policy, unlogged, decision);
  const occasion = { request, now: new Date(decision.time), signed };
  const decided = simulation.decide(occasion);
  if (omitted.affect(evaluatedFor(policy, decided))) return undefined;
  simulation.remember(occasion, decided);
  return decided;
}

/** Ids of the rules that were evaluated, and of all limits. */
export function evaluatedFor({ limits }: Policy, { tried }: RuleDecision): readonly string[] {
  return [...tried, ...limits.map(({ name }) => `${LIMIT_PREFIX}${name}`)];
}
