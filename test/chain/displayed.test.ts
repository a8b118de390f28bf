import t from 'tap';
import type { Catalog } from '../../src/chain/catalog.js';
import { DEFAULT_CATALOG } from '../../src/chain/default-catalog.js';
import { readSigned, type Signed } from '../../src/chain/read.js';

const USDC = '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48';
const ALICE = '0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8';
const MALLORY = '0x000000000000000000000000000000000000dEaD';

const catalog: Catalog = {
  ...DEFAULT_CATALOG,
  assets: new Map([
    ['ETH', { id: 'ETH', chain: 'evm/1', decimals: 18 }],
    ['USDC', { id: 'USDC', chain: 'evm/1', contract: USDC.toLowerCase(), decimals: 6 }],
    ['XRP', { id: 'XRP', chain: 'xrp', decimals: 6 }],
  ]),
};

function read(payload: Record<string, unknown>, integrity: Partial<Catalog['integrity']> = {}): Signed {
  const request = {
    kind: 'transaction',
    requestId: '1',
    payload: { requestId: '1', asset: 'ETH', ...payload },
  } as const;
  return readSigned(request, { ...catalog, integrity: { ...catalog.integrity, ...integrity } });
}

t.test('two spellings of an address are one address', (t) => {
  const destinations = [{ dstAddress: ALICE.toLowerCase(), displayDstAddress: ALICE }];
  t.equal(read({ destinations, destAddress: ALICE.toUpperCase() }).findings.display.outcome, 'holds');
  t.end();
});

t.test('a displayed address that differs from the stored one is refused by name, with both values', (t) => {
  const { refusal } = read({ destinations: [{ dstAddress: ALICE, displayDstAddress: MALLORY }] });
  t.strictSame(refusal, {
    check: 'display',
    reason: `display: displayDstAddress is ${MALLORY}, but dstAddress is ${ALICE}`,
  });
  t.end();
});

t.test('destAddress is the only destination of a transfer, or its token’s contract', (t) => {
  const destinations = [{ displayDstAddress: ALICE }];
  t.equal(read({ destinations, destAddress: MALLORY }).refusal?.check, 'display');
  t.equal(read({ destinations, destAddress: MALLORY, asset: 'USDC' }).refusal?.check, 'display');
  t.equal(read({ destinations, destAddress: USDC, asset: 'USDC' }).refusal, undefined);
  t.equal(read({ destinations, destAddress: MALLORY, operation: 'CONTRACT_CALL' }).refusal, undefined);
  t.equal(
    read({ destinations: [...destinations, ...destinations], destAddress: MALLORY }).refusal,
    undefined,
    'with two destinations it says nothing',
  );
  t.end();
});

t.test('addresses of an unknown asset that differ can’t be known, because one may be a contract', (t) => {
  const signed = read({ asset: 'OTHER', destinations: [{ displayDstAddress: ALICE }], destAddress: USDC });
  t.equal(signed.findings.display.outcome, 'unknown');
  t.equal(signed.refusal, undefined);
  t.end();
});

t.test('an X-address of the XRP Ledger can’t be compared with a classic one', (t) => {
  const destinations = [
    {
      dstAddress: 'XVLhHMPHU98es4dbozjVtdWzVrDjtV18pX8yuPT7y4xaEHi',
      displayDstAddress: 'rPEPPER7kfTD9w2To4CQk6UCfuHM9c6GDY',
    },
  ];
  t.equal(read({ asset: 'XRP', destinations }).findings.display.outcome, 'unknown');
  t.end();
});

const twice = (amount: string) => [{ amountNativeStr: amount }, { amountNativeStr: amount }];

t.test('destinations that add up to more than the request are refused', (t) => {
  const { refusal } = read({ amountStr: '9', destinations: twice('5') });
  t.strictSame(refusal, {
    check: 'amount',
    reason: 'amount: the destinations get 10, but the request is for 9',
  });
  t.equal(
    read({ asset: 'OTHER', amountStr: '9', destinations: twice('5') }).refusal?.check,
    'amount',
    'of an unknown asset as well',
  );
  t.end();
});

t.test('destinations add up to one of the two amounts, with or without the fee', (t) => {
  for (const amounts of [
    { amountStr: '10' },
    { amountStr: '10.0', requestedAmountStr: '12' },
    { amountStr: '12', requestedAmountStr: '10' },
    { amountStr: '10.001', fee: '0.001' },
    { amountStr: '9.999', fee: '0.001' },
    { requestedAmountStr: '9.999', fee: '0.001' },
    {},
  ]) {
    t.equal(read({ ...amounts, destinations: twice('5') }).refusal, undefined, JSON.stringify(amounts));
  }
  t.end();
});

t.test('without a displayed fee, destinations that get less can’t be known, and more is refused', (t) => {
  t.match(read({ amountStr: '10.001', destinations: twice('5') }), {
    refusal: undefined,
    findings: { amount: { outcome: 'unknown' } },
  });
  t.equal(read({ amountStr: '10.001', destinations: twice('5'), asset: 'USDC' }).refusal?.check, 'amount');
  t.equal(read({ amountStr: '9.999', destinations: twice('5') }).refusal?.check, 'amount');
  t.end();
});

t.test('the fee of a token transfer is paid in another coin, so its sum is exact', (t) => {
  const request = { amountStr: '9.999', fee: '0.001', destinations: twice('5') };
  t.equal(read({ ...request, asset: 'USDC' }).refusal?.check, 'amount');
  t.end();
});

t.test('an exchange may take its fee from what it sends, and sends no more', (t) => {
  const request = { asset: 'USDC', sourceType: 'EXCHANGE', destinations: twice('5') };
  t.match(read({ ...request, amountStr: '11' }), {
    refusal: undefined,
    findings: { amount: { outcome: 'unknown' } },
  });
  t.equal(read({ ...request, amountStr: '9' }).refusal?.check, 'amount');
  t.end();
});

t.test('a sum that is not displayed, or of another operation, can’t be known', (t) => {
  t.equal(read({ amountStr: '9', destinations: [{ amountNativeStr: '5' }, {}] }).refusal, undefined);
  t.equal(read({ amountStr: '9', operation: 'STAKE', destinations: twice('5') }).refusal, undefined);
  t.end();
});

t.test('a check that is off refuses nothing, and the others go on', (t) => {
  const request = {
    amountStr: '4',
    destinations: [{ amountNativeStr: '5', dstAddress: ALICE, displayDstAddress: MALLORY }],
  };
  t.equal(read(request, { display: 'off' }).refusal?.check, 'amount');
  t.equal(read(request, { display: 'off', amount: 'off' }).refusal, undefined);
  t.end();
});

t.test('what can’t be known is refused at the signing stage if the policy requires the check', (t) => {
  const signing = { fee: '0.1' };
  t.equal(read(signing).refusal, undefined);
  t.match(read(signing, { recipient: 'require' }).refusal, {
    check: 'recipient',
    reason: 'recipient can’t be known: the request has no rawTx',
  });
  t.match(read(signing, { rawTransaction: 'required' }).refusal, { check: 'rawTransaction' });
  const partial = { ...signing, rawTx: [{ rawTx: '0x03c0' }, { payload: '00' }] };
  t.match(read(partial, { rawTransaction: 'required' }).refusal, {
    reason: 'rawTransaction: an entry of rawTx has no transaction',
  });
  t.equal(read({}, { recipient: 'require', rawTransaction: 'required' }).refusal, undefined, 'approval');
  t.end();
});

t.test('without rawTx, a request is not verified', (t) => {
  t.match(read({ fee: '0.1' }), { verified: false, problem: 'payload: the request has no rawTx' });
  t.end();
});

t.test('bytes that are not hex contradict where the form is known', (t) => {
  const rawTx = [{ rawTx: '0x12 34', payload: '00' }];
  t.match(read({ rawTx }).refusal, { check: 'payload', reason: 'payload: rawTx[0].rawTx is not hex' });
  t.equal(read({ rawTx, asset: 'XRP' }).refusal, undefined);
  t.match(read({ rawTx, asset: 'SOL' }), { refusal: undefined, verified: false });
  t.equal(read({ rawTx, asset: 'OTHER' }).refusal, undefined);
  t.equal(read({ rawTx, operation: 'RAW' }).refusal, undefined);
  t.end();
});

t.test('an empty PSBT is absent, and nonsense in its place is malformed', (t) => {
  const raw = (psbt: unknown): Signed => read({ asset: 'BTC', operation: 'RAW', extraParameters: { psbt } });
  t.equal(raw('').refusal, undefined);
  t.equal(raw(null).refusal, undefined);
  t.equal(raw('nonsense').refusal?.check, 'payload');
  t.end();
});

t.test('fields of another type than documented are read as absent', (t) => {
  for (const payload of [
    { destinations: 'x', rawTx: {}, extraParameters: [], fee: 5, amountStr: 7, operation: 9, asset: {} },
    { destinations: [null, 1, [], { amountNativeStr: 5, dstAddress: 7 }], rawTx: [null, { rawTx: 5 }] },
  ]) {
    t.doesNotThrow(() => read(payload));
  }
  t.end();
});
