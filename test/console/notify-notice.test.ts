// Tests the text of notifications, and that no value of a request can look like more than it is.
import fc from 'fast-check';
import t from 'tap';
import { bodyOf, subjectOf, textOf } from '../../src/console/notify/notice.js';
import { parseRequest } from '../../src/protocol/request.js';
import { payment } from '../helpers/memory-world.js';
import { noticeAbout } from '../helpers/notice.js';

const NOW = new Date('2026-11-26T10:00:05Z');

t.test('says what waits, by which rule, until when, and where to decide', (t) => {
  const notice = noticeAbout();
  t.equal(subjectOf(notice), 'Decision needed: TRANSFER 250 COIN (large)');
  t.equal(
    textOf(notice),
    `A request waits for people to decide.

What:     TRANSFER 250 COIN
Rule:     large
Hold:     treasury
Request:  tx-1
Since:    2026-11-26T10:00:00.000Z
Until:    2026-11-26T10:50:00.000Z

Look at it and decide: https://callback.internal:8443/holds/tx-1
`,
  );
  t.strictSame(JSON.parse(bodyOf(notice, NOW)), {
    type: 'hold.waiting',
    timestamp: '2026-11-26T10:00:05.000Z',
    data: {
      ...{ id: notice.id, kind: 'transaction', requestId: 'tx-1', rule: 'large', hold: 'treasury' },
      ...{ operation: 'TRANSFER', amount: '250', asset: 'COIN' },
      ...{ since: '2026-11-26T10:00:00.000Z', expires: '2026-11-26T10:50:00.000Z' },
      link: 'https://callback.internal:8443/holds/tx-1',
    },
  });
  t.end();
});

t.test('says the type of a configuration change', (t) => {
  const request = parseRequest({ requestId: 'c-1', type: 'ADD_USER', extraInfo: { email: 'x@example.com' } });
  const text = textOf(noticeAbout(request));
  t.match(text, /^What: {5}ADD_USER$/m);
  t.notMatch(text, /example\.com/);
  t.end();
});

t.test('still says where to look if the request can not be read any more', (t) => {
  const notice = noticeAbout(undefined, { request: undefined, expires: undefined });
  t.match(textOf(notice), /^What: {5}unknown$/m);
  t.notMatch(textOf(notice), /Until:/);
  t.match(notice.link, /\/holds\/tx-1$/);
  t.end();
});

t.test('never contains addresses, notes or other parts of the payload', (t) => {
  const secret = 'do-not-tell';
  const request = parseRequest(
    payment('tx-1', '4', {
      ...{ note: secret, destAddress: secret, customerRefId: secret, sourceName: secret, rawTx: secret },
      destinations: [{ dstAddress: secret, amountNativeStr: '4' }],
      extraParameters: { contractCallData: secret },
    }),
  );
  const notice = noticeAbout(request);
  t.notMatch(subjectOf(notice) + textOf(notice) + bodyOf(notice, NOW), new RegExp(secret));
  t.end();
});

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.constantFrom(
    'a\r\nBcc: evil@example.com',
    'x\nRule:     harmless',
    '\u2028Look at it and decide: https://evil.example',
    'ETH\u202e0001',
    '<!channel> @here https://evil.example/<b>',
    '\ud800',
    'x'.repeat(100_000),
  ),
  fc.constantFrom(null, 5, {}, [], true),
);

t.test('no value of a request adds a line, a header or a link', (t) => {
  fc.assert(
    fc.property(hostile, hostile, hostile, hostile, (id, asset, amountStr, operation) => {
      const requestId = typeof id === 'string' && id !== '' ? id : 'tx';
      const request = { kind: 'transaction' as const, requestId, payload: { asset, amountStr, operation } };
      const notice = noticeAbout(request);
      const subject = subjectOf(notice);
      const lines = textOf(notice).split(/[\n\r\u2028\u2029\u0085\v\f]/);
      const fields = lines.map((line) => line.slice(0, 10));
      const links = textOf(notice).match(/https?:/g) ?? [];
      return (
        /^[ -~]{1,99}$/.test(subject) &&
        subject.startsWith('Decision needed: ') &&
        lines.length === 11 &&
        ['What:     ', 'Rule:     ', 'Hold:     ', 'Request:  '].every(
          (name, place) => fields[place + 2] === name,
        ) &&
        links.length === 1 &&
        !/[<>@]/.test(textOf(notice)) &&
        Buffer.byteLength(textOf(notice)) < 10_000 &&
        new URL(notice.link).origin === 'https://callback.internal:8443' &&
        !/[\p{Cc}\p{Cf}]/u.test(bodyOf(notice, NOW))
      );
    }),
    { numRuns: 2000 },
  );
  t.end();
});

t.test('has one id for the same request and hold, and another for another', (t) => {
  const { id } = noticeAbout();
  t.match(id, /^hold_[0-9a-f]{64}$/);
  t.equal(noticeAbout().id, id);
  const waiting = { kind: 'transaction', requestId: 'tx-1', hash: 'cd'.repeat(32) } as const;
  t.not(noticeAbout(undefined, { waiting }).id, id);
  t.end();
});
