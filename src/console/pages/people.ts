// Who decides about a held request, and who has decided.
import type { Hold } from '../../policy/evaluate/people.js';
import type { Standing } from '../held.js';
import { html, type Html } from '../html.js';
import type { SignedIn } from '../page-context.js';
import type { HeldTexts } from '../texts/held.js';
import { row, timeOf } from './parts.js';

/** The hold that the policy in force keeps the request for; `undefined`: it does not. */
export function holdOf({ policy, explanation }: Standing): Hold | undefined {
  return policy.holds.get(explanation.decision.hold?.name ?? '');
}

export function peopleRow(texts: HeldTexts, standing: Standing): Html | undefined {
  const hold = holdOf(standing);
  const report = standing.explanation.decision.hold;
  if (hold === undefined || report === undefined) return undefined;
  const people = hold.of.map((key) => personText(texts, standing, key));
  return row(
    texts.people,
    html`<span class="quorum">${texts.approvals(report.approvals.length, hold.quorum)}</span>
      <ul class="plain people">
        ${people.map((each) => html`<li>${each}</li>`)}
      </ul>`,
  );
}

function personText(texts: HeldTexts, standing: Standing, key: string): Html {
  const { policy, people, explanation } = standing;
  const person = policy.approvers.get(key);
  const name = person?.name ?? key;
  const decision = people.decisions.find(({ approver }) => approver === key);
  const isExcluded = explanation.decision.hold?.excluded?.includes(key) === true;
  if (decision === undefined) {
    const state = isExcluded
      ? texts.excluded
      : person === undefined || person.passkeys.length === 0
        ? texts.noPasskey
        : texts.undecided;
    return html`<span class="person">${name}</span> <span class="muted">${state}</span>`;
  }
  const isApproval = decision.verdict === 'approve';
  const verdict = isApproval
    ? html`<span class="badge approve">${texts.approved}</span>`
    : html`<span class="badge reject">${texts.rejected}</span>`;
  return html`<span class="person">${name}</span> ${verdict}
    <span class="muted">${timeOf(Date.parse(decision.at))}</span>${
      isApproval && isExcluded && html` <span class="muted">${texts.excluded}</span>`
    }${decision.reason !== undefined && html`<span class="reason">${decision.reason}</span>`}`;
}

/** What a person may do about a request. */
export type Choice =
  { readonly may: 'decide' | 'reject' } | { readonly may: 'look'; readonly because: string };

export function choiceOf(texts: HeldTexts, standing: Standing, { key, isApprover }: SignedIn): Choice {
  const { state, explanation, people } = standing;
  const { decision } = explanation;
  const look = (because: string): Choice => ({ may: 'look', because });
  if (state.done !== undefined) return look(texts.done(state.done.action));
  if (decision.hold === undefined) return look(texts.notHeld(decision.action, decision.rule));
  if (decision.hold.state === 'expired') return look(texts.isExpired);
  const own = people.decisions.find(({ approver }) => approver === key);
  if (own !== undefined) return look(texts.decided(own.verdict));
  if (!isApprover) return look(texts.viewer);
  if (holdOf(standing)?.of.includes(key) !== true) return look(texts.notOf);
  return decision.hold.excluded?.includes(key) === true ? { may: 'reject' } : { may: 'decide' };
}
