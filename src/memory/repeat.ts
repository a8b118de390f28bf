// Repeats a recorded decision, to prove it.
import type { Policy } from '../policy/evaluate/rules.js';
import type { DecisionRecord } from '../store/record.js';

/**
 * Decides again what a record says was decided, from the request and the memory in the record.
 * @param policy the one whose hash is in the record, with its lists
 * @throws {Error} if the request in the record can't be read
 */
export function repeatDecision(record: DecisionRecord, policy: Policy): { action: string; rule?: string } {
  throw new Error(`not built yet: ${record.type} ${policy.hash}`);
}
