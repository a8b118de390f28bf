// The notification about a request that waits for them: enough to know whether to look, and where.
import { createHash } from 'node:crypto';
import type { HeldState, Waiting } from '../../memory/held.js';
import type { CallbackRequest } from '../../protocol/request.js';
import { cleaned, summaryOf, summaryText, type Summary } from './summary.js';

export interface Notice extends Summary {
  /** The same each time that people are notified of the same: receivers can drop what they have already. */
  readonly id: string;
  readonly kind: Waiting['kind'];
  readonly requestId: string;
  readonly rule: string;
  readonly hold: string;
  /** ISO 8601 in UTC: when it was first held, and until when people can decide. */
  readonly since: string;
  readonly expires?: string;
  /** Of the request in the console. */
  readonly link: string;
}

/** What a notice is made of. */
export interface NoticeSource {
  readonly waiting: Waiting;
  readonly held: HeldState;
  /** Unix time in ms. */
  readonly expires: number | undefined;
  readonly request: CallbackRequest | undefined;
  /** Of the console, such as `https://callback.internal:8443`. */
  readonly origin: string;
}

/** Maximum lengths in characters. */
const MAX_ID = 120;
const MAX_NAME = 100;
const MAX_LINK = 1500;
/** SNS demands less than 100. */
const MAX_SUBJECT = 99;

export function noticeOf({ waiting, held, expires, request, origin }: NoticeSource): Notice {
  const { kind, requestId, hash } = waiting;
  return {
    id: `hold_${createHash('sha256')
      .update(JSON.stringify([hash, held.hold]))
      .digest('hex')}`,
    kind,
    requestId: cleaned(requestId, MAX_ID),
    rule: cleaned(held.rule, MAX_NAME),
    hold: cleaned(held.hold, MAX_NAME),
    ...summaryOf(request),
    since: new Date(held.since).toISOString(),
    ...(expires !== undefined && { expires: new Date(expires).toISOString() }),
    link: linkTo(origin, requestId),
  };
}

/** A request with an enormous id is found in the console's list. */
function linkTo(origin: string, requestId: string): string {
  const link = `${origin}/holds/${encodeURIComponent(requestId.toWellFormed())}`;
  return link.length > MAX_LINK ? `${origin}/` : link;
}

/** ASCII in one line. Only names of the policy and what `summaryOf` lets through stand in it. */
export function subjectOf(notice: Notice): string {
  const text = `Decision needed: ${summaryText(notice)} (${notice.rule})`;
  return text.replaceAll(/[^ -~]+/g, '?').slice(0, MAX_SUBJECT);
}

/** Each value is one line, so that none of them can look like another field. */
export function textOf(notice: Notice): string {
  const { requestId, rule, hold, since, expires, link } = notice;
  return [
    'A request waits for people to decide.',
    '',
    `What:     ${summaryText(notice)}`,
    `Rule:     ${rule}`,
    `Hold:     ${hold}`,
    // Without what a mail program would make a link of.
    `Request:  ${requestId.replaceAll(/[^\w +-]/g, '?')}`,
    `Since:    ${since}`,
    ...(expires === undefined ? [] : [`Until:    ${expires}`]),
    '',
    `Look at it and decide: ${link}`,
    '',
  ].join('\n');
}

/** The body of a webhook. @param now when it is sent */
export function bodyOf(notice: Notice, now: Date): string {
  return JSON.stringify({ type: 'hold.waiting', timestamp: now.toISOString(), data: notice });
}
