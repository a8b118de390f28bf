// Adds up where the candidate would have decided differently from the policy in force.
import * as z from 'zod';
import { BoundedCounts } from './bounded.js';

const outcomeSchema = z.object({ action: z.string(), rule: z.string(), policy: z.string().optional() });

const lineSchema = outcomeSchema.extend({
  time: z.string(),
  requestId: z.string(),
  txId: z.string().optional(),
  candidate: outcomeSchema.extend({ ruleError: z.string().optional() }),
});

export type Difference = z.output<typeof lineSchema>;

/** Number of differences that are listed one by one. */
const MAX_LISTED = 20;

export class CandidateTotals {
  /** Number of decisions that would differ. */
  differs = 0;
  /** The first ones. */
  readonly listed: Difference[] = [];
  /** By the candidate's whole SHA-256. */
  readonly policies = new BoundedCounts();
  readonly #changes = new BoundedCounts();

  add(line: unknown): void {
    const { data } = lineSchema.safeParse(line);
    if (data === undefined) return;
    const { action, rule, candidate } = data;
    this.differs++;
    if (candidate.policy !== undefined) this.policies.add(candidate.policy);
    this.#changes.add(JSON.stringify([action, rule, candidate.action, candidate.rule]));
    if (this.listed.length < MAX_LISTED) this.listed.push(data);
  }

  /** From what to what, the most frequent first. */
  get changes(): readonly {
    readonly from: { readonly action: string; readonly rule: string };
    readonly to: { readonly action: string; readonly rule: string };
    readonly decisions: number;
  }[] {
    return this.#changes.entries.map(([key, decisions]) => {
      const [action = key, rule = '', newAction = '', newRule = ''] = key.startsWith('[')
        ? (JSON.parse(key) as string[])
        : [];
      return { from: { action, rule }, to: { action: newAction, rule: newRule }, decisions };
    });
  }
}
