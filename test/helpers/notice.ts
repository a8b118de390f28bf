// A notice, for tests of what sends it.
import { noticeOf, type Notice, type NoticeSource } from '../../src/console/notify/notice.js';
import { type CallbackRequest, parseRequest } from '../../src/protocol/request.js';
import { ORIGIN } from './held-people.js';
import { payment } from './memory-world.js';

export function noticeAbout(
  request: CallbackRequest = parseRequest(payment('tx-1', '250')),
  more: Partial<NoticeSource> = {},
): Notice {
  const { kind, requestId } = request;
  return noticeOf({
    waiting: { kind, requestId, hash: 'ab'.repeat(32) },
    held: {
      ...{ since: Date.parse('2026-11-26T10:00:00Z'), hold: 'treasury', rule: 'large', tries: 1 },
      ...{ lastTry: 0, record: { writer: 'w', sequence: 1 } },
    },
    expires: Date.parse('2026-11-26T10:50:00Z'),
    request,
    origin: ORIGIN,
    ...more,
  });
}
