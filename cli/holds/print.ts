// Prints the requests that wait for people.
import { summaryText } from '../../src/console/notify/summary.js';
import { printable, shortened, tableLines } from '../policy/table.js';
import { count, type Output, painter } from '../terminal.js';
import type { ListedDecision, ListedRequest } from './waiting.js';

const MINUTE_MS = 60_000;
/** Widths of columns, in characters. */
const ID_WIDTH = 60;
const NAME_WIDTH = 40;

/** A table, and what people gave as reasons below it. */
export function waitingLines(
  requests: readonly ListedRequest[],
  now: Date,
  stdout: Output,
): readonly string[] {
  if (requests.length === 0) return ['nothing waits for people'];
  const paint = painter(stdout);
  const head = ['since', 'left', 'request', 'rule', 'hold', 'what', 'asked', 'decided'];
  const rows = requests.map((request) => rowOf(request, now).map(printable));
  const [first = '', ...lines] = tableLines([head, ...rows], [1, 6]);
  const notes = requests.flatMap(notesOn).map(printable);
  return [
    paint('bold', first),
    ...lines,
    '',
    ...notes.map((note) => paint('yellow', note)),
    `${count(requests.length, 'request')}; people decide in the console`,
  ];
}

function rowOf(request: ListedRequest, now: Date): readonly string[] {
  const { held, expires, requestId, summary } = request;
  return [
    isoSeconds(held.since),
    leftUntil(expires, now),
    shortened(requestId, ID_WIDTH),
    shortened(held.rule, NAME_WIDTH),
    shortened(held.hold, NAME_WIDTH),
    summaryText(summary),
    String(held.tries),
    decidedText(request),
  ];
}

function leftUntil(expires: number | undefined, now: Date): string {
  if (expires === undefined) return '';
  const minutes = Math.floor((expires - now.getTime()) / MINUTE_MS);
  if (expires <= now.getTime()) return 'expired';
  return minutes === 0 ? '<1m' : `${minutes}m`;
}

/** Such as `1 of 2: alice`. */
function decidedText({ decisions, quorum }: ListedRequest): string {
  const verified = decisions.filter(({ problem }) => problem === undefined);
  const names = (wanted: ListedDecision['verdict']): string =>
    verified.flatMap(({ approver, verdict }) => (verdict === wanted ? [approver] : [])).join(', ');
  const [approvals, rejections] = [names('approve'), names('reject')];
  const approved = verified.filter(({ verdict }) => verdict === 'approve').length;
  const unverified = decisions.length - verified.length;
  return [
    `${approved} of ${quorum ?? '?'}${approvals === '' ? '' : `: ${approvals}`}`,
    ...(rejections === '' ? [] : [`rejected by ${rejections}`]),
    ...(unverified === 0 ? [] : [`${unverified} not verified`]),
  ].join('; ');
}

function notesOn({ requestId, decisions }: ListedRequest): readonly string[] {
  const id = shortened(requestId, ID_WIDTH);
  return decisions.flatMap(({ approver, reason, problem }) => {
    if (problem !== undefined) return [`${id}: the decision of ${approver} is not verified: ${problem}`];
    return reason === undefined ? [] : [`${id}: ${approver} says: ${reason}`];
  });
}

/** For programs. */
export function toJson(request: ListedRequest): object {
  const { requestId, kind, hash, held, expires, summary, quorum, decisions } = request;
  return {
    ...{ requestId, kind, hash, since: new Date(held.since).toISOString() },
    expires: expires === undefined ? null : new Date(expires).toISOString(),
    ...{ rule: held.rule, hold: held.hold },
    ...{ operation: summary.operation, amount: summary.amount ?? null, asset: summary.asset ?? null },
    ...{ tries: held.tries, lastTry: new Date(held.lastTry).toISOString(), quorum: quorum ?? null },
    decisions: decisions.map(({ problem, ...said }) => ({
      ...said,
      verified: problem === undefined,
      ...(problem !== undefined && { problem }),
    })),
  };
}

function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
