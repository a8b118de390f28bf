// The limits of the policy in force, and how much of each is spent.
import type { FastifyInstance } from 'fastify';
import type { Window } from '../../policy/limits/window.js';
import { grouped } from '../describe.js';
import { type Content, html, type Html } from '../html.js';
import { page } from '../layout.js';
import { type LimitRows, limitRows, type Lookup, MAX_ROWS, type Spent } from '../limits/read.js';
import { type ConsoleContext, languageFor, sendHtml, signedInTo } from '../page-context.js';
import { limitsTexts } from '../texts/limits.js';
import { badge, dataTable, timeOf } from './table-parts.js';

type PageTexts = (typeof limitsTexts)['en'];

/** From this share on, a bar shows that little is left. */
const HIGH = 0.9;
const MINUTE_MS = 60_000;
const [MINUTES_A_DAY, MINUTES_AN_HOUR] = [1440, 60];

export function limitsPages(app: FastifyInstance, context: ConsoleContext): void {
  app.get('/limits', async (request, reply) => {
    const language = languageFor(request);
    const texts = limitsTexts[language];
    const lookup = lookupIn(request.query as Readonly<Record<string, unknown>>);
    const { limits } = context.policy.current;
    const found = await limitRows(context, limits, context.now(), lookup);
    const body = html`<h1>${texts.title}</h1>
      <p class="muted">${texts.intro}</p>
      ${limits.length === 0 && html`<p>${texts.none}</p> `}${found.map((each) => section(each, lookup, texts))}`;
    const person = signedInTo(request).name;
    return sendHtml(reply, page({ language, title: texts.title, person, current: 'limits', body }));
  });
}

function lookupIn({ limit, key }: Readonly<Record<string, unknown>>): Lookup | undefined {
  if (typeof limit !== 'string' || typeof key !== 'string' || key === '' || key.length > 1000)
    return undefined;
  return { limit, key };
}

function section(found: LimitRows, lookup: Lookup | undefined, texts: PageTexts): Html {
  const { limit, rows, isCut } = found;
  const { name, per, amount, when, window, over } = limit;
  const head = [texts.key, texts.spent, texts.remaining, texts.max, texts.share, texts.frees];
  return html`<section class="card limit">
    <h2>${name}</h2>
    <p>
      ${texts.window}: ${windowText(window, texts)}. ${texts.counts}:
      ${amount === undefined ? texts.transactions : html`<code>${amount.source}</code>`}.
      ${per.length > 0 && html`${texts.per}: <code>${sourceOf(found)}</code>. `}${when !== undefined && html`${texts.when}: <code>${when.source}</code>. `}${texts.over}
      ${badge(over)}
    </p>
    ${
      rows.length === 0
        ? html`<p>${texts.noKeys}</p> `
        : dataTable(
            name,
            head,
            rows.map((row) => cellsOf(row, texts)),
          )
    }${isCut && html`<p>${texts.cut(MAX_ROWS)}</p> `}${per.length > 0 && lookupForm(found, lookup, texts)}
  </section> `;
}

function cellsOf({ key, spent, remaining, max, share, frees }: Spent, texts: PageTexts): readonly Content[] {
  const percent = `${Math.floor(share * 100)} %`;
  const name = key === '' ? texts.total : key;
  const bar = html`<meter
      class="meter"
      min="0"
      max="1"
      low="${HIGH}"
      high="${HIGH}"
      optimum="0"
      value="${Math.min(1, share)}"
      aria-label="${name}"
    >
      ${percent}
    </meter>
    ${percent}`;
  return [
    name,
    spent === undefined ? texts.unreadable : grouped(spent.toFixed()),
    remaining && grouped(remaining.toFixed()),
    max === undefined ? texts.noMax : grouped(max.toFixed()),
    spent !== undefined && max !== undefined && bar,
    frees && html`${timeOf(frees.at)}: ${frees.amount.toFixed()}`,
  ];
}

function lookupForm(found: LimitRows, lookup: Lookup | undefined, texts: PageTexts): Html {
  const { name } = found.limit;
  const value = lookup?.limit === name ? lookup.key : undefined;
  return html`<form class="filters" method="get" action="/limits" aria-label="${texts.lookup(name)}">
    <input type="hidden" name="limit" value="${name}" />
    <p>
      <label for="key-${name}">${texts.lookupKey(sourceOf(found))}</label>
      <input
        id="key-${name}"
        name="key"
        maxlength="1000"
        value="${value}"
        autocomplete="off"
        aria-describedby="hint-${name}"
      />
      <span id="hint-${name}" class="muted">${texts.lookupHint}</span>
    </p>
    <p><button class="button">${texts.show}</button></p>
  </form> `;
}

function sourceOf({ limit: { per } }: LimitRows): string {
  return per.map(({ source }) => source).join(' / ');
}

function windowText(window: Window, texts: PageTexts): string {
  if (window.type === 'calendar') return texts.calendar(window.calendar, window.zone);
  const minutes = window.ms / MINUTE_MS;
  const [days, rest] = [Math.floor(minutes / MINUTES_A_DAY), minutes % MINUTES_A_DAY];
  return texts.sliding(days, Math.floor(rest / MINUTES_AN_HOUR), rest % MINUTES_AN_HOUR);
}
