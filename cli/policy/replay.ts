// Re-evaluates the decision lines in a log with another policy.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import * as z from 'zod';
import { InputError, reasonOf } from '../command.js';
import { decideBy, type Policy, signedBy } from '../../src/policy/evaluate/rules.js';
import { ACTIONS } from '../../src/protocol/decision.js';
import type { Kind } from '../../src/protocol/request.js';
import { EMERGENCY_STOP, STALE } from '../../src/sources/emergency.js';
import { OmittedFacts, type UndocumentedReads, undocumentedReads } from './unlogged.js';

/** The fields of a decision line that a replay needs; `src/routes/decision-line.ts` writes them. */
const lineSchema = z.looseObject({
  event: z.literal('decision'),
  time: z.iso.datetime(),
  kind: z.enum(['transaction', 'configuration'] satisfies Kind[]),
  requestId: z.string(),
  action: z.enum(ACTIONS),
  // Missing if the decision was caused by an error or a timeout rather than a rule.
  rule: z.string(),
  facts: z.record(z.string(), z.unknown()),
  omitted: z.array(z.string()).default([]),
});

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
  /** Request ids of decisions that depend on facts that are not logged. */
  readonly notReplayable: string[];
  /** Number of decision lines without facts or without a rule. */
  skipped: number;
  /** Number of decisions that an emergency stop or stale data made instead of the policy. */
  overridden: number;
}

/** A replay to which lines are given one by one. */
export interface RunningReplay {
  readonly outcome: Replay;
  /** @param line of a log; others than decision lines are ignored */
  readonly take: (line: string) => void;
}

export function startReplay(policy: Policy): RunningReplay {
  const outcome: Replay = { replayed: 0, changes: [], notReplayable: [], skipped: 0, overridden: 0 };
  const unlogged = undocumentedReads(policy);
  return { outcome, take: (line) => replayLine(policy, unlogged, line, outcome) };
}

/**
 * @param file JSON lines; `-` for standard input. Anything before the first `{` in a line is ignored, such as the time
 *   and stream that `aws logs tail` prints.
 * @param onProgress called after each line with the number of lines read so far
 * @throws {InputError} if the file can't be read or has no decision line
 */
export async function replay(
  policy: Policy,
  file: string,
  onProgress: (lines: number) => void,
): Promise<Replay> {
  const { outcome, take } = startReplay(policy);
  let lines = 0;
  let pretty = false;
  let utf16 = false;
  try {
    const input = file === '-' ? process.stdin : createReadStream(file);
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      take(line);
      utf16 ||= lines === 0 && line.includes('\0');
      pretty ||= isPretty(line);
      onProgress(++lines);
    }
  } catch (error) {
    throw new InputError(`${file} can't be read: ${reasonOf(error)}`);
  }
  const { replayed, notReplayable, skipped, overridden } = outcome;
  if (replayed + notReplayable.length + skipped + overridden === 0) {
    if (utf16) throw new InputError(`${file} is encoded in UTF-16: save it as UTF-8`);
    throw new InputError(
      pretty
        ? `${file} has no decision lines in JSON: it contains the output that the service prints on a terminal.\nTo get JSON, start the service with its output redirected: npm start > handler.ndjson`
        : `${file} has no decision lines (lines read: ${lines})`,
    );
  }
  return outcome;
}

/** Whether a line looks like the service's output on a terminal: `[11:00:00.000] INFO: decided {…}`. */
function isPretty(line: string): boolean {
  return /^\[[-\d:. +TZ]+\] (TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\b/.test(stripVTControlCharacters(line));
}

function replayLine(policy: Policy, unlogged: UndocumentedReads, text: string, outcome: Replay): void {
  const line = parseLine(text);
  if (line?.['event'] !== 'decision') return;
  if (line['rule'] === EMERGENCY_STOP || line['rule'] === STALE) {
    outcome.overridden++;
    return;
  }
  const { data } = lineSchema.safeParse(line);
  if (data === undefined) {
    outcome.skipped++;
    return;
  }
  const { kind, requestId, time, action, rule, facts, omitted } = data;
  const omittedFacts = new OmittedFacts(omitted, unlogged);
  if (omittedFacts.isUnknown) {
    outcome.notReplayable.push(requestId);
    return;
  }
  const request = { kind, requestId, payload: facts };
  // What is signed is read before facts that were not logged are trapped: it depends on none of them.
  const signed = omittedFacts.trapSigned(signedBy(policy, request));
  omittedFacts.trap(facts);
  const { ruleError, ...decision } = decideBy(policy, request, new Date(time), signed);
  if (omittedFacts.affect(decision.tried)) {
    outcome.notReplayable.push(requestId);
    return;
  }
  outcome.replayed++;
  if (decision.action === action) return;
  const to = { action: decision.action, rule: decision.rule, ...(ruleError !== undefined && { ruleError }) };
  outcome.changes.push({ time, requestId, from: { action, rule }, to });
}

function parseLine(line: string): Record<string, unknown> | undefined {
  const start = line.indexOf('{');
  if (start === -1) return undefined;
  try {
    return JSON.parse(line.slice(start)) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
