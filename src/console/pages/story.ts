// The story of one request: what was asked, what held it, who decided, and what was answered.
import type { FastifyInstance } from 'fastify';
import * as z from 'zod';
import type { RecordPlace } from '../../store/journal.js';
import type { Decided } from '../history/read.js';
import { decisionsIn, readStory, type Story } from '../history/story.js';
import { html, type Html } from '../html.js';
import { page } from '../layout.js';
import { type ConsoleContext, languageFor, sendHtml, signedInTo } from '../page-context.js';
import { historyTexts, type StoryTexts } from '../texts/history.js';
import { withoutSecrets } from '../without-secrets.js';
import { badge, dataTable, storyLink, timeOf } from './table-parts.js';

export function storyPages(app: FastifyInstance, context: ConsoleContext): void {
  // A wildcard, because ids may be longer than Fastify lets a parameter be.
  app.get('/history/*', async (request, reply) => {
    const language = languageFor(request);
    const texts = historyTexts[language].story;
    const { '*': requestId = '' } = request.params as Readonly<Record<string, string>>;
    const { record } = request.query as Readonly<Record<string, unknown>>;
    const story = await readStory(context, requestId, placeIn(record));
    const title = texts.title(requestId);
    const body =
      story === undefined
        ? html`<h1>${title}</h1>
            <p>${texts.notFound}</p> `
        : storyBody(story, texts, (key) => context.policy.current.approvers.get(key)?.name ?? key);
    const person = signedInTo(request).name;
    const status = story === undefined ? 404 : 200;
    return sendHtml(reply, page({ language, title, person, current: 'history', body }), status);
  });
}

function placeIn(text: unknown): RecordPlace | undefined {
  const match = typeof text === 'string' ? /^([0-9TZa-f-]{1,40}):(\d{1,12})$/.exec(text) : null;
  const [, writer, sequence] = match ?? [];
  return writer === undefined ? undefined : { writer, sequence: Number(sequence) };
}

type NameOf = (approver: string) => string;

function storyBody(story: Story, texts: StoryTexts, nameOf: NameOf): Html {
  const { requestId, kind, records, related, request, isIncomplete } = story;
  const txId = records.at(-1)?.record.txId;
  const json = request && JSON.stringify(request.payload, withoutSecrets, 2);
  return html`<h1>${texts.title(requestId)}</h1>
    <p>
      ${texts.kind}: ${texts[kind]}${txId !== undefined && html` <span class="muted">txId ${txId}</span>`}
    </p>
    <h2>${texts.timeline}</h2>
    <ol class="timeline card">
      ${eventsOf(story, texts, nameOf).map(
        ({ time, what }) =>
          html`<li>
            <div>${timeOf(time)}</div>
            <div>${what}</div>
          </li> `,
      )}
    </ol>
    ${isIncomplete && html`<p>${texts.recordGone}</p> `}${
      related.length > 0 &&
      html`<h2>${texts.related}</h2>
        <ul>
          ${related.map((id) => html`<li>${storyLink(id)}</li>`)}
        </ul> `
    }${records.map((each) => limitsOf(each, texts))}
    <h2>${texts.request}</h2>
    ${json === undefined ? html`<p>${texts.requestUnreadable}</p>` : html`<pre class="text">${json}</pre>`}
    ${records.map((each) => proofOf(each, texts))}`;
}

interface Event {
  /** Unix time in ms. */
  readonly time: number;
  readonly what: Html;
}

function eventsOf(story: Story, texts: StoryTexts, nameOf: NameOf): readonly Event[] {
  const { records, holds, requestId } = story;
  const first = new Map<string, number>();
  for (const { record } of records) {
    const { stage, at } = record;
    if (!first.has(stage)) first.set(stage, Date.parse(at));
  }
  const asked = [...first].map(([stage, time]) => ({
    time,
    what: html`${texts.asked(stageText(stage, texts))}`,
  }));
  const decided = decisionsIn(records).map(({ approver, verdict, reason, at }) => {
    const by = verdict === 'approve' ? texts.approvedBy : texts.rejectedBy;
    return { time: Date.parse(at), what: html`${by(nameOf(approver))}${reasonText(reason, texts)}` };
  });
  const open = holds
    .filter(({ done }) => done === undefined)
    .map(({ tries, lastTry }) => ({ time: lastTry, what: waitingText(requestId, tries, texts) }));
  const answered = records.map((each) => ({
    time: Date.parse(each.record.at),
    what: answerText(each, story, texts),
  }));
  return [...asked, ...decided, ...answered, ...open].sort((a, b) => a.time - b.time);
}

function answerText({ writer, sequence, record }: Decided, { holds }: Story, texts: StoryTexts): Html {
  const { action, rule = '', reason, ruleError, stage } = record;
  const held = holds.find(({ record: place }) => place.writer === writer && place.sequence === sequence);
  if (held !== undefined && action === 'RETRY') return html`${texts.held(rule, held.hold)}`;
  const tries = holds.find(({ done }) => done?.at === Date.parse(record.at))?.tries;
  return html`${texts.answered(stageText(stage, texts))}
  ${badge(action)}${rule !== '' && html` ${texts.byRule(rule)}`}${reasonText(reason, texts)}${ruleError !== undefined && html`<br />${texts.ruleError}: ${ruleError}`}${tries !== undefined && html`<br /><span class="muted">${texts.tried(tries)}</span>`}`;
}

function waitingText(requestId: string, tries: number, texts: StoryTexts): Html {
  const link =
    requestId.isWellFormed() &&
    html` <a href="/holds/${encodeURIComponent(requestId)}">${texts.openHold}</a>`;
  return html`${texts.stillHeld(tries)}${link}`;
}

function reasonText(reason: string | undefined, texts: StoryTexts): Html | undefined {
  return reason === undefined ? undefined : html`<br />${texts.reason}: ${reason}`;
}

function stageText(stage: string, texts: StoryTexts): string {
  return stage === 'signing' ? texts.signing : stage === 'approval' ? texts.approval : stage;
}

const LIMITS = z.record(
  z.string(),
  z.object({ key: z.string(), amount: z.string(), spent: z.string(), max: z.string() }),
);

/** Where the limits stood when it was decided. */
function limitsOf({ record }: Decided, texts: StoryTexts): Html | undefined {
  const limits = Object.entries(LIMITS.safeParse(record.limits).data ?? {});
  if (limits.length === 0) return undefined;
  const label = `${texts.limits} (${stageText(record.stage, texts)}, ${record.action})`;
  const head = [texts.limit, texts.key, texts.spent, texts.added, texts.max];
  const rows = limits.map(([name, { key, amount, spent, max }]) => [name, key, spent, amount, max]);
  return html`<h2>${label}</h2>
    ${dataTable(label, head, rows)}`;
}

function proofOf({ writer, sequence, record }: Decided, texts: StoryTexts): Html {
  const { policy } = record;
  return html`<p class="muted">
    ${texts.record}: ${writer} / ${sequence}${policy !== undefined && html`<br />${texts.policy}: ${policy}`}
  </p> `;
}
