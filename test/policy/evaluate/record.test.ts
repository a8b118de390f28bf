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
  for (const field of ['rawTx', 'players', 'unknown', 'amount']) t.notOk(field in facts, field);
  t.end();
});

t.test('omits extraParameters and reports them as omitted', (t) => {
  const { facts, omitted } = recordFacts(request({ extraParameters: { secret: 'x' } }));
  t.strictSame(omitted, ['extraParameters']);
  t.notMatch(JSON.stringify(facts), 'secret');
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
    [{ ETH: '0xAB', BTC: null }, ['0xAB']],
    [['0xAB', null], ['0xAB']],
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
