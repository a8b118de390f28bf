import t from 'tap';
import { samplePayload } from '../../../cli/cosigner/request.js';
import { recordFacts } from '../../../src/policy/evaluate/record.js';
import { request } from '../../helpers/policy.js';

t.test('records all facts of a transaction and nothing else', (t) => {
  const payload = samplePayload('transaction');
  const { facts, omitted } = recordFacts(request({ ...payload, players: ['p'], unknown: 'x' }));
  t.equal(omitted, undefined);
  t.match(facts, { amountStr: '0.010000000000000000', fee: String, destAddress: String, requestId: String });
  t.strictSame(facts['destinations'], [
    {
      displayDstAddress: '0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8',
      dstAddressType: 'WHITELISTED',
      dstType: 'VAULT',
      dstSubType: '',
      dstId: '1',
      dstWalletId: '',
      dstName: 'Network Deposits',
      amountNativeStr: '0.01',
      amountUSD: 18.74292937,
    },
  ]);
  for (const field of ['players', 'unknown', 'amount']) t.notOk(field in facts, field);
  t.end();
});

t.test('records what is signed, so that a replay can read it again', (t) => {
  const extraParameters = {
    contractCallData: '0xab',
    rawMessageData: { messages: [{ content: { a: 1 } }] },
    psbt: 'x',
  };
  const { facts, omitted } = recordFacts(
    request({
      rawTx: [
        { rawTx: '02', payload: 'ab', keyDerivationPath: '[ 44 ]', other: 'x' },
        { rawTx: { a: 'SECRET' } },
        5,
      ],
      extraParameters,
    }),
  );
  t.strictSame(facts, {
    requestId: 'r-1',
    rawTx: [{ rawTx: '02', payload: 'ab', keyDerivationPath: '[ 44 ]' }, { rawTx: {} }, null],
    extraParameters,
  });
  t.equal(omitted, undefined);
  t.end();
});

t.test('leaves out what is signed, and nothing else, if it is too large for a log line', (t) => {
  const rawTx = [{ rawTx: 'ab'.repeat(150_000) }];
  const extraParameters = { contractCallData: '0xab' };
  t.strictSame(recordFacts(request({ note: 'x', rawTx, extraParameters })), {
    facts: { requestId: 'r-1', note: 'x', extraParameters: {} },
    omitted: ['rawTx', 'extraParameters.contractCallData'],
  });
  const wide = { rawMessageData: { messages: Array(30_000).fill({ a: { b: { c: 'x' } } }) } };
  t.match(recordFacts(request({ extraParameters: wide })), { omitted: ['extraParameters.rawMessageData'] });
  t.end();
});

t.test('omits other extraParameters, even their names', (t) => {
  const { facts, omitted } = recordFacts(
    request({ extraParameters: { secret: 'x', contractCallData: '0xab' } }),
  );
  t.strictSame(omitted, ['extraParameters.*']);
  t.strictSame(facts['extraParameters'], { contractCallData: '0xab' });
  t.strictSame(recordFacts(request({ extraParameters: 'secret' })).omitted, ['extraParameters']);
  t.strictSame(recordFacts(request({ extraParameters: {} })), {
    facts: { requestId: 'r-1', extraParameters: {} },
  });
  t.equal(recordFacts(request({ extraParameters: null })).omitted, undefined);
  t.end();
});

t.test('records the documented fields of a configuration change, except the API key', (t) => {
  const extraInfo = {
    subType: 'X',
    address: '0xAB',
    apiKey: 'SECRET',
    addresses: ['a', 'b'],
    password: 'SECRET',
  };
  const { facts, omitted } = recordFacts(request({ type: 'EXCHANGE', extraInfo }, 'configuration'));
  t.strictSame(facts, {
    requestId: 'r-1',
    type: 'EXCHANGE',
    extraInfo: { subType: 'X', address: '0xAB', addresses: ['a', 'b'] },
  });
  t.strictSame(omitted, ['extraInfo.*'], 'even the names of other fields are not logged');
  const nested = { routingPolicy: { crypto: {} }, addresses: [{ a: 1 }], tag: null };
  t.match(recordFacts(request({ type: 'X', extraInfo: nested }, 'configuration')), {
    facts: { extraInfo: { tag: null } },
    omitted: ['extraInfo.addresses', 'extraInfo.routingPolicy'],
  });
  t.end();
});

t.test('records every form of extraInfo.addresses so that the decision can be repeated', (t) => {
  const json = '{"ETH":"0xAB"}';
  for (const [addresses, recorded] of [
    [json, json],
    [
      { ETH: '0xAB', BTC: null },
      { ETH: '0xAB', BTC: null },
    ],
    [
      ['0xAB', null],
      ['0xAB', null],
    ],
    [null, null],
  ]) {
    const change = request({ type: 'EXCHANGE', extraInfo: { addresses } }, 'configuration');
    t.match(recordFacts(change), { facts: { extraInfo: { addresses: recorded } }, omitted: undefined });
  }
  t.end();
});

t.test('records nested values in flat fields as empty objects', (t) => {
  const { facts } = recordFacts(
    request({ note: { apiKey: 'SECRET' }, destinations: ['x', { dstId: [{ a: 'SECRET' }] }] }),
  );
  t.strictSame(facts, { requestId: 'r-1', note: {}, destinations: ['x', { dstId: [{}] }] });
  t.end();
});

t.test('records no facts if they are too large for a log line', (t) => {
  t.strictSame(recordFacts(request({ note: 'x'.repeat(300_000) })), { facts: {}, omitted: ['*'] });
  t.end();
});

t.test('leaves out what is signed if it is nested too deeply to be logged', (t) => {
  const depth = 100_000;
  const rawMessageData = JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown;
  const payload = { requestId: 'r', extraParameters: { rawMessageData } };
  t.strictSame(recordFacts({ kind: 'transaction', requestId: 'r', payload }), {
    facts: { requestId: 'r', extraParameters: {} },
    omitted: ['extraParameters.rawMessageData'],
  });
  t.end();
});
