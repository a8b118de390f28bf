// Re-evaluates the decision lines in a log with another policy.
import type { Policy } from '../../src/policy/evaluate/rules.js';
import { LogLines, parseLogLine } from './log-lines.js';
import { Simulation } from './simulation.js';
import { decideAgain, type LoggedDecision, readDecision } from './logged-decision.js';
import { type UndocumentedReads, undocumentedReads } from './unlogged.js';

/** What all decisions are replayed with. */
interface Context {
  readonly policy: Policy;
  readonly unlogged: UndocumentedReads;
  /** Remembers what the policy approves, in the order of the log. */
  readonly simulation: Simulation;
}

export interface Change {
  readonly time: string;
  readonly requestId: string;
  readonly from: { readonly action: string; readonly rule: string };
  readonly to: { readonly action: string; readonly rule: string; readonly ruleError?: string };
}

export interface Replay {
  /** Number of decisions that were re-evaluated. */
  replayed: number;
  /** Decisions whose action would differ. */
  readonly changes: Change[];
  /** Request ids of decisions that depend on facts that are not logged, such as what was announced. */
  readonly notReplayable: string[];
  /** Number of decision lines without facts or without a rule. */
  skipped: number;
  /** Number of decisions that an emergency stop or stale data made instead of the policy. */
  overridden: number;
  /** Number of decisions by the rule `changed`: what was approved before made them instead of the policy. */
  changed: number;
}

/**
 * @param file JSON lines; `-` for standard input
 * @param onProgress called after each line with the number of lines read so far
 * @throws {InputError} if the file can't be read or has no decision line
 */
export async function replay(
  policy: Policy,
  file: string,
  onProgress: (lines: number) => void,
): Promise<Replay> {
  const lines = new LogLines(file, onProgress);
  const outcome = await replayLines(policy, lines);
  const { replayed, notReplayable, skipped, overridden, changed } = outcome;
  if (replayed + notReplayable.length + skipped + overridden + changed === 0) throw lines.noDecisions;
  return outcome;
}

/** @param lines of the service's log */
export async function replayLines(policy: Policy, lines: AsyncIterable<string>): Promise<Replay> {
  const outcome: Replay = {
    ...{ replayed: 0, changes: [], notReplayable: [] },
    ...{ skipped: 0, overridden: 0, changed: 0 },
  };
  const context = { policy, unlogged: undocumentedReads(policy), simulation: new Simulation(policy) };
  for await (const line of lines) replayLine(context, line, outcome);
  return outcome;
}

function replayLine(context: Context, text: string, outcome: Replay): void {
  const line = parseLogLine(text);
  if (line?.['event'] !== 'decision') return;
  const logged = readDecision(line);
  if (logged === 'overridden') outcome.overridden++;
  else if (logged === 'changed') outcome.changed++;
  else if (logged === 'incomplete') outcome.skipped++;
  else replayDecision(context, logged, outcome);
}

function replayDecision(
  { policy, unlogged, simulation }: Context,
  logged: LoggedDecision,
  outcome: Replay,
): void {
  const { requestId, time, action, rule } = logged;
  const decided = decideAgain(policy, unlogged, logged, simulation);
  if (decided === undefined) {
    outcome.notReplayable.push(requestId);
    return;
  }
  outcome.replayed++;
  if (decided.action === action) return;
  const { ruleError } = decided;
  const to = { action: decided.action, rule: decided.rule, ...(ruleError !== undefined && { ruleError }) };
  outcome.changes.push({ time, requestId, from: { action, rule }, to });
}
