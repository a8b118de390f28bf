import fc from 'fast-check';
import t from 'tap';
import { expectedIds, matchedExpected } from '../../../src/policy/facts/expected.js';
import { DEFAULT_CATALOG } from '../../../src/chain/default-catalog.js';
import {
  ALICE,
  ANNOUNCED,
  ANNOUNCED_REQUEST,
  BOB,
  evaluateWith,
  memoryOf,
  NOW,
  remembering,
  SUBJECT,
} from '../../helpers/announced.js';
import { type Payload, request } from '../../helpers/policy.js';

const MATCHES = 'has(tx.expected) && tx.expected.matches';

/** Whether a request matches an announcement, by the rule and by what an approval binds. */
function matches(item: object, payload: Payload): boolean | string {
  const memory = remembering([item]);
  const byRule = evaluateWith(MATCHES, payload, memory);
  const bound = matchedExpected(request(payload), memory, NOW, DEFAULT_CATALOG) !== undefined;
  if (byRule !== bound) throw new Error(`the rule says ${byRule}, and the approval binds: ${bound}`);
  return byRule;
}

function withRequest(change: Payload): Payload {
  return { ...ANNOUNCED_REQUEST, ...change };
}

const XRP = {
  externalTxId: 'payout-1',
  asset: 'XRP',
  amount: '10',
  destinations: [{ address: 'rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh', tag: '123', amount: '10' }],
};
const XRP_REQUEST: Payload = {
  ...{ txId: 't-1', externalTxId: 'payout-1', asset: 'XRP', amountStr: '10' },
  destinations: [
    { displayDstAddress: 'rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh', displayDstTag: '123', amountNativeStr: '10' },
  ],
};
function xrpTo(destination: Payload): Payload {
  const [first] = XRP_REQUEST['destinations'] as readonly Payload[];
  return { ...XRP_REQUEST, destinations: [{ ...first, ...destination }] };
}

t.test('matches the announced transaction, in any order and spelling', (t) => {
  t.equal(matches(ANNOUNCED, ANNOUNCED_REQUEST), true);
  t.equal(
    matches({ ...ANNOUNCED, externalTxId: undefined, txId: 't-1' }, ANNOUNCED_REQUEST),
    true,
    'announced by txId',
  );
  t.equal(matches(ANNOUNCED, withRequest({ operation: undefined })), true, 'TRANSFER is the default');
  t.equal(matches(XRP, XRP_REQUEST), true);
  t.equal(matches(XRP, xrpTo({ displayDstTag: '', dstTag: '123' })), true, 'a tag in another field');
  t.end();
});

t.test('matches what is displayed for one destination', (t) => {
  const item = { ...ANNOUNCED, amount: '1', destinations: [{ address: ALICE, amount: '1' }] };
  const one = { amountStr: '1', requestedAmountStr: '1' };
  t.equal(matches(item, withRequest({ ...one, destinations: [], destAddress: ALICE })), true);
  t.equal(matches(item, withRequest({ ...one, destinations: [{}], destAddress: ALICE })), true);
  const token = { ...item, asset: 'USDC' };
  const contract = '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48';
  const paid = { ...one, asset: 'USDC', destAddress: contract, destinations: [{ dstAddress: ALICE }] };
  t.equal(matches(token, withRequest(paid)), true, 'destAddress may be the contract of the token');
  t.equal(matches(token, withRequest({ ...paid, destinations: [] })), false);
  t.equal(matches(item, withRequest({ ...paid, asset: 'ETH' })), false);
  t.end();
});

t.test('never matches a request that pays something else', (t) => {
  const [bob, alice] = ANNOUNCED_REQUEST['destinations'] as readonly Payload[];
  const changes: Readonly<Record<string, Payload>> = {
    'another asset': { asset: 'ETC' },
    'no asset': { asset: null },
    'a higher amount': { amountStr: '3.000000000000000001' },
    'a higher requested amount': { requestedAmountStr: '3.1' },
    'a lower amount': { amountStr: '2.9' },
    'no amount': { amountStr: '', requestedAmountStr: null },
    'an amount that is a number': { amountStr: 3 },
    'a higher amount of one destination': { destinations: [{ ...bob, amountNativeStr: '2.1' }, alice] },
    'a lower amount of one destination': { destinations: [{ ...bob, amountNativeStr: '1.9' }, alice] },
    'amounts the other way round': {
      destinations: [
        { ...bob, amountNativeStr: '1' },
        { ...alice, amountNativeStr: '2' },
      ],
    },
    'no amount of a destination': { destinations: [{ ...bob, amountNativeStr: null }, alice] },
    'one destination less': { destinations: [bob] },
    'no destinations': { destinations: [] },
    'one destination twice': { destinations: [bob, bob] },
    'a destination more': { destinations: [bob, alice, { dstAddress: ALICE, amountNativeStr: '0' }] },
    'a destination that is none': { destinations: [bob, alice, null] },
    'destinations that are none': { destinations: 'x' },
    'a tag': { destinations: [{ ...bob, displayDstTag: '1' }, alice] },
    'a tag in another field': { destinations: [{ ...bob, memo: '1' }, alice] },
    'a tag that is no string': { destinations: [{ ...bob, dstTag: 5 }, alice] },
    'two different addresses of one destination': {
      destinations: [{ ...bob, displayDstAddress: ALICE }, alice],
    },
    'an address that is no string': { destinations: [{ ...bob, dstAddress: [BOB] }, alice] },
    'a call': { operation: 'CONTRACT_CALL' },
    'call data': { extraParameters: { contractCallData: '0xa9059cbb' } },
    'a message': { extraParameters: { rawMessageData: { messages: [] } } },
    'parameters that are no object': { extraParameters: 'x' },
  };
  for (const [name, change] of Object.entries(changes)) {
    t.equal(matches(ANNOUNCED, withRequest(change)), false, name);
  }
  t.end();
});

t.test('compares tags', (t) => {
  const untagged = { ...XRP.destinations[0], tag: undefined };
  t.equal(matches(XRP, xrpTo({ displayDstTag: '124' })), false);
  t.equal(matches(XRP, xrpTo({ displayDstTag: null })), false, 'a tag that is not displayed');
  t.equal(matches(XRP, xrpTo({ dstTag: '124' })), false, 'two tags');
  t.equal(matches({ ...XRP, destinations: [untagged] }, XRP_REQUEST), false);
  t.end();
});

t.test('compares addresses exactly if the chain of the asset is not known', (t) => {
  const item = { ...ANNOUNCED, asset: 'NEW_COIN' };
  const [, alice] = ANNOUNCED_REQUEST['destinations'] as readonly Payload[];
  const exact = [{ amountNativeStr: '2', dstAddress: BOB }, alice];
  t.equal(matches(item, withRequest({ asset: 'NEW_COIN', destinations: exact })), true);
  t.equal(matches(item, withRequest({ asset: 'NEW_COIN' })), false, 'in lower case');
  t.end();
});

t.test('allows the fee to be taken from the amount at signing, and nothing more', (t) => {
  const item = { ...ANNOUNCED, amount: '1', destinations: [{ address: ALICE, amount: '1' }] };
  const signing = (change: Payload, destination: Payload = {}): Payload =>
    withRequest({
      ...{ fee: '0.01', amountStr: '0.99', requestedAmountStr: '1' },
      destinations: [{ displayDstAddress: ALICE, amountNativeStr: '0.99', ...destination }],
      ...change,
    });
  t.equal(matches(item, signing({})), true);
  t.equal(matches(item, signing({}, { amountNativeStr: '1' })), true, 'displayed as requested');
  t.equal(matches(item, signing({ requestedAmountStr: null })), true);
  t.equal(matches(item, signing({ amountStr: '0.989' })), false, 'more than the fee');
  t.equal(matches(item, signing({}, { amountNativeStr: '0.98' })), false);
  t.equal(matches(item, signing({ requestedAmountStr: '0.99' })), false, 'less was requested');
  t.equal(matches(item, signing({ fee: 'x' })), false);
  t.equal(matches(item, signing({ fee: null })), false, 'no fee is displayed');
  const token = { ...item, asset: 'USDC' };
  t.equal(matches(token, signing({ asset: 'USDC' })), false, 'the fee is in another asset');
  t.equal(matches({ ...item, asset: 'NEW_COIN' }, signing({ asset: 'NEW_COIN' })), false);
  t.end();
});

t.test('is absent if nothing is announced for the transaction', (t) => {
  const absent = (payload: Payload, memory = remembering([ANNOUNCED]), now = NOW): boolean | string =>
    evaluateWith('!has(tx.expected)', payload, memory, { now });
  t.equal(absent(ANNOUNCED_REQUEST), false);
  t.equal(absent(ANNOUNCED_REQUEST, memoryOf()), true);
  t.equal(absent(ANNOUNCED_REQUEST, remembering([ANNOUNCED], 'transaction:t-2')), true, 'used by another');
  t.equal(absent(ANNOUNCED_REQUEST, remembering([ANNOUNCED], SUBJECT)), false, 'used by this one');
  const ofOther = remembering([{ ...ANNOUNCED, externalTxId: undefined, txId: 'payout-1' }]);
  t.equal(absent(ANNOUNCED_REQUEST, ofOther), true, 'an externalTxId that is the txId of another');
  t.end();
});

t.test('expires, unless this transaction has used it', (t) => {
  const item = { ...ANNOUNCED, expires: '2026-11-26T13:00:00+01:00' };
  const before = new Date(NOW.getTime() - 1);
  const matchesAt = (now: Date, usedBy?: string): boolean | string =>
    evaluateWith(MATCHES, ANNOUNCED_REQUEST, remembering([item], usedBy), { now });
  t.equal(matchesAt(before), true);
  t.equal(matchesAt(NOW), false);
  t.equal(matchesAt(NOW, SUBJECT), true, 'its signing');
  const bound = matchedExpected(request(ANNOUNCED_REQUEST), remembering([item]), NOW, DEFAULT_CATALOG);
  t.equal(bound, undefined);
  t.end();
});

t.test('can’t be used if what is stored is malformed', (t) => {
  const destination = { address: ALICE, amount: '3' };
  const malformed: Readonly<Record<string, string>> = {
    '': 'is not JSON',
    '[]': 'must be an object',
    '{}': 'must be the id of an asset',
    [JSON.stringify({ ...ANNOUNCED, amount: 3 })]: 'amount must be an amount in quotes',
    [JSON.stringify({ ...ANNOUNCED, amount: '-3' })]: 'amount must be a decimal number',
    [JSON.stringify({ ...ANNOUNCED, amount: '4' })]: 'the destinations get 3, but the amount is 4',
    [JSON.stringify({ ...ANNOUNCED, amount: '0', destinations: [] })]: 'destinations must not be empty',
    [JSON.stringify({ ...ANNOUNCED, destinations: [{ ...destination, tag: '' }] })]: 'must not be empty',
    [JSON.stringify({ ...ANNOUNCED, destinations: [{ ...destination, memo: '1' }] })]: 'unknown keys: "memo"',
    [JSON.stringify({ ...ANNOUNCED, expires: '2026-11-26' })]: 'expires must be a time',
    [JSON.stringify({ ...ANNOUNCED, expires: 1795000000 })]: 'expires must be a time',
    [JSON.stringify({ ...ANNOUNCED, txId: 't-1' })]: 'one of the keys externalTxId and txId',
    [JSON.stringify({ ...ANNOUNCED, externalTxId: 'payout-2' })]: 'not the one that it is stored under',
  };
  for (const [data, problem] of Object.entries(malformed)) {
    const memory = memoryOf({ expected: [{ id: 'payout-1', data, usedBy: undefined }] });
    for (const when of [MATCHES, '!has(tx.expected)', 'tx.expected.matches']) {
      const outcome = evaluateWith(when, ANNOUNCED_REQUEST, memory);
      t.match(outcome, `tx.expected can’t be known: what is stored is malformed: `, `${when} ${data}`);
      t.ok(String(outcome).includes(problem), `${outcome}`);
    }
    const bound = matchedExpected(request(ANNOUNCED_REQUEST), memory, NOW, DEFAULT_CATALOG);
    t.equal(bound, undefined, 'an approval by another rule binds nothing');
  }
  t.end();
});

t.test('can’t be used without a memory', (t) => {
  const outcome = evaluateWith('!has(tx.expected)', ANNOUNCED_REQUEST, undefined);
  t.equal(outcome, 'tx.expected can’t be known without a store');
  t.end();
});

t.test('has the facts of the announcement that matches', (t) => {
  const other = { ...ANNOUNCED, txId: 't-1', externalTxId: undefined, asset: 'ETC' };
  const item = { ...ANNOUNCED, expires: '2026-12-24T12:00:00Z' };
  for (const items of [
    [item, other],
    [other, item],
  ]) {
    const holds = (when: string): void => {
      t.equal(evaluateWith(when, ANNOUNCED_REQUEST, remembering(items)), true, when);
    };
    holds('tx.expected.externalTxId == "payout-1" && !has(tx.expected.txId)');
    holds('tx.expected.asset == "ETH" && tx.expected.amount == decimal("3.0")');
    holds('tx.expected.expires > now && tx.expected.expires.getHours("Europe/Berlin") == 13');
    t.equal(
      matchedExpected(request(ANNOUNCED_REQUEST), remembering(items), NOW, DEFAULT_CATALOG),
      'payout-1',
    );
  }
  const [first] = remembering([other]).expected;
  t.equal(evaluateWith('tx.expected.txId == "t-1"', ANNOUNCED_REQUEST, remembering([other])), true);
  t.equal(first?.id, 't-1');
  t.end();
});

t.test('is looked up by the ids of a transaction', (t) => {
  t.strictSame(expectedIds(request({ txId: 't', externalTxId: 'e' })), ['e', 't']);
  t.strictSame(expectedIds(request({ txId: 't', externalTxId: 't' })), ['t']);
  t.strictSame(expectedIds(request({ txId: '', externalTxId: 5 })), []);
  t.strictSame(expectedIds(request({ txId: 't' }, 'configuration')), []);
  t.end();
});

/** Assets with addresses, each in several spellings. */
const SPELLINGS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  ETH: [ALICE, BOB, `0x${'ab'.repeat(20)}`].map((address) => [
    address,
    address.toLowerCase(),
    `0x${address.slice(2).toUpperCase()}`,
    ` ${address} `,
    address.slice(2),
  ]),
  BTC: ['bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2'].map((address) =>
    address.startsWith('bc1') ? [address, address.toUpperCase()] : [address],
  ),
  TRX: [['TJCnKsPa7y5okkXvQAidZBzqx3QyQ6sxMW', '0x415a523b449890854c8fc460ab602df9f31fe4293f']],
};

interface Case {
  readonly item: typeof ANNOUNCED & { readonly destinations: readonly object[] };
  readonly payload: Payload;
}

/** An announcement and the request that it is for, spelled differently. */
const cases: fc.Arbitrary<Case> = fc.constantFrom(...Object.keys(SPELLINGS)).chain((asset) =>
  fc
    .array(
      fc.record({
        spellings: fc.constantFrom(...(SPELLINGS[asset] ?? [])),
        tag: fc.option(fc.constantFrom('1', '2'), { nil: undefined }),
        units: fc.integer({ min: 1, max: 1_000_000 }),
        written: fc.nat(10),
        sent: fc.nat(10),
      }),
      { minLength: 1, maxLength: 5 },
    )
    .chain((payees) =>
      fc.shuffledSubarray(payees, { minLength: payees.length }).map((order) => [payees, order]),
    )
    .map(([payees = [], order = []]): Case => {
      const spell = (spellings: readonly string[], place: number): string =>
        spellings[place % spellings.length] ?? '';
      const amount = String(payees.reduce((sum, { units }) => sum + units, 0) / 1000);
      const destinations = payees.map(({ spellings, tag, units, written }) => {
        return { address: spell(spellings, written), amount: (units / 1000).toFixed(3), ...(tag && { tag }) };
      });
      const displayed = order.map(({ spellings, tag, units, sent }) => {
        const address = spell(spellings, sent);
        return {
          dstAddress: address,
          amountNativeStr: String(units / 1000),
          ...(tag && { displayDstTag: tag }),
        };
      });
      return {
        item: { ...ANNOUNCED, asset, amount, destinations },
        payload: withRequest({ asset, amountStr: amount, requestedAmountStr: null, destinations: displayed }),
      };
    }),
);

t.test('matches the same payment in all spellings', (t) => {
  fc.assert(
    fc.property(cases, ({ item, payload }) => matches(item, payload) === true),
    { numRuns: 300 },
  );
  t.pass();
  t.end();
});

/** Changes of one destination. */
const CHANGES: readonly ((destination: Payload) => readonly Payload[])[] = [
  (destination) => [{ ...destination, dstAddress: `0x${'cd'.repeat(20)}` }],
  (destination) => [{ ...destination, amountNativeStr: `${String(destination['amountNativeStr'])}1` }],
  (destination) => [{ ...destination, amountNativeStr: '0' }],
  (destination) => [{ ...destination, displayDstTag: '3' }],
  (destination) => [
    { ...destination, displayDstTag: destination['displayDstTag'] === undefined ? '1' : null },
  ],
  (destination) => [destination, destination],
  () => [],
];

t.test('never matches a payment with one change', (t) => {
  const changed = cases.chain(({ item, payload }) =>
    fc.record({ change: fc.constantFrom(...CHANGES), place: fc.nat(4) }).map(({ change, place }): Case => {
      const destinations = payload['destinations'] as readonly Payload[];
      const at = place % destinations.length;
      const changedList = destinations.flatMap((each, index) => (index === at ? change(each) : [each]));
      return { item, payload: { ...payload, destinations: changedList } };
    }),
  );
  fc.assert(
    fc.property(changed, ({ item, payload }) => {
      // "1.5" and "1.51" differ, "1" and "11" too.
      return matches(item, payload) === false;
    }),
    { numRuns: 500 },
  );
  t.pass();
  t.end();
});
