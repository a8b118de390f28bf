// What `explain` explains: a payload, or a decision from the log, which is decided again.
import { explain, type Explanation } from '../../src/policy/evaluate/explain.js';
import { NO_MEMORY } from '../../src/policy/evaluate/memory.js';
import { CHANGED, type Policy, signedBy } from '../../src/policy/evaluate/rules.js';
import type { CallbackRequest } from '../../src/protocol/request.js';
import { type Decimal, parseAmount } from '../../src/protocol/decimal.js';
import { parseJsonFile } from '../../infra/json-file.js';
import { InputError, readText, reasonOf } from '../command.js';
import { toRequest } from './files.js';
import { parseLogLine } from './log-lines.js';
import { Simulation } from './simulation.js';
import {
  type AnyDecision,
  evaluatedFor,
  type LoggedRequest,
  loggedRequest,
  readAnyDecision,
} from './logged-decision.js';
import { undocumentedReads } from './unlogged.js';

/** The answer that the log has. */
export interface LoggedAnswer {
  readonly time: string;
  readonly action: string;
  /** Missing if an error or a timeout made the decision. */
  readonly rule: string | undefined;
  readonly policy: string | undefined;
  /** Number of decisions about the request that were found; the newest is explained. */
  readonly decisions: number;
  /** Whether the policy gives the same answer. */
  readonly same: boolean;
  /** Facts that were not logged, if the answer depends on them. */
  readonly notLogged: readonly string[];
}

export interface Explained {
  readonly request: CallbackRequest;
  readonly explanation: Explanation;
  /** If the request comes from the log. */
  readonly logged?: LoggedAnswer;
}

/** A decision that was found in the log. */
export interface FoundDecision {
  readonly decision: AnyDecision;
  /** Number of decisions about the same request. */
  readonly decisions: number;
}

/**
 * @param argument a file, `-` for standard input, or the JSON itself
 * @throws {InputError}
 */
export function readExplainable(argument: string): CallbackRequest | FoundDecision {
  const isJson = argument.trimStart().startsWith('{');
  const where = isJson ? 'the argument' : argument;
  const text = isJson ? argument : readText(argument);
  const value = parseLineOrFile(text, where);
  if (typeof value !== 'object' || value === null || !('event' in value)) return toRequest(value, where);
  return { decision: toDecision(value, where), decisions: 1 };
}

function parseLineOrFile(text: string, where: string): unknown {
  try {
    return parseJsonFile(text);
  } catch (error) {
    // A line as `aws logs tail` prints it, with its time and stream.
    const line = parseLogLine(text);
    if (line?.['event'] !== undefined) return line;
    throw new InputError(`${where} is not JSON: ${reasonOf(error)}`);
  }
}

function toDecision(line: object, where: string): AnyDecision {
  const decision = readAnyDecision(line as Readonly<Record<string, unknown>>);
  if (decision !== undefined) return decision;
  const { event } = line as { readonly event: unknown };
  throw new InputError(
    event === 'decision'
      ? `${where} is a decision line without the facts that a rule can read, so it can't be explained`
      : `${where} is a log line, but not a decision: its event is ${JSON.stringify(event)}`,
  );
}

/**
 * Finds the newest decision about a request.
 * @param id requestId, txId or trace id
 */
export async function findDecision(
  lines: AsyncIterable<string>,
  id: string,
): Promise<FoundDecision | undefined> {
  let newest: Readonly<Record<string, unknown>> | undefined;
  let decisions = 0;
  for await (const text of lines) {
    if (!text.includes(id)) continue;
    const line = parseLogLine(text);
    if (line?.['event'] !== 'decision' || !ID_FIELDS.some((field) => line[field] === id)) continue;
    decisions++;
    if (newest === undefined || timeOf(line) >= timeOf(newest)) newest = line;
  }
  return newest && { decision: toDecision(newest, `the decision about ${id}`), decisions };
}

const ID_FIELDS = ['requestId', 'txId', 'traceId'];

function timeOf(line: Readonly<Record<string, unknown>>): string {
  return String(line['time']);
}

/** @param now instead of the time in the log, or of the present */
export function explainInput(
  policy: Policy,
  input: CallbackRequest | FoundDecision,
  now: Date | undefined,
): Explained {
  if (!('decision' in input)) {
    return { request: input, explanation: explain(policy, input, now ?? new Date()) };
  }
  const { decision, decisions } = input;
  const { time, action, rule, policy: hash } = decision;
  const at = now ?? new Date(time);
  const { request, signed, memory, omitted } = recalled(policy, decision, at);
  const explanation = explain(policy, request, at, signed, memory);
  const notLogged = omitted.affect(evaluatedFor(policy, explanation.decision)) ? omitted.names : [];
  const same = explanation.decision.action === action;
  return { request, explanation, logged: { time, action, rule, policy: hash, decisions, same, notLogged } };
}

/** A logged request with what is known of what was remembered then: what others had spent, and what had changed. */
function recalled(policy: Policy, decision: AnyDecision, at: Date): LoggedRequest {
  const { kind, requestId, facts, rule, reason } = decision;
  const simulation = new Simulation(policy);
  const request = { kind, requestId, payload: facts };
  simulation.setSpent(spentIn(decision), { request, now: at, signed: signedBy(policy, request) });
  const logged = loggedRequest(policy, undocumentedReads(policy), decision, simulation, at);
  if (rule !== CHANGED) return logged;
  return { ...logged, memory: { ...NO_MEMORY, changed: reason ?? '' } };
}

/** What others had spent then, by limit. */
function spentIn({ limits = {} }: AnyDecision): ReadonlyMap<string, Decimal> {
  return new Map(
    Object.entries(limits).flatMap(([name, { spent }]) => {
      const amount = parseAmount(spent);
      return amount === undefined ? [] : [[name, amount] as const];
    }),
  );
}
