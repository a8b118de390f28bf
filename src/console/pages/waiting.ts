// The list of requests that wait for people: `/`, and the same list alone for the page that updates itself.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { describe } from '../describe.js';
import { type Standing, standingOf, waitingPage } from '../held.js';
import { html, type Html } from '../html.js';
import { page } from '../layout.js';
import { type ConsoleContext, languageFor, sendHtml, signedInTo } from '../page-context.js';
import { type HeldTexts, heldTexts } from '../texts/held.js';
import { aboutRows, headline, limitRows, row, timeOf, whoRows, whyRows, inPath } from './parts.js';
import { peopleRow } from './people.js';

/** A sort key of the list, as a link has it. */
const BEFORE = /^\d{14}#[0-9a-f]{64}$/;

export function waitingPages(app: FastifyInstance, context: ConsoleContext): void {
  app.get('/', async (request, reply) => {
    const language = languageFor(request);
    const texts = heldTexts[language];
    const list = await waitingList(context, request);
    const body = html`<h1>${texts.title}</h1>
      <p class="visually-hidden" role="status" id="list-status" data-changed="${texts.updated}"></p>
      <div id="waiting" data-live="${isFirst(request) ? '/fragments/waiting' : ''}">${list}</div>`;
    const { name: person } = signedInTo(request);
    return sendHtml(reply, page({ language, title: texts.title, person, current: 'waiting', body }));
  });
  app.get('/fragments/waiting', async (request, reply) =>
    sendHtml(reply, await waitingList(context, request)),
  );
}

function isFirst(request: FastifyRequest): boolean {
  return beforeIn(request) === undefined;
}

function beforeIn({ query }: FastifyRequest): string | undefined {
  const { before } = query as { readonly before?: unknown };
  return typeof before === 'string' && BEFORE.test(before) ? before : undefined;
}

async function waitingList(context: ConsoleContext, request: FastifyRequest): Promise<Html> {
  const texts = heldTexts[languageFor(request)];
  const { held, next } = await waitingPage(context, beforeIn(request));
  const standings = await Promise.all(held.map((each) => standingOf(context, each)));
  if (standings.length === 0 && isFirst(request)) {
    return html`<div class="empty">
      <p>${texts.nothing}</p>
      <p class="muted">${texts.nothingHint}</p>
    </div>`;
  }
  return html`<p class="muted">${texts.count(standings.length, next !== undefined || !isFirst(request))}</p>
    <ul class="cards">
      ${standings.map((standing) => html`<li>${card(texts, standing)}</li>`)}
    </ul>
    <nav class="pager" aria-label="${texts.title}">
      ${!isFirst(request) && html`<a href="/">${texts.newest}</a>`}${
        next !== undefined && html`<a href="/?before=${encodeURIComponent(next)}">${texts.older}</a>`
      }
    </nav>`;
}

function card(texts: HeldTexts, standing: Standing): Html {
  const { request, policy, signed, now, memory, hash } = standing;
  const described = describe(policy, request, signed, now, memory);
  const href = `/holds/${inPath(request.requestId)}?hash=${hash}`;
  return html`<article class="card" aria-labelledby="h-${hash}">
    <h2 id="h-${hash}"><a href="${href}">${headline(texts, described, request.kind)}</a></h2>
    <div class="split">
      <dl class="facts">
        ${aboutRows(texts, described, standing)}${whoRows(texts, described, standing)}${whyRows(texts, standing)}
      </dl>
      <dl class="facts stacked">
        ${peopleRow(texts, standing)}${limitRows(texts, standing)}${timeRows(texts, standing)}
      </dl>
    </div>
    <p><a class="button" href="${href}" aria-describedby="h-${hash}">${texts.open}</a></p>
  </article>`;
}

export function timeRows(texts: HeldTexts, { state, request, explanation }: Standing): readonly Html[] {
  const expires = Date.parse(explanation.decision.hold?.expires ?? '');
  return [
    ...(Number.isNaN(expires) || state.done !== undefined
      ? []
      : [row(texts.timeLeft, timeOf(expires, { countdown: texts.expired }))]),
    row(texts.id, html`<code class="address">${request.requestId}</code>`),
    row(texts.asked(state.tries), html`${texts.lastAsked} ${timeOf(state.lastTry)}`),
  ];
}
