// Shows what people decided about a request, as a record has it.
import { readSignedDecision } from '../../src/approvals/signed-decision.js';
import { isObject } from '../../src/protocol/request.js';
import type { DecisionRecord } from '../../src/store/record.js';

/**
 * @param nameOf what the policy calls an approver; `undefined` if it is not known
 * @returns rows of a name and a text; they contain what people and whoever serves the console wrote
 */
export function peopleRows(
  { hold, people }: DecisionRecord,
  nameOf: (approver: string) => string | undefined,
): readonly (readonly [string, string])[] {
  const decisions = (people?.decisions ?? []).map((stored): readonly [string, string] => {
    const decision = readSignedDecision(JSON.stringify(stored));
    if ('problem' in decision) return ['person', `a decision that can’t be read: ${decision.problem}`];
    const { approver, verdict, at, reason = '' } = decision;
    const did = verdict === 'approve' ? 'approved' : 'rejected';
    return [approver, `${nameOf(approver) ?? approver} ${did} at ${at}${reason === '' ? '' : `: ${reason}`}`];
  });
  return [...(isObject(hold) ? [['hold', holdText(hold)] as const] : []), ...decisions];
}

/** @param hold see `HoldReport` */
function holdText(hold: Readonly<Record<string, unknown>>): string {
  const { name, state, quorum, approvals, excluded, carried, since, expires } = hold;
  const names = Array.isArray(approvals) ? approvals.map(String) : [];
  const by = names.length === 0 ? '' : ` (${names.join(', ')})`;
  const not = Array.isArray(excluded) ? `; not by ${excluded.map(String).join(', ')}` : '';
  const from = carried === true ? '; approved at the approval' : '';
  return `${String(name)}, ${String(state)}: ${names.length} of ${String(quorum)}${by}${not}${from}; from ${String(since)} to ${String(expires)}`;
}
