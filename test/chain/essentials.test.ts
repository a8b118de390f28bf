// What may differ between the approval and the signing of a transaction, and what may not.
import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import { TRAFFIC_CATALOG } from '../../bench/traffic/catalog.js';
import { month } from '../../bench/traffic/month.js';
import { approvalOf } from '../../bench/traffic/request.js';
import { type Payload, samplePayload } from '../../cli/cosigner/request.js';
import type { Catalog } from '../../src/chain/catalog.js';
import { DEFAULT_CATALOG } from '../../src/chain/default-catalog.js';
import { differenceBetween } from '../../src/chain/difference.js';
import { essentialsOf } from '../../src/chain/essentials.js';
import { asSent, essentials } from '../helpers/essentials.js';

const ALICE = '0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8';
const MALLORY = '0x000000000000000000000000000000000000dEaD';
const USDC = '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48';

const CATALOG: Catalog = {
  ...DEFAULT_CATALOG,
  assets: new Map([
    ...DEFAULT_CATALOG.assets,
    ['USDC', { id: 'USDC', chain: 'evm/1', contract: USDC.toLowerCase(), decimals: 6 }],
  ]),
};

/** Published by Fireblocks, and the approval that precedes it. */
const SIGNING = { ...samplePayload('transaction'), note: 'rent' };
const APPROVAL = approvalOf(SIGNING);

function difference(approval: Payload, signing: Payload): string | undefined {
  return differenceBetween(essentials(approval, CATALOG), essentials(signing, CATALOG));
}

/** Changes fields of the only destination. */
function withDestination(payload: Payload, fields: Payload): Payload {
  const [only] = payload['destinations'] as [Payload];
  return { ...payload, destinations: [{ ...only, ...fields }] };
}

interface Case {
  readonly what: string;
  /** Fields of the request, or of its only destination. */
  readonly approval?: Payload;
  readonly signing?: Payload;
  readonly approvalDestination?: Payload;
  readonly signingDestination?: Payload;
  /** Absent: it may differ. */
  readonly changed?: RegExp;
}

const FEE = '0.000597803762241000';
const TOKEN = { asset: 'USDC', amountStr: '100', requestedAmountStr: '100' };
const ARRIVES = { amountNativeStr: '100' };

const MAY_DIFFER: readonly Case[] = [
  { what: 'nothing but what distinguishes the stages' },
  { what: 'an operation that is absent, which means TRANSFER', approval: { operation: null } },
  { what: 'amountUSD', signingDestination: { amountUSD: 99999 } },
  { what: 'the fee', approval: { fee: '1' }, signing: { fee: '2' } },
  { what: 'rawTx', approval: { rawTx: [{ rawTx: 'aa', payload: 'bb' }] } },
  { what: 'players', signing: { players: ['x'] } },
  { what: 'signerId', approval: { signerId: 'a' }, signing: { signerId: 'b' } },
  { what: 'requestId', signing: { requestId: 'another' } },
  { what: 'action and actionInfo', signingDestination: { action: 'X', actionInfo: { byRule: false } } },
  { what: 'notes', signing: { note: 'food', customerRefId: 'x', externalTxId: 'y' } },
  { what: 'names', signingDestination: { dstName: 'Another name', dstSubType: 'x', dstWalletId: 'w' } },
  { what: 'the deprecated numbers', signing: { amount: 9, requestedAmount: 9 } },
  { what: 'fields that are not known', signing: { brandNew: 1 } },
  { what: 'the spelling of amounts', signing: { amountStr: '1e-2', requestedAmountStr: '.010' } },
  { what: 'an amount that is smaller by the fee', signing: { amountStr: '0.009402196237759' } },
  {
    what: 'the amount of a destination that is smaller by the fee',
    signingDestination: { amountNativeStr: '0.009402196237759' },
  },
  {
    what: 'a token’s amount that is smaller by the fee of an exchange',
    approval: { ...TOKEN, sourceType: 'EXCHANGE' },
    approvalDestination: ARRIVES,
    signing: { ...TOKEN, sourceType: 'EXCHANGE', fee: '2', amountStr: '98' },
    signingDestination: { amountNativeStr: '98' },
  },
  {
    what: 'the spelling of the address',
    approvalDestination: { dstAddress: ALICE.toLowerCase() },
    approval: { destAddress: ALICE.toUpperCase() },
  },
  {
    what: 'a displayed address that nothing was approved of',
    approval: { destAddress: '' },
    signing: { destAddress: '' },
    signingDestination: { displayDstAddress: MALLORY },
  },
  { what: 'a tag that the approval does not carry', signingDestination: { displayDstTag: '7' } },
  {
    what: 'type and id of a destination whose address is the approved one',
    signingDestination: { dstId: '9' },
  },
  {
    what: 'a destAddress that names the token’s contract',
    approval: { ...TOKEN, destAddress: ALICE },
    approvalDestination: ARRIVES,
    signing: { ...TOKEN, destAddress: USDC },
    signingDestination: ARRIVES,
  },
  { what: 'a request that carries only a part', signing: { asset: '', sourceId: null, amountStr: '' } },
  { what: 'an approval without destinations', approval: { destinations: [] } },
  {
    what: 'the spelling of call data',
    approval: { extraParameters: { contractCallData: '0xABCD' } },
    signing: { extraParameters: { contractCallData: 'abcd' } },
  },
  { what: 'call data that is absent', approval: { extraParameters: { contractCallData: '0xabcd' } } },
  {
    what: 'the order of keys in a typed message',
    approval: { extraParameters: messages({ content: { a: 1, b: 2 }, type: 'EIP712' }) },
    signing: { extraParameters: messages({ type: 'EIP712', content: { b: 2, a: 1 } }) },
  },
  {
    what: 'the spelling of a digest',
    approval: { extraParameters: messages({ content: '0xAB' }) },
    signing: { extraParameters: messages({ content: 'ab', type: 'x', index: 1 }) },
  },
  { what: 'a psbt that is absent', approval: { extraParameters: { psbt: 'cHNidA==' } } },
  {
    what: 'other parameters',
    approval: { extraParameters: { nodeControls: { type: 'a' } } },
    signing: { extraParameters: { nodeControls: { type: 'b' }, proof: 'x' } },
  },
];

const MUST_NOT_DIFFER: readonly Case[] = [
  {
    what: 'operation',
    signing: { operation: 'RAW' },
    changed: /^operation is RAW, but TRANSFER was approved$/,
  },
  { what: 'asset', signing: { asset: 'BTC' }, changed: /^asset is BTC, but ETH was approved$/ },
  { what: 'source type', signing: { sourceType: 'EXCHANGE' }, changed: /^sourceType is EXCHANGE/ },
  { what: 'source', signing: { sourceId: '7' }, changed: /^sourceId is 7, but 0 was approved$/ },
  {
    what: 'a larger amount',
    signing: { amountStr: '0.010000000000000001' },
    changed: /^amountStr is 0.01000/,
  },
  {
    what: 'an amount that is smaller by more than the fee',
    signing: { amountStr: '0.009402196237758' },
    changed: /^amountStr is/,
  },
  {
    what: 'an amount that is larger by the fee',
    signing: { amountStr: '0.010597803762241' },
    changed: /^amountStr is/,
  },
  {
    what: 'the requested amount',
    signing: { requestedAmountStr: '0.1' },
    changed: /^requestedAmountStr is 0.1/,
  },
  { what: 'an amount that is none', signing: { amountStr: '-0.01' }, changed: /^amountStr is -0.01/ },
  {
    what: 'a smaller amount without a fee',
    signing: { fee: '', amountStr: '0.0099' },
    changed: /^amountStr is/,
  },
  {
    what: 'a token’s amount that is smaller by the fee, which is paid in another coin',
    approval: TOKEN,
    approvalDestination: ARRIVES,
    signing: { ...TOKEN, amountStr: '99.9999', fee: '0.001' },
    signingDestination: ARRIVES,
    changed: /^amountStr is 99.9999, but 100 was approved$/,
  },
  {
    what: 'a larger amount of a destination',
    signingDestination: { amountNativeStr: '0.02' },
    changed: /^destination 1: amount is 0.02, but 0.01 was approved$/,
  },
  {
    what: 'a displayed address that is not the stored one that was approved',
    approvalDestination: { dstAddress: ALICE },
    signing: { destAddress: '' },
    signingDestination: { displayDstAddress: MALLORY },
    changed: /^destination 1: address is 0x0000.*dead, but 0x5dc6.* was approved$/,
  },
  {
    what: 'a displayed address that is not the approved destAddress',
    signing: { destAddress: '' },
    signingDestination: { displayDstAddress: MALLORY },
    changed: /^destination 1: address is/,
  },
  {
    what: 'a displayed address beside the stored one that was approved',
    approvalDestination: { dstAddress: ALICE },
    signingDestination: { dstAddress: ALICE, displayDstAddress: MALLORY },
    changed: /^destination 1: address is/,
  },
  { what: 'destAddress', signing: { destAddress: MALLORY }, changed: /^destAddress is 0x0000/ },
  {
    what: 'destAddress of an asset that is not known',
    approval: { asset: 'NEW' },
    signing: { asset: 'NEW', destAddress: MALLORY },
    changed: /^destAddress is/,
  },
  {
    what: 'the case of an address that is case-sensitive',
    approval: { asset: 'SOL', destAddress: '' },
    approvalDestination: { dstAddress: '6eoo7i1khGhVm8tLBMAdq4ax2FxkKP4G7mCcfHyr3STN' },
    signing: { asset: 'SOL', destAddress: '' },
    signingDestination: { displayDstAddress: '6eoo7i1khGhVm8tLBMAdq4ax2FxkKP4G7mCcfHyr3STn' },
    changed: /^destination 1: address is/,
  },
  {
    what: 'a tag',
    approvalDestination: { displayDstTag: '7' },
    signingDestination: { displayDstTag: '8' },
    changed: /^destination 1: tag is 8, but 7 was approved$/,
  },
  {
    what: 'the id of a destination without an address',
    approval: { destAddress: '', destId: '' },
    signing: { destAddress: '', destId: '' },
    signingDestination: { dstId: '9' },
    changed: /^destination 1: id is 9, but 1 was approved$/,
  },
  {
    what: 'the type of a destination without an address',
    approval: { destAddress: '', destType: '' },
    signing: { destAddress: '', destType: '' },
    signingDestination: { dstType: 'EXCHANGE' },
    changed: /^destination 1: type is EXCHANGE, but VAULT was approved$/,
  },
  {
    what: 'the destination of an approval that has no list',
    approval: { destinations: null, destAddress: MALLORY },
    signing: { destAddress: '' },
    changed: /^destination 1: address is/,
  },
  {
    what: 'the number of destinations',
    signing: { destinations: [{ dstId: '1' }, { dstId: '1' }] },
    changed: /^the number of destinations is 2, but 1 was approved$/,
  },
  {
    what: 'the contract of a call without destinations',
    approval: { operation: 'CONTRACT_CALL', destinations: [], destAddress: ALICE },
    signing: { operation: 'CONTRACT_CALL', destinations: [], destAddress: MALLORY },
    changed: /^destAddress is/,
  },
  {
    what: 'call data',
    approval: { extraParameters: { contractCallData: '0xabcd' } },
    signing: { extraParameters: { contractCallData: '0xabce' } },
    changed: /^contractCallData is abce, but abcd was approved$/,
  },
  {
    what: 'the last byte of long call data',
    approval: { extraParameters: { contractCallData: `0x${'ab'.repeat(500)}01` } },
    signing: { extraParameters: { contractCallData: `0x${'ab'.repeat(500)}02` } },
    changed: /^contractCallData is abab/,
  },
  {
    what: 'call data that is not hex',
    approval: { extraParameters: { contractCallData: 'xyz' } },
    signing: { extraParameters: { contractCallData: 'xyZ' } },
    changed: /^contractCallData is/,
  },
  {
    what: 'program call data',
    approval: { extraParameters: { programCallData: 'AQAB' } },
    signing: { extraParameters: { programCallData: 'AQAC' } },
    changed: /^programCallData is not what was approved$/,
  },
  {
    what: 'the content of a typed message',
    approval: { extraParameters: messages({ content: { a: null } }) },
    signing: { extraParameters: messages({ content: { a: '' } }) },
    changed: /^what rawMessageData signs is not what was approved$/,
  },
  {
    what: 'a number in a typed message in a string, where JSON.parse reads both as one',
    approval: { extraParameters: messages({ content: '{"a":10000000000000000000001}' }) },
    signing: { extraParameters: messages({ content: '{"a":10000000000000000000002}' }) },
    changed: /^what rawMessageData signs/,
  },
  {
    what: 'the type of a message',
    approval: { extraParameters: messages({ type: 'EIP712', content: 'ab' }) },
    signing: { extraParameters: messages({ type: 'ETH_MESSAGE', content: 'ab' }) },
    changed: /^the type of a message/,
  },
  {
    what: 'the number of messages',
    approval: { extraParameters: messages({ content: 'ab' }) },
    signing: { extraParameters: messages({ content: 'ab' }, { content: 'ab' }) },
    changed: /^what rawMessageData signs/,
  },
  {
    what: 'messages in a form that is not known',
    approval: { extraParameters: { rawMessageData: 'a' } },
    signing: { extraParameters: { rawMessageData: ['b'] } },
    changed: /^what rawMessageData signs/,
  },
  {
    what: 'a psbt',
    approval: { extraParameters: { psbt: 'cHNidA==' } },
    signing: { extraParameters: { psbt: 'cHNidB==' } },
    changed: /^psbt is not what was approved$/,
  },
  {
    what: 'a long text, by its end',
    approval: { sourceId: `${'x'.repeat(1000)}1` },
    signing: { sourceId: `${'x'.repeat(1000)}2` },
    changed: /^sourceId is x{40}… /,
  },
];

function messages(...list: readonly Payload[]): Payload {
  return { rawMessageData: { messages: list } };
}

/** @returns the two requests of a case */
function stagesOf(test: Case): readonly [Payload, Payload] {
  const approval = withDestination(APPROVAL, test.approvalDestination ?? {});
  const signing = withDestination({ ...SIGNING, fee: FEE }, test.signingDestination ?? {});
  return [
    { ...approval, ...test.approval },
    { ...signing, ...test.signing },
  ];
}

for (const test of MAY_DIFFER) {
  t.test(`may differ between the stages: ${test.what}`, (t) => {
    t.equal(difference(...stagesOf(test)), undefined);
    t.end();
  });
}

for (const test of MUST_NOT_DIFFER) {
  t.test(`must not differ between the stages: ${test.what}`, (t) => {
    t.match(difference(...stagesOf(test)), test.changed);
    t.end();
  });
}

t.test('the published sample is signed as it is approved', (t) => {
  t.equal(difference(APPROVAL, SIGNING), undefined);
  t.equal(difference(SIGNING, SIGNING), undefined, 'one request for both stages');
  t.end();
});

const PAYEES: readonly Payload[] = [
  { dstType: 'VAULT', dstId: '1', amountNativeStr: '1' },
  { dstType: 'VAULT', dstId: '1', amountNativeStr: '1' },
  { dstType: 'VAULT', dstId: '2', amountNativeStr: '1' },
  { dstType: 'ONE_TIME_ADDRESS', dstAddress: ALICE, amountNativeStr: '1' },
  { dstType: 'ONE_TIME_ADDRESS', amountNativeStr: '1' },
];

function paying(destinations: readonly (Payload | undefined)[], fields: Payload = {}): Payload {
  return { asset: 'ETH', destinations, ...fields };
}

t.test('destinations may come in another order', (t) => {
  const [vault, , other, address, any] = PAYEES;
  // The address fits the fourth and the last approved one, the last only the latter.
  const displayed = [
    { ...other, displayDstAddress: MALLORY },
    { dstType: 'ONE_TIME_ADDRESS', displayDstAddress: MALLORY, amountNativeStr: '1' },
    { ...address, displayDstAddress: ALICE.toLowerCase() },
    { ...vault, displayDstAddress: ALICE },
    { ...vault, displayDstAddress: MALLORY },
  ];
  t.equal(difference(paying(PAYEES), paying(displayed)), undefined);
  t.equal(difference(paying(PAYEES), paying([...displayed].reverse())), undefined);
  t.match(difference(paying(PAYEES), paying([other, other, vault, address, any])), /^destination \d: /);
  t.match(difference(paying(PAYEES), paying([vault, vault, vault, address, any])), /^destination 3: id is 1/);
  t.end();
});

t.test('a destination that fits two approved ones leaves the other what fits only one', (t) => {
  const to = (fields: Payload): Payload => ({ dstType: 'ONE_TIME_ADDRESS', amountNativeStr: '1', ...fields });
  const approved = paying([to({}), to({ dstAddress: ALICE })]);
  const displayed = [to({ displayDstAddress: ALICE }), to({ displayDstAddress: MALLORY })];
  t.equal(difference(approved, paying(displayed)), undefined);
  t.match(difference(approved, paying([displayed[1], displayed[1]])), /^destination 2: address is/);
  t.end();
});

t.test('all destinations together may get less by the fee once', (t) => {
  const approved = paying([{ amountNativeStr: '1' }, { amountNativeStr: '1' }]);
  const signed = (one: string, other: string): Payload =>
    paying([{ amountNativeStr: one }, { amountNativeStr: other }], { fee: '0.1' });
  t.equal(difference(approved, signed('0.95', '0.95')), undefined);
  t.equal(difference(approved, signed('1', '0.9')), undefined);
  t.match(
    difference(approved, signed('0.95', '0.949')),
    /get 0.101 less than was approved, more than the fee/,
  );
  t.end();
});

t.test('a configuration change is its type and its whole extraInfo, of which a reason says nothing', (t) => {
  const change = { type: 'EXCHANGE', extraInfo: { accountName: 'a', apiKey: 'SECRET-1' } };
  const changed = (fields: Payload): string | undefined => difference(change, { ...change, ...fields });
  t.equal(changed({ extraInfo: { apiKey: 'SECRET-1', accountName: 'a' }, signerId: 'x' }), undefined);
  t.equal(changed({ type: 'X' }), 'type is X, but EXCHANGE was approved');
  t.equal(
    changed({ extraInfo: { ...change.extraInfo, apiKey: 'SECRET-2' } }),
    'extraInfo is not what was approved',
  );
  t.notMatch(JSON.stringify(essentials(change)), /SECRET/);
  t.end();
});

t.test('an asset that the policy names later changes nothing', (t) => {
  const approved = essentials({ ...TOKEN, destinations: [{ dstAddress: ALICE.toLowerCase() }] });
  const now = essentials({ ...TOKEN, destinations: [{ displayDstAddress: ALICE }] }, CATALOG);
  t.equal(differenceBetween(approved, now), undefined);
  t.equal(differenceBetween(now, approved), undefined);
  t.end();
});

t.test('essentials survive being stored', (t) => {
  for (const { payload } of month({ requests: 300 })) {
    const now = essentials(payload, TRAFFIC_CATALOG);
    if (!isDeepStrictEqual(JSON.parse(JSON.stringify(now)), now)) t.fail(JSON.stringify(now));
  }
  t.pass();
  t.end();
});

const MONTH = [...month({ requests: 4000 })].filter(({ stage }) => stage === 'signing');

for (const kind of new Set(MONTH.map((request) => request.kind))) {
  t.test(`nothing in a month of traffic differs from its approval: ${kind}`, (t) => {
    const differing = MONTH.filter((request) => request.kind === kind).flatMap(({ payload }) => {
      const approved = essentials(approvalOf(payload), TRAFFIC_CATALOG);
      return differenceBetween(approved, essentials(payload, TRAFFIC_CATALOG)) ?? [];
    });
    t.strictSame(differing, []);
    t.end();
  });
}

t.test('essentials of any JSON can be compared', (t) => {
  const values: readonly unknown[] = [
    0,
    [],
    {},
    [[]],
    [null],
    [1, { a: 1 }],
    { a: { b: [] } },
    true,
    '\ud83d',
    'x',
  ];
  const fields = [
    'operation',
    'asset',
    'sourceId',
    'destAddress',
    'destinations',
    'amountStr',
    'extraParameters',
  ];
  for (const field of fields) {
    for (const value of values) {
      for (const other of values) {
        const changed = difference({ [field]: value }, { [field]: other });
        if (value === other) t.equal(changed, undefined, field);
      }
    }
  }
  t.end();
});

t.test('takes little time for large requests', (t) => {
  const count = 15_000;
  const many = (amount: string): Payload =>
    paying(Array.from({ length: count }, (_, i) => ({ dstId: String(i % 2), amountNativeStr: amount })));
  const ambiguous = (id: string): Payload =>
    paying(Array.from({ length: 100 }, (_, i) => ({ dstId: i === 99 ? id : '' })));
  const long = {
    extraParameters: { contractCallData: 'ab'.repeat(1_000_000) },
    asset: 'x'.repeat(2_000_000),
  };
  const requests = [many('1'), many('2'), ambiguous('x'), ambiguous('y'), long].map((payload) =>
    asSent({ requestId: 'r', ...payload }),
  );
  const before = process.cpuUsage();
  const all = requests.map((request) => essentialsOf(request, CATALOG));
  for (const one of all) for (const other of all) differenceBetween(one, other);
  const { user } = process.cpuUsage(before);
  // Measured: 90 ms.
  t.ok(user < 1_000_000, `${user / 1000} ms`);
  t.end();
});
