// `npm run policy -- replay`: the decision lines of a log, decided again by another policy.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { reasonOf, UsageError } from '../command.js';
import { decideBy, type Policy } from '../../src/policy/evaluate/rules.js';
import { ACTIONS } from '../../src/protocol/decision.js';
import type { Kind } from '../../src/protocol/request.js';

/** What is needed of a decision line; see `routes/decision-line.ts`. */
const lineSchema = z.looseObject({
  event: z.literal('decision'),
  time: z.iso.datetime(),
  kind: z.enum(['transaction', 'configuration'] satisfies Kind[]),
  requestId: z.string(),
  action: z.enum(ACTIONS),
  // A decision that no rule made was a fault of its time.
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
  /** How many decisions were made again. */
  replayed: number;
  /** Those whose action would be another. */
  readonly changes: Change[];
  /** Request ids of decisions that depend on what is not logged. */
  readonly notReplayable: string[];
  /** How many decision lines hold no facts, or were decided by no rule. */
  skipped: number;
}

/**
 * @param file lines of JSON; `-` for standard input. What stands before the first brace of a line is passed over.
 * @param onProgress told how many lines were read
 * @throws {UsageError}
 */
export async function replay(
  policy: Policy,
  file: string,
  onProgress: (lines: number) => void,
): Promise<Replay> {
  const outcome: Replay = { replayed: 0, changes: [], notReplayable: [], skipped: 0 };
  let lines = 0;
  try {
    const input = file === '-' ? process.stdin : createReadStream(file);
    for await (const text of createInterface({ input, crlfDelay: Infinity })) {
      replayLine(policy, text, outcome);
      onProgress(++lines);
    }
  } catch (error) {
    throw new UsageError(`${file} can't be read: ${reasonOf(error)}`);
  }
  if (outcome.replayed + outcome.notReplayable.length + outcome.skipped === 0) {
    throw new UsageError(`${file} holds no decision line, of ${lines} lines`);
  }
  return outcome;
}

function replayLine(policy: Policy, text: string, outcome: Replay): void {
  const line = parse(text);
  if (line?.['event'] !== 'decision') return;
  const { data } = lineSchema.safeParse(line);
  if (data === undefined) {
    outcome.skipped++;
    return;
  }
  const { kind, requestId, time, action, rule, facts, omitted } = data;
  const missed = markOmitted(facts, omitted);
  const { ruleError, ...decision } = decideBy(policy, { kind, requestId, payload: facts }, new Date(time));
  if (missed.touched || omitted.includes('*')) {
    outcome.notReplayable.push(requestId);
    return;
  }
  outcome.replayed++;
  if (decision.action === action) return;
  const to = { action: decision.action, rule: decision.rule, ...(ruleError !== undefined && { ruleError }) };
  outcome.changes.push({ time, requestId, from: { action, rule }, to });
}

function parse(text: string): Record<string, unknown> | undefined {
  const start = text.indexOf('{');
  if (start === -1) return undefined;
  try {
    return JSON.parse(text.slice(start)) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Puts in place of each fact that was not logged a property that takes note of being read, and can't be. */
function markOmitted(facts: Record<string, unknown>, omitted: readonly string[]): { touched: boolean } {
  const missed = { touched: false };
  const { extraInfo } = facts;
  for (const path of omitted) {
    const [, inner] = /^extraInfo\.(.*)$/s.exec(path) ?? [];
    const owner = inner === undefined ? facts : extraInfo;
    if (typeof owner !== 'object' || owner === null) continue;
    Object.defineProperty(owner, inner ?? path, {
      enumerable: true,
      configurable: true,
      get() {
        missed.touched = true;
        throw new Error('not logged');
      },
    });
  }
  return missed;
}
