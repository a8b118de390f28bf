import type { TransactionLike } from 'ethers';
import t from 'tap';
import type { Effects } from '../../../src/chain/facts.js';
import { Decimal } from '../../../src/protocol/decimal.js';
import {
  ALICE,
  ALL_HOLD,
  callOf,
  DAI,
  dai,
  entry,
  erc20,
  eth,
  ETHER,
  MALLORY,
  outcomes,
  read,
  sign,
  STRANGER,
  tokenTransferOf,
  transferOf,
  TX,
  USDC_ADDRESS,
} from '../../helpers/evm.js';

t.test('confirms the published transfer of ETH', (t) => {
  const { reading, findings } = read(eth.request);
  t.strictSame(outcomes({ reading, findings }), ALL_HOLD);
  t.equal(reading.chain, 'evm/1');
  t.equal(reading.evm?.to, ALICE.toLowerCase());
  t.strictSame(
    [reading.evm?.chainId, reading.evm?.nonce, reading.evm?.value, reading.evm?.maxFee].map(String),
    ['1', '4', '0.01', '0.000597803762241'],
  );
  t.strictSame(reading.evm?.delegates, []);
  t.equal(reading.call, undefined);
  t.end();
});

t.test('confirms the published transfer of a token', (t) => {
  const { reading, findings } = read(dai.request);
  t.strictSame(outcomes({ reading, findings }), ALL_HOLD);
  t.equal(reading.chain, 'evm/52');
  t.equal(reading.evm?.to, DAI);
  t.end();
});

t.test('confirms what agrees', (t) => {
  t.strictSame(outcomes(transferOf({})), ALL_HOLD, 'a transfer');
  t.strictSame(outcomes(transferOf({ value: ETHER - 10n ** 15n })), ALL_HOLD, 'less the shown fee');
  t.strictSame(outcomes(transferOf({ maxFeePerGas: 40n * 10n ** 9n })), ALL_HOLD, 'a fee at the bound');
  t.strictSame(
    outcomes(transferOf({}, { destinations: [], destAddress: ALICE })),
    ALL_HOLD,
    'by destAddress',
  );
  t.strictSame(
    outcomes(
      transferOf({}, { destinations: [], destAddress: ALICE, amountStr: '2', requestedAmountStr: '1' }),
    ),
    ALL_HOLD,
    'by requestedAmountStr',
  );
  t.strictSame(outcomes(tokenTransferOf({})), ALL_HOLD, 'a token');
  t.strictSame(outcomes(callOf({})), ALL_HOLD, 'a call');
  t.strictSame(outcomes(callOf({}, { extraParameters: {} })), ALL_HOLD, 'a call without contractCallData');
  const destinations = [{ displayDstAddress: ALICE }];
  t.strictSame(
    outcomes(callOf({}, { destAddress: null, destinations })),
    ALL_HOLD,
    'a call by its destination',
  );
  t.end();
});

t.test('does not know what is not displayed', (t) => {
  const silent = outcomes(transferOf({}, { destinations: [], amountStr: null, fee: null }));
  t.strictSame(silent, { ...ALL_HOLD, recipient: 'unknown', amount: 'unknown', fee: 'unknown' });
  t.match(outcomes(transferOf({}, { fee: 'low' })), { fee: 'unknown' }, 'a fee that is not a number');
  t.match(outcomes(transferOf({ type: 0, chainId: 0n, maxFeePerGas: null, gasPrice: 1n })), {
    chain: 'unknown',
  });
  t.match(outcomes(transferOf({}, { destinations: [{ displayDstAddress: 'one1abc' }] })), {
    recipient: 'unknown',
  });
  t.match(
    outcomes(tokenTransferOf({}, { destinations: [], destAddress: USDC_ADDRESS })),
    { recipient: 'unknown', amount: 'holds' },
    'destAddress is the token’s contract',
  );
  t.match(
    outcomes(transferOf({ value: ETHER - 1n }, { fee: null })),
    { amount: 'unknown' },
    'the difference may be the fee',
  );
  t.match(outcomes(callOf({}, { destAddress: null })), { recipient: 'unknown' }, 'a call without an address');
  t.match(outcomes(callOf({}, { amountStr: null })), { amount: 'unknown' }, 'a call without an amount');
  t.match(outcomes(callOf({ value: 0n }, { asset: 'USDC' })), { amount: 'unknown' }, 'an amount of a token');
  t.end();
});

t.test('checks payload, chain and fee of other operations', (t) => {
  const result = outcomes(transferOf({ to: MALLORY, data: '0x12345678' }, { operation: 'STAKE' }));
  t.strictSame(result, { ...ALL_HOLD, recipient: 'unknown', amount: 'unknown' });
  t.end();
});

t.test('does not know a payload that is missing, nor one of an unknown form', (t) => {
  const { rawTx, payload } = sign({ ...TX, value: ETHER });
  t.match(outcomes(transferOf({}, { rawTx: [{ rawTx }] })), { ...ALL_HOLD, payload: 'unknown' });
  t.match(outcomes(transferOf({}, { rawTx: [{ payload }] })), { payload: 'unknown', recipient: 'unknown' });
  const blob = transferOf({}, { rawTx: [entry(`0x03${rawTx.slice(4)}`)] });
  t.strictSame(outcomes(blob), {
    ...{ payload: 'holds', chain: 'unknown', recipient: 'unknown', amount: 'unknown', fee: 'unknown' },
  });
  t.strictSame(blob.reading, {});
  t.match(outcomes(transferOf({}, { rawTx: [{ rawTx: '0x03c0', payload }] })), { payload: 'unknown' });
  t.end();
});

t.test('compares the digest of a transaction that is too large to read', (t) => {
  const large = `0x02${'11'.repeat(128 * 1024)}`;
  t.match(outcomes(transferOf({}, { rawTx: [entry(large)] })), { payload: 'holds', recipient: 'unknown' });
  t.match(outcomes(transferOf({}, { rawTx: [{ rawTx: large, payload: '00'.repeat(32) }] })), {
    payload: 'contradicts',
  });
  t.end();
});

t.test('confirms nothing of several transactions, and has no facts of them', (t) => {
  const one = sign({ ...TX, value: ETHER });
  const { reading, findings } = transferOf({}, { rawTx: [one, one] });
  t.strictSame(reading, {});
  t.match(outcomes({ reading, findings }), { payload: 'holds', recipient: 'holds', amount: 'unknown' });
  const beside = transferOf({}, { rawTx: [one, entry('0x05c0')] });
  t.strictSame(beside.reading, {});
  t.match(outcomes(beside), { chain: 'unknown', recipient: 'unknown', amount: 'unknown', fee: 'unknown' });
  t.end();
});

t.test('has no facts if the payload is not the hash of rawTx', (t) => {
  const rawTx = [{ ...sign({ ...TX, value: ETHER }), payload: '00'.repeat(32) }];
  t.strictSame(transferOf({}, { rawTx }).reading, {});
  t.end();
});

t.test('shows what a transaction delegates to', (t) => {
  const authorizationList = [
    {
      address: MALLORY,
      nonce: 0n,
      chainId: 1n,
      signature: { r: `0x${'11'.repeat(32)}`, s: `0x${'11'.repeat(32)}`, yParity: 0 as const },
    },
  ];
  const { reading } = callOf({ type: 4, authorizationList } as TransactionLike);
  t.strictSame(reading.evm?.delegates, [MALLORY]);
  t.end();
});

t.test('without a known asset, reads only what its digest confirms, and contradicts nothing', (t) => {
  const displayed = { asset: 'MATIC_POLYGON', destinations: STRANGER };
  const { reading, findings } = transferOf({ chainId: 137n }, displayed);
  t.strictSame(findings, { payload: { outcome: 'holds' } });
  t.equal(reading.chain, 'evm/137');
  t.equal(String(reading.evm?.value), '1');
  const { rawTx, payload } = sign(TX);
  const nothing = { reading: {}, findings: {} };
  for (const entries of [
    [{ rawTx, payload: '00'.repeat(32) }],
    [{ rawTx }],
    [{ payload }],
    [entry(`${rawTx}00`)],
    [entry('0x03c0')],
    Array.from({ length: 17 }, () => sign(TX)),
  ]) {
    t.strictSame(transferOf({}, { ...displayed, rawTx: entries }), nothing);
  }
  t.end();
});

t.test('does not contradict payments to several destinations, or several fees for one payment', (t) => {
  const destinations = [ALICE, MALLORY].map((displayDstAddress) => ({
    amountNativeStr: '1',
    displayDstAddress,
  }));
  const paid = { ...TX, value: ETHER };
  const both = [sign(paid), sign({ ...paid, nonce: 2, to: MALLORY })];
  t.match(outcomes(transferOf({}, { amountStr: '2', destinations, rawTx: both })), {
    recipient: 'holds',
    amount: 'unknown',
  });
  const replaced = [sign(paid), sign({ ...paid, maxFeePerGas: 30n * 10n ** 9n })];
  t.match(outcomes(transferOf({}, { rawTx: replaced })), { recipient: 'holds', amount: 'unknown' });
  t.end();
});

t.test('coins that go with a call, but are not displayed, are one of its transfers', (t) => {
  const data = erc20.encodeFunctionData('transfer', [MALLORY, 5n]);
  const displayed = { operation: 'CONTRACT_CALL', destAddress: USDC_ADDRESS, extraParameters: {} };
  const WEI = new Decimal(ETHER.toString());
  const effects = (asset: string): Effects | undefined =>
    transferOf({ to: USDC_ADDRESS, data }, { ...displayed, asset, amountStr: '5' }).reading.call?.effects;
  t.match(effects('ETH'), { transfers: [{ to: MALLORY }], complete: true });
  for (const asset of ['USDC', 'UNKNOWN']) {
    t.match(effects(asset), {
      transfers: [{ to: USDC_ADDRESS, units: WEI }, { to: MALLORY }],
      complete: false,
    });
  }
  t.end();
});

t.test('can’t know the recipient of a call whose displayed data is no string', (t) => {
  const displayed = { extraParameters: { contractCallData: ['deadbeef0001'] } };
  t.match(outcomes(callOf({}, displayed)), { recipient: 'unknown' });
  t.end();
});
