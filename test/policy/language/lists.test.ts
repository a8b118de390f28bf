import t from 'tap';
import { NamedList } from '../../../src/policy/language/named-list.js';
import { Address } from '../../../src/policy/facts/address.js';
import { evaluate, messagesAbout, type Payload } from '../../helpers/policy.js';

const PAYEE = '0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8';
const LISTED = 'tx.destinations.all(d, d in lists.payees)';
const ADDRESS_LISTED = 'tx.destinations.all(d, d.address in lists.payees)';

const transfer = (destination: Payload, more: Payload = {}): Payload => ({
  asset: 'ETH',
  ...more,
  destinations: [{ displayDstAddress: PAYEE.toLowerCase(), ...destination }],
});

t.test('an id or another string is in a list only as it is written there', (t) => {
  const lists = { l: ['0', '0xAB', { address: '0xCD' }] };
  const sourceIn = (sourceId: string) => evaluate('tx.sourceId in lists.l', { sourceId }, { lists });
  t.equal(sourceIn('0'), true);
  for (const sourceId of [' 0', '0 ', '00', '0xab', ' 0xAB', '\u200b0']) {
    t.equal(sourceIn(sourceId), false, JSON.stringify(sourceId));
  }
  t.equal(sourceIn('0xCD'), true, 'entries with more than an address count by their address');
  t.end();
});

t.test('d in a list compares the address, the tag and the asset', (t) => {
  const listed = (entry: object, destination: Payload, more?: Payload) =>
    evaluate(LISTED, transfer(destination, more), { lists: { payees: [{ address: PAYEE, ...entry }] } });
  t.equal(listed({}, {}), true);
  t.equal(listed({}, { displayDstTag: '' }), true, 'an empty tag is absent');
  t.equal(listed({}, { displayDstTag: '1' }), false, 'the tag of someone else');
  t.equal(listed({ tag: '1' }, { displayDstTag: '1' }), true);
  t.equal(listed({ tag: '1' }, {}), false);
  for (const displayDstTag of ['2', '01', ' 1']) t.equal(listed({ tag: '1' }, { displayDstTag }), false);
  t.equal(listed({ asset: 'ETH' }, {}), true);
  t.equal(listed({ asset: 'USDC' }, {}), false);
  t.equal(listed({ asset: 'ETH' }, {}, { asset: undefined }), false);
  t.equal(
    listed({}, { displayDstAddress: undefined }),
    'a destination that is looked up in a list has no address',
  );
  t.equal(listed({}, { displayDstTag: 5 }), 'tx.destinations[].tag is not a string');
  t.equal(listed({}, { displayDstAddress: '0x1' }), false);
  t.end();
});

t.test('a string in a list does not match a destination that has a tag', (t) => {
  const lists = { payees: [PAYEE] };
  t.equal(evaluate(LISTED, transfer({}), { lists }), true);
  t.equal(evaluate(LISTED, transfer({ displayDstTag: '1' }), { lists }), false);
  t.end();
});

t.test('one of several entries with the same address is enough', (t) => {
  const lists = {
    payees: [
      { address: PAYEE, tag: '1', asset: 'ETH' },
      { address: PAYEE, tag: '2' },
    ],
  };
  for (const [tag, expected] of [
    ['1', true],
    ['2', true],
    ['3', false],
  ] as const) {
    t.equal(evaluate(LISTED, transfer({ displayDstTag: tag }), { lists }), expected, tag);
  }
  t.end();
});

t.test('d.address in a list compares the address, whatever the tag', (t) => {
  const listed = (entry: object, destination: Payload) =>
    evaluate(ADDRESS_LISTED, transfer(destination), { lists: { payees: [{ address: PAYEE, ...entry }] } });
  t.equal(listed({ tag: '1' }, {}), true);
  t.equal(listed({}, { displayDstTag: '1' }), true);
  t.equal(listed({ asset: 'ETH' }, {}), true);
  t.equal(listed({ asset: 'USDC' }, {}), false);
  t.end();
});

t.test('a rule about a destination whose addresses differ can’t be evaluated', (t) => {
  const parts = { lists: { payees: [PAYEE] }, policy: { integrity: { display: 'off' } } };
  for (const when of [LISTED, ADDRESS_LISTED, `!(${ADDRESS_LISTED})`]) {
    t.match(evaluate(when, transfer({ dstAddress: '0x1' }), parts), /its addresses differ$/, when);
  }
  t.end();
});

t.test('refuses d in a list where another tag would evade the rule', (t) => {
  const messages = (when: string, action: string) =>
    messagesAbout(when, { action, lists: { l: [] } }).map((message) => message.replace(/^.*: write /, ''));
  for (const action of ['reject', 'retry', 'ignore']) {
    t.strictSame(
      messages('tx.asset == "X" || tx.destinations.exists(d, d in lists.l)', action),
      ['d.address in lists.l'],
      action,
    );
    t.strictSame(messages('!tx.destinations.all(d, d in lists.l)', action), []);
    t.strictSame(messages('tx.destinations.exists(d, !(d in lists.l))', action), []);
    t.strictSame(messages('tx.destinations.exists(d, (d in lists.l) == false)', action), []);
    t.strictSame(messages('!tx.destinations.all(e, !(e in lists.l))', action), ['e.address in lists.l']);
    t.strictSame(messages('tx.destinations.exists(d, true != (d in lists.l))', action), []);
    t.strictSame(messages('tx.destinations.exists(d, (d in lists.l) != false)', action), [
      'd.address in lists.l',
    ]);
    t.strictSame(messages('tx.destinations.exists(d, d.address in lists.l)', action), []);
  }
  t.strictSame(messages('tx.destinations.all(d, d in lists.l)', 'approve'), []);
  t.strictSame(messages('tx.destinations.all(d, !(d in lists.l))', 'approve'), ['!(d.address in lists.l)']);
  t.strictSame(messages('tx.note == "x" ? tx.destinations.all(d, !(d in lists.l)) : false', 'approve'), [
    '!(d.address in lists.l)',
  ]);
  t.end();
});

t.test('looks up addresses in a long list quickly, on any number of chains', (t) => {
  const list = new NamedList(Array.from({ length: 20_000 }, (_, index) => `0x${index}`));
  list.hasAddress(new Address('0x1', 'evm/1'));
  const startedAt = performance.now();
  for (let chain = 1; chain <= 1000; chain++) t.ok(list.hasAddress(new Address('0x19999', `evm/${chain}`)));
  t.ok(performance.now() - startedAt < 2000);
  t.end();
});
