import t from 'tap';
import { assertAllowed, toAnswer } from '../../src/protocol/decision.js';
import { Refusal } from '../../src/protocol/refusal.js';
import { isSigning, parseJson, parseRequest } from '../../src/protocol/request.js';
import { samplePayload } from '../../cli/cosigner/request.js';

t.test('parses the published payloads, including unknown fields', (t) => {
  const payload = { ...samplePayload('transaction'), brandNew: { x: 1 } };
  t.strictSame(parseRequest(payload).payload, payload);
  t.end();
});

t.test('treats a payload with type, but without operation or txId, as a configuration change', (t) => {
  t.equal(parseRequest(samplePayload('transaction')).kind, 'transaction');
  t.equal(parseRequest(samplePayload('configuration')).kind, 'configuration');
  t.equal(parseRequest({ requestId: 'r', type: 'X', txId: 't' }).kind, 'transaction');
  t.equal(parseRequest({ requestId: 'r', type: 'X', operation: 'RAW' }).kind, 'transaction');
  t.equal(parseRequest({ requestId: 'r' }).kind, 'transaction');
  t.end();
});

t.test('refuses a payload that does not match the path, because the path is not signed', (t) => {
  const transaction = samplePayload('transaction');
  const change = samplePayload('configuration');
  t.throws(() => parseRequest(transaction, 'configuration'), { code: 'malformed_request' });
  t.throws(() => parseRequest({ requestId: 'r', txId: 't', type: 'X' }, 'configuration'), {
    code: 'malformed_request',
  });
  t.throws(() => parseRequest(change, 'transaction'), { code: 'malformed_request' });
  t.equal(
    parseRequest({ requestId: 'r' }, 'configuration').kind,
    'configuration',
    'the kind of the path, if the payload does not indicate one',
  );
  t.end();
});

t.test('refuses a payload without a string requestId', (t) => {
  for (const payload of [{}, { requestId: 1 }, { requestId: null }, { requestId: '' }, [], 'r', null, 7]) {
    t.throws(() => parseRequest(payload), { code: 'malformed_request' }, JSON.stringify(payload));
  }
  t.end();
});

t.test('refuses a body that is not UTF-8-encoded JSON', (t) => {
  t.strictSame(parseJson(Buffer.from('{"a":1}')), { a: 1 });
  t.throws(() => parseJson(Buffer.from('{')), Refusal);
  t.throws(() => parseJson(Buffer.from([0x22, 0xff, 0x22])), { code: 'malformed_request' });
  t.end();
});

t.test('recognizes a signing request by its fee or a display address', (t) => {
  const signing = (payload: object): boolean => isSigning(parseRequest({ requestId: 'r', ...payload }));
  t.ok(signing({ txId: 't', fee: '0.1' }));
  t.ok(signing({ txId: 't', destinations: [{}, { displayDstAddress: '0x1' }] }));
  t.notOk(signing({ txId: 't', destinations: [{ dstAddress: '0x1' }, null, 3] }));
  t.notOk(signing({ txId: 't', destinations: 'none' }));
  t.notOk(signing({ type: 'ADD_USER', fee: '0.1' }), 'a configuration change is never a signing request');
  t.end();
});

t.test('sends the reason with REJECT only', (t) => {
  t.strictSame(toAnswer({ action: 'REJECT', reason: 'no' }, 'r'), {
    action: 'REJECT',
    requestId: 'r',
    rejectionReason: 'no',
  });
  t.strictSame(toAnswer({ action: 'REJECT' }, 'r'), { action: 'REJECT', requestId: 'r' });
  t.strictSame(toAnswer({ action: 'APPROVE', reason: 'fine' }, 'r'), { action: 'APPROVE', requestId: 'r' });
  t.end();
});

t.test('allows IGNORE for approval requests, but not for signing requests', (t) => {
  const approval = parseRequest({ requestId: 'r', txId: 't' });
  const signing = parseRequest({ requestId: 'r', txId: 't', fee: '1' });
  t.doesNotThrow(() => assertAllowed({ action: 'IGNORE' }, approval));
  t.throws(() => assertAllowed({ action: 'IGNORE' }, signing), /signing request/);
  t.throws(() => assertAllowed({ action: 'approve' } as never, approval), /not one of APPROVE/);
  t.end();
});
