// One held request in full, with the buttons to decide: `/holds/<requestId>`.
import type { FastifyInstance } from 'fastify';
import { MAX_REASON } from '../../approvals/signed-decision.js';
import { challengeOf } from '../../approvals/statement.js';
import { present } from '../../protocol/request.js';
import { describe } from '../describe.js';
import { heldRequest, type Standing, standingOf } from '../held.js';
import { html, type Html } from '../html.js';
import { page } from '../layout.js';
import { type ConsoleContext, languageFor, sendHtml, type SignedIn, signedInTo } from '../page-context.js';
import { type HeldTexts, heldTexts } from '../texts/held.js';
import { withoutSecrets } from '../without-secrets.js';
import { layoutTexts } from '../texts/layout.js';
import { aboutRows, headline, limitRows, row, whoRows, whyRows, inPath } from './parts.js';
import { type Choice, choiceOf, peopleRow } from './people.js';
import { timeRows } from './waiting.js';

/** How much of the hash is shown: enough to compare by eye. */
const SHOWN_DIGITS = 16;
const HASH = /^[0-9a-f]{64}$/;

export function holdPage(app: FastifyInstance, context: ConsoleContext): void {
  app.get('/holds/:requestId', async (request, reply) => {
    const language = languageFor(request);
    const texts = heldTexts[language];
    const person = signedInTo(request);
    const { requestId } = request.params as { readonly requestId: string };
    const { hash } = request.query as { readonly hash?: unknown };
    const isHash = typeof hash === 'string' && HASH.test(hash);
    const held = await heldRequest(context, requestId, isHash ? hash : undefined);
    const layout = { language, person: person.name, current: 'waiting' } as const;
    if (held === undefined) {
      const body = html`<h1>${texts.id}</h1>
        <p>${texts.gone}</p>
        <p><a href="/">${layoutTexts[language].back}</a></p>`;
      return sendHtml(reply, page({ ...layout, title: texts.id, body }), 404);
    }
    const body = content(texts, layoutTexts[language].back, await standingOf(context, held), person);
    return sendHtml(reply, page({ ...layout, title: `${texts.id} ${requestId}`, body }));
  });
}

function content(texts: HeldTexts, back: string, standing: Standing, person: SignedIn): Html {
  const { request, policy, signed, now, memory } = standing;
  const described = describe(policy, request, signed, now, memory);
  const { fee, note } = described;
  const isTransaction = request.kind === 'transaction';
  const choice = choiceOf(texts, standing, person);
  return html`<p class="back"><a href="/">← ${back}</a></p>
    <h1>${headline(texts, described, request.kind)}</h1>
    <div class="columns">
      <section class="card">
        <dl class="facts">
          ${aboutRows(texts, described, standing)}${whoRows(texts, described, standing)}${
            isTransaction &&
            row(texts.stage, texts.stages[standing.record.stage === 'signing' ? 'signing' : 'approval'])
          }${fee !== undefined && row(texts.fee, fee)}${note !== undefined && row(texts.note, html`<span class="value">${note}</span>`)}${whyRows(texts, standing)}
        </dl>
      </section>
      <section class="card">
        <div id="standing" data-live="${pathOf(standing)}" data-state="${choice.may}">
          <dl class="facts stacked">
            ${peopleRow(texts, standing)}${limitRows(texts, standing)}${timeRows(texts, standing)}
          </dl>
        </div>
        ${decisionForm(texts, standing, person, choice)}
      </section>
    </div>
    <details class="card">
      <summary>${texts.payload}</summary>
      <div class="scroll" tabindex="0" role="region" aria-label="${texts.payload}">
        <dl class="facts raw">${rawRows(standing)}</dl>
      </div>
    </details>
    <p><a href="/history/${inPath(request.requestId)}">${texts.story}</a></p>`;
}

/** Of the page, for this very content. */
export function pathOf({ request, hash }: Pick<Standing, 'request' | 'hash'>): string {
  return `/holds/${inPath(request.requestId)}?hash=${hash}`;
}

function decisionForm(texts: HeldTexts, standing: Standing, person: SignedIn, choice: Choice): Html {
  if (choice.may === 'look') return html`<p class="notice" role="status">${choice.because}</p>`;
  const { hash, request } = standing;
  const challenge = challengeOf({ verdict: 'approve', request: hash, approver: person.key }).toString('hex');
  return html`<form
    class="decide"
    data-decide="/holds/${inPath(request.requestId)}/decisions"
    data-hash="${hash}"
    data-working="${texts.working}"
    data-cancelled="${texts.cancelled}"
    data-failed="${texts.failed}"
  >
    <h2>${texts.decide}</h2>
    ${choice.may === 'reject' && html`<p class="notice">${texts.isInitiator}</p>`}
    ${
      choice.may === 'decide' &&
      html`<p class="signs">
          ${texts.signs} <code data-testid="signed-hash">${challenge.slice(0, SHOWN_DIGITS)}…</code
          ><span class="muted">${texts.signsHint}</span>
        </p>
        <p><button type="button" class="button primary" data-verdict="approve">${texts.approve}</button></p>`
    }
    <p class="field">
      <label for="reason">${texts.reason}</label
      ><input
        id="reason"
        name="reason"
        maxlength="${MAX_REASON}"
        autocomplete="off"
        aria-describedby="reason-hint"
      /><span id="reason-hint" class="muted">${texts.reasonHint}</span>
    </p>
    <p><button type="button" class="button danger" data-verdict="reject">${texts.reject}</button></p>
    <p class="message" role="status" aria-live="polite"></p>
  </form>`;
}

/** Every field as it was sent; secrets of configuration changes are not shown. */
function rawRows({ request }: Standing): readonly Html[] {
  return Object.entries(request.payload).flatMap(([name, value]) => {
    if (present(value) === undefined) return [];
    const shown = withoutSecrets(name, value);
    const text = typeof shown === 'string' ? shown : JSON.stringify(shown, withoutSecrets, 1);
    return [row(html`<code>${name}</code>`, html`<code class="value">${text}</code>`)];
  });
}
