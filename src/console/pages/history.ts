// The history: filters, decisions, and files to download.
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ACTIONS } from '../../protocol/decision.js';
import { cursorText, parseCursor } from '../history/cursor.js';
import { csvOf, jsonOf } from '../history/export.js';
import {
  amountIn,
  assetIn,
  type Filter,
  filterProblem,
  FILTER_FIELDS,
  readFilter,
} from '../history/filter.js';
import { type Decided, type HistoryPage, historyPage } from '../history/read.js';
import { html, type Html } from '../html.js';
import { page } from '../layout.js';
import { type ConsoleContext, languageFor, sendHtml, signedInTo } from '../page-context.js';
import { requestOf } from '../records.js';
import { historyTexts } from '../texts/history.js';
import { badge, dataTable, storyLink, timeOf, timeText } from './table-parts.js';

type Query = Readonly<Record<string, unknown>>;
type PageTexts = (typeof historyTexts)['en'];

export function historyPages(app: FastifyInstance, context: ConsoleContext): void {
  app.get('/history', async (request, reply) => {
    const language = languageFor(request);
    const texts = historyTexts[language];
    const query = request.query as Query;
    const filter = readFilter(query);
    const problem = filterProblem(filter);
    const before = typeof query['before'] === 'string' ? parseCursor(query['before']) : undefined;
    const found = problem === undefined ? await historyPage(context, filter, before) : undefined;
    const rules = context.policy.current.rules.map(({ id }) => id);
    const body = html`<h1>${texts.title}</h1>
      <p class="muted">${texts.intro}</p>
      ${form(filter, rules, texts)} ${problem !== undefined && html`<p role="alert">${texts[problem]}</p> `}
      ${found && html`${decisionTable(found, texts)}${pager(found, filter, before !== undefined, texts)}${downloads(filter, texts)}`}`;
    const person = signedInTo(request).name;
    const status = problem === undefined ? 200 : 400;
    return sendHtml(reply, page({ language, title: texts.title, person, current: 'history', body }), status);
  });
  app.get('/history.csv', (request, reply) => {
    const filter = exported(request, reply);
    if (filter === undefined) return reply;
    return sendFile(
      reply,
      `history-${filter.day}.csv`,
      'text/csv; charset=utf-8; header=present',
      csvOf(context, filter),
    );
  });
  app.get('/history.json', (request, reply) => {
    const filter = exported(request, reply);
    if (filter === undefined) return reply;
    return sendFile(
      reply,
      `history-${filter.day}.json`,
      'application/json; charset=utf-8',
      jsonOf(context, filter),
    );
  });
}

/** @returns the filter; without a day, the reply is sent */
function exported(request: FastifyRequest, reply: FastifyReply): Filter | undefined {
  const filter = readFilter(request.query as Query);
  if (filter.day !== undefined && filterProblem(filter) === undefined) return filter;
  void reply
    .code(400)
    .type('text/plain; charset=utf-8')
    .send(`${historyTexts[languageFor(request)].exportNeedsDay}\n`);
  return undefined;
}

/** If the store fails meanwhile, the connection ends, so that half a file is not taken for a whole one. */
function sendFile(
  reply: FastifyReply,
  name: string,
  type: string,
  lines: AsyncGenerator<string>,
): FastifyReply {
  return reply
    .type(type)
    .header('content-disposition', `attachment; filename="${name}"`)
    .send(Readable.from(lines));
}

function form(filter: Filter, rules: readonly string[], texts: PageTexts): Html {
  const { action, rule, asset, day, text } = filter;
  const options = ACTIONS.map((each) =>
    each === action
      ? html`<option value="${each}" selected>${each}</option>`
      : html`<option value="${each}">${each}</option>`,
  );
  return html`<form
    class="filters card"
    method="get"
    action="/history"
    role="search"
    aria-label="${texts.filters}"
  >
    <p>
      <label for="action">${texts.action}</label>
      <select id="action" name="action">
        <option value="">${texts.anyAction}</option>
        ${options}
      </select>
    </p>
    <p>
      <label for="rule">${texts.rule}</label>
      <input id="rule" name="rule" list="rules" maxlength="300" value="${rule}" autocomplete="off" /><datalist
        id="rules"
      >
        ${rules.map((id) => html`<option value="${id}"></option>`)}
      </datalist>
    </p>
    <p>
      <label for="asset">${texts.asset}</label>
      <input id="asset" name="asset" maxlength="300" value="${asset}" autocomplete="off" />
    </p>
    <p><label for="day">${texts.day}</label> <input id="day" name="day" type="date" value="${day}" /></p>
    <p>
      <label for="text">${texts.text}</label>
      <input
        id="text"
        name="text"
        maxlength="300"
        value="${text}"
        autocomplete="off"
        aria-describedby="text-hint"
      />
      <span id="text-hint" class="muted">${texts.textHint}</span>
    </p>
    <p class="actions">
      <button class="button primary">${texts.show}</button> <a href="/history">${texts.reset}</a>
    </p>
  </form> `;
}

function decisionTable({ decisions }: HistoryPage, texts: PageTexts): Html {
  if (decisions.length === 0) return html`<p>${texts.none}</p> `;
  const head = [texts.time, texts.action, texts.rule, texts.asset, texts.amount, texts.request];
  return dataTable(texts.table, head, decisions.map(cellsOf));
}

function cellsOf({ writer, sequence, record }: Decided): readonly Html[] {
  const { at, action, rule, requestId } = record;
  const request = requestOf(record);
  return [
    timeOf(at),
    badge(action),
    html`${rule}`,
    html`${assetIn(request)}`,
    html`${amountIn(request)}`,
    storyLink(requestId, { writer, sequence }),
  ];
}

function pager({ next, isFull }: HistoryPage, filter: Filter, isLater: boolean, texts: PageTexts): Html {
  const newest = isLater && html`<a href="/history${queryOf(filter)}">${texts.newest}</a> `;
  if (next === undefined)
    return html`<nav class="pager" aria-label="${texts.pager}">
      ${newest}<span class="muted">${texts.end}</span>
    </nav> `;
  const link = `/history${queryOf(filter, { before: cursorText(next) })}`;
  const until = isFull ? undefined : html`<span>${texts.lookedUntil(timeText(next.time))}</span> `;
  return html`<nav class="pager" aria-label="${texts.pager}">
    ${newest}${until}<a href="${link}" rel="next">${isFull ? texts.older : texts.goOn}</a>
  </nav> `;
}

function downloads(filter: Filter, texts: PageTexts): Html {
  const { day } = filter;
  if (day === undefined) return html`<p class="muted">${texts.downloadHint}</p> `;
  const query = queryOf(filter);
  return html`<p>
    ${texts.download(day)}: <a href="/history.csv${query}" download>CSV</a>,
    <a href="/history.json${query}" download>JSON</a>
  </p> `;
}

function queryOf(filter: Filter, more: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams(more);
  for (const name of FILTER_FIELDS) {
    const value = filter[name];
    if (value !== undefined) query.set(name, value);
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}
