import t from 'tap';
import { assertAllowed, toAnswer } from '../../src/protocol/decision.js';
import { codeOf } from '../../src/protocol/error.js';
import { Refusal } from '../../src/protocol/refusal.js';
import { isSigning, parseJson, parseRequest } from '../../src/protocol/request.js';
import { samplePayload } from '../../cli/cosigner/request.js';

t.test('parses the published payloads, including unknown fields', (t) => {
  const payload = { ...samplePayload('transaction'), brandNew: { x: 1 } };
  t.strictSame(parseRequest(payload).payload, payload);
  t.end();
});

const PATHS = ['transaction', 'configuration', undefined] as const;

/** The kind that a payload has on the paths for transactions, for configuration changes, and for both. */
function kindsOf(payload: Record<string, unknown>): readonly string[] {
  return PATHS.map((path) => {
    try {
      return parseRequest({ requestId: 'r', ...payload }, path).kind;
    } catch (error) {
      return codeOf(error) ?? 'unexpected error';
    }
  });
}

const TRANSACTION = ['transaction', 'malformed_request', 'transaction'];
const CONFIGURATION = ['malformed_request', 'configuration', 'configuration'];
const REFUSED = ['malformed_request', 'malformed_request', 'malformed_request'];
const TRANSFER = { asset: 'ETH', amountStr: '1', destinations: [{ dstId: '1' }] };
const CHANGE_WITH_TX_ID = { type: 'ENABLE_ONE_TIME_ADDRESS', txId: 't', extraInfo: {} };

const kinds: readonly (readonly [string, Record<string, unknown>, readonly string[]])[] = [
  ['the published transaction', samplePayload('transaction'), TRANSACTION],
  ['the published configuration change', samplePayload('configuration'), CONFIGURATION],
  ['a configuration change with a txId', CHANGE_WITH_TX_ID, CONFIGURATION],
  ['a configuration change of an unknown type', { type: 'NEW' }, CONFIGURATION],
  ['a configuration change without a type', { extraInfo: { subType: 'X' } }, CONFIGURATION],
  ['a transaction without operation and txId', TRANSFER, TRANSACTION],
  ['a transaction with one known field', { rawTx: [{}] }, TRANSACTION],
  ['a transaction with an empty type', { ...TRANSFER, type: '' }, TRANSACTION],
  ['a transaction whose type is null', { operation: 'RAW', type: null }, TRANSACTION],
  ['a configuration change with an empty operation', { type: 'X', operation: '' }, CONFIGURATION],
  [
    'a configuration change with a null amount',
    { type: 'X', amountStr: null, destinations: [] },
    CONFIGURATION,
  ],
  ['a payload with only a requestId', {}, TRANSACTION],
  ['a payload with only a txId', { txId: 't', type: '', extraInfo: {} }, TRANSACTION],
  ['a transaction with an unknown field named type', { type: 'X', operation: 'TRANSFER' }, TRANSACTION],
  ['an operation together with extraInfo', { operation: 'RAW', extraInfo: { tag: 'x' } }, REFUSED],
  ['a type together with an amount', { type: 'X', amountStr: '1' }, REFUSED],
  ['a type together with a fee', { type: 'ADD_USER', fee: '0.1' }, REFUSED],
  ['a type together with destinations', { type: 'X', destinations: [{}] }, REFUSED],
];

for (const [what, payload, expected] of kinds) {
  t.test(`takes the kind from the signed payload, not from the path: ${what}`, (t) => {
    t.strictSame(kindsOf(payload), expected);
    t.end();
  });
}

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
  t.ok(signing({ fee: '0.1', destinations: [{ dstAddress: '0x1' }] }), 'approval and signing at once');
  const change = { kind: 'configuration', requestId: 'r', payload: { fee: '0.1' } } as const;
  t.notOk(isSigning(change), 'a configuration change is never a signing request');
  t.end();
});

t.test('null and an empty string do not make a signing request', (t) => {
  const signing = (payload: object): boolean => isSigning(parseRequest({ requestId: 'r', ...payload }));
  for (const absent of [null, '', undefined]) {
    t.notOk(signing({ fee: absent, destinations: [{ displayDstAddress: absent }] }), String(absent));
    t.ok(signing({ fee: absent, destinations: [{ displayDstAddress: absent }, { displayDstAddress: 'x' }] }));
  }
  t.notOk(signing({ destinations: [{ displayDstAddress: ' ' }] }), 'spaces are no part of an address');
  for (const fee of ['0', 0, false, ' ', {}]) t.ok(signing({ fee }), JSON.stringify(fee));
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
