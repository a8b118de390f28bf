// The policy in force, for people: who may do what, its warnings, and its text; and the candidate.
import type { FastifyInstance } from 'fastify';
import type { Person } from '../../policy/evaluate/people.js';
import type { Policy, Rule } from '../../policy/evaluate/policy.js';
import { html, type Html } from '../html.js';
import { page } from '../layout.js';
import { type ConsoleContext, languageFor, sendHtml, signedInTo } from '../page-context.js';
import { ruleChanges } from '../policy/difference.js';
import { numbered } from '../policy/numbered.js';
import { policyTexts } from '../texts/policy.js';
import { badge, dataTable } from './table-parts.js';

type PageTexts = (typeof policyTexts)['en'];

const MINUTE_MS = 60_000;

export function policyPages(app: FastifyInstance, context: ConsoleContext): void {
  app.get('/policy', (request, reply) => {
    const language = languageFor(request);
    const texts = policyTexts[language];
    const policy = context.policy.current;
    const body = html`<h1>${texts.title}</h1>
      <h2>${texts.inForce}</h2>
      ${summary(policy, texts)} ${warnings(policy, texts.warnings, texts)}
      <h2>${texts.approvers}</h2>
      ${people(texts.approvers, policy.approvers, texts)}
      <h2>${texts.viewers}</h2>
      ${people(texts.viewers, policy.viewers, texts)}
      <h2>${texts.holds}</h2>
      ${holds(policy, texts)}
      <h2>${texts.text}</h2>
      <pre class="text" tabindex="0">${numbered(policy.text)}</pre>
      <h2>${texts.candidate}</h2>
      ${candidate(policy, context.candidate.current, texts)}`;
    const person = signedInTo(request).name;
    return sendHtml(reply, page({ language, title: texts.title, person, current: 'policy', body }));
  });
}

function summary({ hash, rules, limits, otherwise, onError }: Policy, texts: PageTexts): Html {
  return html`<p>
    ${texts.hash}: <code>${hash}</code><br />
    ${texts.size(rules.length, limits.length)}<br />
    ${texts.otherwise}: ${badge(otherwise)} ${texts.onError}: ${badge(onError)}
  </p> `;
}

function warnings({ warnings }: Policy, label: string, texts: PageTexts): Html {
  if (warnings.length === 0) return html`<p>${texts.noWarnings}</p> `;
  const rows = warnings.map(({ line, message, advice }) => [
    line,
    html`${message}${advice !== undefined && html`<br /><span class="muted">${advice}</span>`}`,
  ]);
  return html`<h3>${texts.warnings}</h3>
    ${dataTable(label, [texts.line, texts.warning], rows)}`;
}

function people(label: string, persons: ReadonlyMap<string, Person>, texts: PageTexts): Html {
  if (persons.size === 0) return html`<p>${texts.nobody}</p> `;
  const rows = [...persons].map(([key, { name, passkeys }]) => [key, name, passkeys.length]);
  return dataTable(label, [texts.key, texts.name, texts.passkeys], rows);
}

function holds({ holds, approvers }: Policy, texts: PageTexts): Html {
  if (holds.size === 0) return html`<p>${texts.noHolds}</p> `;
  const names = (keys: readonly string[]): string =>
    keys.map((key) => approvers.get(key)?.name ?? key).join(', ');
  const head = [texts.hold, texts.of, texts.quorum, texts.expires, texts.onExpiry, texts.notInitiator];
  const rows = [...holds.values()].map(({ name, of, quorum, expiresMs, onExpiry, notInitiator }) => [
    ...[name, names(of), quorum, texts.minutes(expiresMs / MINUTE_MS), badge(onExpiry), names(notInitiator)],
  ]);
  return dataTable(texts.holds, head, rows);
}

function candidate(policy: Policy, other: Policy | undefined, texts: PageTexts): Html {
  if (other === undefined) return html`<p>${texts.noCandidate}</p> `;
  const isSame = other.hash === policy.hash;
  return html`<p>${texts.candidateIntro}</p>
    ${summary(other, texts)}
    ${
      isSame
        ? html`<p>${texts.sameAsInForce}</p>`
        : html`${warnings(other, `${texts.candidate}: ${texts.warnings}`, texts)}
            <h3>${texts.difference}</h3>
            ${difference(policy, other, texts)}
            <h3>${texts.candidateText}</h3>
            <pre class="text" tabindex="0">${numbered(other.text)}</pre>`
    } `;
}

/** Each rule that is not the same: how it is, and how it would be. */
function difference(policy: Policy, other: Policy, texts: PageTexts): Html {
  const changes = ruleChanges(policy, other);
  if (changes.length === 0) return html`<p>${texts.sameRules}</p> `;
  const head = [texts.rule, texts.change, texts.before, texts.after];
  const rows = changes.map(({ id, change, before, after }) => [
    id,
    texts[change],
    change === 'moved' ? undefined : before && ruleText(before),
    change === 'moved' ? undefined : after && ruleText(after),
  ]);
  return dataTable(texts.difference, head, rows);
}

function ruleText({ when, action, hold, reason }: Rule): Html {
  return html`${badge(action)}${hold !== undefined && html` ${hold}`}<br /><code>${when}</code
    >${reason !== undefined && html`<br />${reason}`}`;
}
