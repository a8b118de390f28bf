import t from 'tap';
import { readContractCallData } from '../../../src/chain/evm/read.js';
import type { FamilyResult } from '../../../src/chain/facts.js';
import { prepareSigning } from '../../../src/chain/prepare.js';
import { catalog, MALLORY, transferTo, type Payload, USDC_ADDRESS } from '../../helpers/evm.js';

const drain = transferTo(MALLORY, 1n);

function call(displayed: Payload): FamilyResult {
  const request = {
    ...{ operation: 'CONTRACT_CALL', asset: 'ETH', amountStr: '0', destAddress: USDC_ADDRESS },
    extraParameters: { contractCallData: drain },
    ...displayed,
  };
  return readContractCallData(prepareSigning(request, catalog));
}

t.test('reads a call without rawTx from contractCallData, and confirms nothing', (t) => {
  const { reading, findings } = call({});
  t.match(reading.call, { contract: USDC_ADDRESS, selector: '0xa9059cbb', method: 'transfer' });
  t.equal(reading.call?.effects?.complete, true);
  t.strictSame(findings, {});
  t.end();
});

t.test('reads it from hex without 0x', (t) => {
  t.equal(call({ extraParameters: { contractCallData: drain.slice(2) } }).reading.call?.method, 'transfer');
  t.end();
});

t.test('takes the only destination for the contract if there is no destAddress', (t) => {
  const one = { dstAddress: USDC_ADDRESS };
  t.equal(call({ destAddress: null, destinations: [one] }).reading.call?.contract, USDC_ADDRESS);
  t.strictSame(call({ destAddress: null, destinations: [one, one] }).reading, {});
  t.strictSame(call({ destAddress: null }).reading, {});
  t.end();
});

t.test('is incomplete if the coins that it sends are not known', (t) => {
  for (const displayed of [{ asset: 'UNKNOWN' }, { amountStr: null }, { asset: 'USDC' }]) {
    t.equal(call(displayed).reading.call?.effects?.complete, false);
  }
  t.end();
});

t.test('names no asset of an unknown chain', (t) => {
  t.equal(call({}).reading.call?.effects?.transfers[0]?.asset, 'USDC');
  t.equal(call({ asset: 'UNKNOWN' }).reading.call?.effects?.transfers[0]?.asset, undefined);
  t.end();
});

t.test('contradicts malformed data if the chain is known', (t) => {
  for (const contractCallData of ['0xa9059cbb0', 'a9059cbbzz', `${drain.slice(0, 10)}01${drain.slice(12)}`]) {
    const extraParameters = { contractCallData };
    t.match(call({ extraParameters }).findings.payload, {
      outcome: 'contradicts',
      reason: /contractCallData is/,
    });
    t.strictSame(call({ extraParameters, asset: 'UNKNOWN' }), { reading: {}, findings: {} });
  }
  t.end();
});

t.test('reads nothing without data, and nothing of other chains', (t) => {
  for (const displayed of [
    { extraParameters: {} },
    { extraParameters: { contractCallData: '0x' } },
    { asset: 'SOL' },
    { destAddress: 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t' },
  ]) {
    t.strictSame(call(displayed), { reading: {}, findings: {} });
  }
  t.end();
});
