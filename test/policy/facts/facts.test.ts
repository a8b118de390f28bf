import { readFileSync } from 'node:fs';
import t from 'tap';
import { samplePayload } from '../../../cli/cosigner/request.js';
import { FACT_CLASSES, FACT_TYPES } from '../../../src/policy/facts/facts.js';
import { evaluate, type Payload } from '../../helpers/policy.js';

/** For each fact, a payload that has it and an expression that is true for this payload. */
const present: Readonly<Record<string, readonly [Payload, string]>> = {
  'tx.requestId': [{ requestId: 'r-9' }, 'tx.requestId == "r-9"'],
  'tx.signerId': [{ signerId: 's' }, 'tx.signerId == "s"'],
  'tx.stage': [{}, 'tx.stage == "approval"'],
  'tx.operation': [{ operation: 'RAW' }, 'tx.operation == "RAW"'],
  'tx.asset': [{ asset: 'ETH' }, 'tx.asset == "ETH"'],
  'tx.amount': [{ amountStr: '0.50' }, 'tx.amount == decimal("0.5")'],
  'tx.requestedAmount': [{ requestedAmountStr: '2' }, 'tx.requestedAmount > decimal("1")'],
  'tx.amountUsd': [
    { destinations: [{ amountUSD: 1.1 }, { amountUSD: 2.2 }] },
    'tx.amountUsd == decimal("3.3")',
  ],
  'tx.fee': [{ fee: '0.1' }, 'tx.fee <= decimal("0.1")'],
  'tx.sourceType': [{ sourceType: 'VAULT' }, 'tx.sourceType == "VAULT"'],
  'tx.sourceId': [{ sourceId: '0' }, 'tx.sourceId == "0"'],
  'tx.destType': [{ destType: 'VAULT' }, 'tx.destType == "VAULT"'],
  'tx.destId': [{ destId: '1' }, 'tx.destId == "1"'],
  'tx.destAddress': [{ destAddress: '0xAb' }, 'tx.destAddress == "0xaB"'],
  'tx.destAddressType': [{ destAddressType: 'ONE_TIME' }, 'tx.destAddressType == "ONE_TIME"'],
  'tx.destinations': [{ destinations: [{}] }, 'tx.destinations.size() == 1'],
  'tx.note': [{ note: 'rent' }, 'tx.note.startsWith("re")'],
  'tx.txId': [{ txId: 't' }, 'tx.txId == "t"'],
  'tx.externalTxId': [{ externalTxId: 'e' }, 'tx.externalTxId == "e"'],
  'tx.customerRefId': [{ customerRefId: 'c' }, 'tx.customerRefId == "c"'],
  'tx.extraParameters': [{ extraParameters: { a: { b: [1, 'x'] } } }, 'tx.extraParameters.a.b[1] == "x"'],
  'd.address': [
    { destinations: [{ displayDstAddress: '0xA', dstAddress: '0xa' }] },
    'tx.destinations.all(d, d.address == "0xa")',
  ],
  'd.addressType': [
    { destinations: [{ dstAddressType: 'X' }] },
    'tx.destinations.all(d, d.addressType == "X")',
  ],
  'd.type': [{ destinations: [{ dstType: 'X' }] }, 'tx.destinations.all(d, d.type == "X")'],
  'd.subType': [{ destinations: [{ dstSubType: 'X' }] }, 'tx.destinations.all(d, d.subType == "X")'],
  'd.id': [{ destinations: [{ dstId: 'X' }] }, 'tx.destinations.all(d, d.id == "X")'],
  'd.walletId': [{ destinations: [{ dstWalletId: 'X' }] }, 'tx.destinations.all(d, d.walletId == "X")'],
  'd.name': [{ destinations: [{ dstName: 'X' }] }, 'tx.destinations.all(d, d.name == "X")'],
  'd.tag': [{ destinations: [{ displayDstTag: 'X' }] }, 'tx.destinations.all(d, d.tag == "X")'],
  'd.amount': [
    { destinations: [{ amountNativeStr: '1' }, { amountNativeStr: '2' }] },
    'tx.destinations[0].amount + tx.destinations[1].amount == decimal("3")',
  ],
  'd.amountUsd': [
    { destinations: [{ amountUSD: 7 }] },
    'tx.destinations.all(d, d.amountUsd == decimal("7"))',
  ],
};
const NEVER_ABSENT = ['tx.requestId', 'tx.stage', 'tx.operation', 'config.requestId'];

const presentInChanges: typeof present = {
  'config.requestId': [{ requestId: 'r-9' }, 'config.requestId == "r-9"'],
  'config.signerId': [{ signerId: 's' }, 'config.signerId == "s"'],
  'config.type': [{ type: 'ADD_USER' }, 'config.type == "ADD_USER"'],
  'config.extraInfo': [{ extraInfo: { subType: 'X' } }, 'config.extraInfo.subType == "X"'],
};

for (const [kind, table] of [
  ['transaction', present],
  ['configuration', presentInChanges],
] as const) {
  for (const [fact, [payload, when]] of Object.entries(table)) {
    t.test(`reads ${fact}, which is absent if its field is missing, null or empty`, (t) => {
      t.equal(evaluate(when, payload, { kind }), true);
      if (NEVER_ABSENT.includes(fact)) {
        t.end();
        return;
      }
      const [owner, name] = fact.split('.');
      const absent = owner === 'd' ? { destinations: [{}] } : {};
      const has = owner === 'd' ? `tx.destinations.all(d, has(${fact}))` : `has(${fact})`;
      t.equal(evaluate(has, payload, { kind }), true);
      t.equal(evaluate(has, absent, { kind }), false);
      t.match(
        evaluate(when, absent, { kind }),
        `.${name} is absent`.replace('d.', ''),
        'reading it is an error',
      );
      for (const nothing of [null, '']) {
        const fields = (owner === 'd' ? (payload['destinations'] as Payload[])[0] : payload) ?? {};
        const emptied = Object.fromEntries(Object.keys(fields).map((field) => [field, nothing]));
        const sent = owner === 'd' ? { destinations: [emptied] } : emptied;
        t.equal(evaluate(has, sent, { kind }), false, `${JSON.stringify(nothing)} counts as absent`);
      }
      t.end();
    });
  }
}

/** signed-facts.test.ts tests the facts about what is signed. */
const isObjectOfFacts = (type: string): boolean => Object.hasOwn(FACT_CLASSES, type);

t.test('tests every fact', (t) => {
  const named = { tx: 'tx', config: 'config', destination: 'd' } as const;
  const facts = Object.entries(FACT_TYPES).flatMap(([owner, types]) =>
    Object.entries(types)
      // initiator.test.ts tests tx.initiator, which takes a proof.
      .filter(([name, type]) => !isObjectOfFacts(type) && name !== 'initiator')
      .map(([name]) => `${named[owner as keyof typeof named]}.${name}`),
  );
  t.strictSame(Object.keys({ ...present, ...presentInChanges }).sort(), facts.sort());
  t.end();
});

t.test('the guide lists every fact with its type', (t) => {
  const guide = readFileSync(new URL('../../../docs/policy-reference.md', import.meta.url), 'utf8');
  const documentedType: Readonly<Record<string, string>> = {
    string: '(text|string)',
    Address: 'address',
    Decimal: 'decimal',
    dyn: 'dynamic',
    'list<Destination>': 'list',
  };
  for (const [owner, types] of Object.entries(FACT_TYPES)) {
    for (const [name, type] of Object.entries(types)) {
      if (isObjectOfFacts(type)) continue;
      const fact = `${owner === 'destination' ? 'd' : owner}.${name}`;
      t.match(guide, new RegExp(`^\\| \`${fact}\` \\| ${documentedType[type]} \\|`, 'm'), fact);
    }
  }
  t.end();
});

t.test('fails only the rules that read an unusable fact', (t) => {
  for (const amountStr of ['1e3000', 'NaN', '-1', ' 1', ' ', '1,000', 5, true, {}, []]) {
    t.equal(
      evaluate('tx.amount > decimal("0")', { amountStr }).toString().slice(0, 16),
      'tx.amount is not',
      JSON.stringify(amountStr),
    );
    t.equal(evaluate('has(tx.amount)', { amountStr }).toString().slice(0, 16), 'tx.amount is not');
    t.equal(evaluate('tx.asset == "ETH"', { amountStr, asset: 'ETH' }), true, 'other facts are not affected');
  }
  t.equal(evaluate('tx.note == "5"', { note: 5 }), 'tx.note is not a string');
  t.equal(
    evaluate('tx.destAddress in lists.l', { destAddress: [] }, { lists: { l: [] } }),
    'tx.destAddress is not a string',
  );
  for (const destinations of [{}, 'x', [null], [[]], ['x']]) {
    t.equal(
      evaluate('tx.destinations.size() > 0', { destinations }),
      'tx.destinations is not a list of objects',
    );
    t.equal(evaluate('has(tx.amountUsd)', { destinations }), 'tx.destinations is not a list of objects');
  }
  for (const amountUSD of ['x', '-1', '1e2000', -1, {}, true]) {
    t.equal(
      evaluate('tx.amountUsd < decimal("5")', { destinations: [{ amountUSD }] }),
      'tx.destinations[].amountUsd is not an amount in US dollars',
    );
  }
  t.equal(
    evaluate('has(config.extraInfo)', { extraInfo: 'x' }, { kind: 'configuration' }),
    'config.extraInfo is not an object',
  );
  t.end();
});

t.test('compares amounts exactly, however many digits they have', (t) => {
  t.equal(evaluate('tx.amount == decimal("0.01")', { amountStr: '0.010000000000000001' }), false);
  t.equal(evaluate('tx.amount > decimal("0.01")', { amountStr: '0.010000000000000001' }), true);
  t.equal(evaluate('tx.amount == decimal("0.01")', { amountStr: '0.010000000000000000' }), true);
  const sum = 'tx.amountUsd + decimal("0.00000001") == decimal("18.74292938")';
  t.equal(evaluate(sum, samplePayload('transaction')), true);
  const long = '1234567890'.repeat(8);
  t.equal(evaluate(`tx.amount == decimal("${long}")`, { amountStr: long }), true);
  t.equal(evaluate(`tx.amount == decimal("${long}")`, { amountStr: `${long.slice(0, -1)}1` }), false);
  t.equal(evaluate(`tx.amount * decimal("2") - tx.amount == tx.amount`, { amountStr: long }), true);
  t.end();
});

t.test('reads amounts in any form in which numbers are written', (t) => {
  for (const [text, value] of [
    ['.5', '0.5'],
    ['5.', '5'],
    ['1e-8', '0.00000001'],
    ['1E3', '1000'],
  ] as const) {
    t.equal(evaluate(`tx.amount == decimal("${value}")`, { amountStr: text }), true, text);
    t.equal(evaluate(`tx.requestedAmount == decimal("${value}")`, { requestedAmountStr: text }), true);
    t.equal(evaluate(`tx.fee == decimal("${value}")`, { fee: text }), true);
    const destinations = [{ amountNativeStr: text, amountUSD: text }, { amountUSD: 0.25 }];
    t.equal(evaluate(`tx.destinations[0].amount == decimal("${value}")`, { destinations }), true);
    t.equal(evaluate(`tx.amountUsd == decimal("${value}") + decimal("0.25")`, { destinations }), true);
  }
  t.end();
});

t.test('tx.operation is TRANSFER, the documented default, if the request has none', (t) => {
  for (const operation of [undefined, null, '']) {
    t.equal(evaluate('tx.operation == "TRANSFER"', { operation }), true, JSON.stringify(operation));
    t.equal(evaluate('has(tx.operation) && tx.operation in ["TRANSFER"]', { operation }), true);
  }
  t.equal(evaluate('tx.operation == "TRANSFER"', { operation: 5 }), 'tx.operation is not a string');
  t.equal(evaluate('tx.operation == "TRANSFER"', { operation: ' ' }), false);
  t.end();
});

t.test('fields of extraParameters and extraInfo are absent if they are null or empty', (t) => {
  for (const memo of [null, '']) {
    t.equal(evaluate('has(tx.extraParameters.memo)', { extraParameters: { memo } }), false);
    const change = { type: 'X', extraInfo: { tag: memo } };
    t.equal(evaluate('has(config.extraInfo.tag)', change, { kind: 'configuration' }), false);
  }
  const nested = { extraParameters: { message: { value: '' } } };
  t.equal(evaluate('tx.extraParameters.message.value == ""', nested), true, 'values inside are as sent');
  t.end();
});

t.test('tx.amountUsd is absent if a destination has no amount, or if there is no destination', (t) => {
  for (const destinations of [
    [{ amountUSD: 1 }, {}],
    [{}, { amountUSD: 1 }],
    [{ amountUSD: null }],
    [{ amountUSD: 1 }, { amountUSD: '' }],
    [],
    '',
    undefined,
  ]) {
    t.equal(evaluate('has(tx.amountUsd)', { destinations }), false, JSON.stringify(destinations));
  }
  t.end();
});

t.test('an empty list of destinations counts as absent, so that a rule about all of them fails', (t) => {
  t.equal(
    evaluate('tx.destinations.all(d, d.type == "VAULT")', { destinations: [] }),
    'tx.destinations is absent',
  );
  t.end();
});

t.test('d.address is the displayed address or, if that is empty, the address', (t) => {
  const read = (destination: Payload) =>
    evaluate('tx.destinations[0].address == "0xb"', { destinations: [destination] });
  t.equal(read({ displayDstAddress: '0xB', dstAddress: ' 0xb' }), true);
  t.equal(read({ dstAddress: '0xB' }), true);
  t.equal(read({ displayDstAddress: '', dstAddress: '0xB' }), true);
  t.equal(read({ displayDstAddress: '  ' }), 'tx.destinations[0].address is absent');
  t.end();
});

const DIFFERING = 'tx.destinations[].address can’t be known: its addresses differ';

t.test('d.address can’t be known if the addresses of a destination differ by their chain’s rules', (t) => {
  const read = (payload: Payload, when = 'tx.destinations.all(d, has(d.address))') => evaluate(when, payload);
  t.equal(read({ destinations: [{ displayDstAddress: '0xA', dstAddress: '0xB' }] }), DIFFERING);
  const [upper, lower] = [
    '0x5DC69B1FBB13BAFD09AF88A782F0F285772AD5F8',
    '5dc69b1fbb13bafd09af88a782f0f285772ad5f8',
  ];
  const differently = { destinations: [{ displayDstAddress: upper, dstAddress: lower }] };
  const unchecked = { integrity: { display: 'off' } };
  const checked = (payload: Payload) =>
    evaluate('tx.destinations.all(d, has(d.address))', payload, { policy: unchecked });
  t.equal(checked({ asset: 'ETH', ...differently }), true);
  t.equal(checked({ asset: 'UNKNOWN', ...differently }), DIFFERING, 'by form, without a chain');
  const one = { destinations: [{ dstAddress: upper }], destAddress: '0xB' };
  t.equal(checked({ asset: 'ETH', ...one }), DIFFERING);
  t.equal(checked({ asset: 'ETH', operation: 'CONTRACT_CALL', ...one }), true, 'only for transfers');
  t.equal(checked({ asset: 'ETH', ...one, destinations: [...one.destinations, ...one.destinations] }), true);
  const contract = '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48';
  t.equal(checked({ asset: 'USDC', ...one, destAddress: contract }), true, 'the token’s contract');
  t.end();
});

t.test('tx.destAddress can’t be known if it is not the address of the only destination', (t) => {
  const read = (payload: Payload) =>
    evaluate('tx.destAddress == "0xb"', payload, { policy: { integrity: { display: 'off' } } });
  t.equal(read({ destAddress: '0xB', destinations: [{ dstAddress: '0xb' }] }), true);
  t.equal(read({ destAddress: '0xB', destinations: [{}] }), true);
  t.equal(
    read({ destAddress: '0xB', destinations: [{ dstAddress: '0xA' }] }),
    'tx.destAddress can’t be known: its addresses differ',
  );
  t.equal(read({ operation: 'RAW', destAddress: '0xB', destinations: [{ dstAddress: '0xA' }] }), true);
  t.end();
});

t.test('with several destinations, the facts about one of them are absent', (t) => {
  const payload = { destType: 'VAULT', destId: '1', destAddress: '0xA', destAddressType: 'WHITELISTED' };
  for (const fact of ['destType', 'destId', 'destAddress', 'destAddressType']) {
    const has = (destinations: unknown) => evaluate(`has(tx.${fact})`, { ...payload, destinations });
    t.equal(has([{}, {}]), false, fact);
    t.equal(has([{}]), true);
    t.equal(has(undefined), true);
    t.equal(has({ a: {}, b: {} }), false, 'which may be several');
  }
  t.equal(
    evaluate('tx.destType == "VAULT"', { ...payload, destinations: [{}, {}] }),
    'tx.destType is absent',
    'a rule that reads only this fact fails',
  );
  t.end();
});

t.test('addresses compare as on the chain of the transaction’s asset', (t) => {
  const address = '5dc69b1fbb13bafd09af88a782f0f285772ad5f8';
  const payload = { asset: 'ETH', destAddress: address };
  const parts = { lists: { l: [`0x${address.toUpperCase()}`] } };
  t.equal(evaluate('tx.destAddress in lists.l', payload, parts), true);
  t.equal(evaluate('tx.destAddress in lists.l', { ...payload, asset: 'UNKNOWN' }, parts), false);
  const policy = { assets: { UNKNOWN: { chain: 'evm/5', decimals: '18' } } };
  t.equal(
    evaluate('tx.destAddress in lists.l', { ...payload, asset: 'UNKNOWN' }, { ...parts, policy }),
    true,
  );
  t.end();
});

t.test('an amount without a price is not worth 0 US dollars', (t) => {
  const usd = (destinations: unknown, more: Payload = {}, policy: Payload = {}) =>
    evaluate('tx.amountUsd == decimal("0")', { asset: 'XYZ', ...more, destinations }, { policy });
  const absent = 'tx.amountUsd is absent';
  t.equal(usd([{ amountUSD: 0 }]), absent, 'an amount that is not known counts as one');
  t.equal(usd([{ amountUSD: 0, amountNativeStr: '5' }]), absent);
  t.equal(usd([{ amountUSD: 0 }], { amountStr: '5' }), absent);
  t.equal(usd([{ amountUSD: 1 }, { amountUSD: 0, amountNativeStr: '5' }]), absent, 'beside another');
  t.equal(usd([{ amountUSD: 0, amountNativeStr: '0.00' }]), true, 'nothing costs nothing');
  t.equal(usd([{ amountUSD: 0 }], { amountStr: '0' }), true);
  const disagreeing = [{ amountUSD: 0, amountNativeStr: '0' }];
  t.equal(usd(disagreeing, { amountStr: '5' }, { integrity: { amount: 'off' } }), absent);
  t.equal(usd([{ amountUSD: 0 }, { amountUSD: 0 }], { amountStr: '0' }), absent);
  t.equal(evaluate('tx.destinations.all(d, has(d.amountUsd))', { destinations: [{ amountUSD: 0 }] }), false);
  t.end();
});

t.test('the policy’s price is used where the request has none, never in place of one', (t) => {
  const policy = { assets: { XYZ: { chain: 'evm/1', decimals: '18', price: '0.5' } } };
  const usd = (expected: string, destinations: unknown, more: Payload = {}) =>
    evaluate(`tx.amountUsd == decimal("${expected}")`, { asset: 'XYZ', ...more, destinations }, { policy });
  t.equal(usd('2.5', [{ amountUSD: 0, amountNativeStr: '5' }]), true);
  t.equal(usd('2.5', [{ amountNativeStr: '5' }]), true);
  t.equal(usd('2.5', [{}], { amountStr: '5' }), true, 'the amount of the only destination');
  t.equal(usd('7', [{ amountUSD: 7, amountNativeStr: '5' }]), true);
  t.equal(usd('9.5', [{ amountUSD: 7 }, { amountUSD: 0, amountNativeStr: '5' }]), true);
  t.equal(usd('0', [{}, {}], { amountStr: '5' }), 'tx.amountUsd is absent', 'whose amount is not known');
  t.end();
});

t.test('tx.stage distinguishes signing from approval', (t) => {
  t.equal(evaluate('tx.stage == "signing"', { fee: '1' }), true);
  t.equal(evaluate('tx.stage == "signing"', { destinations: [{ displayDstAddress: 'x' }] }), true);
  t.equal(evaluate('tx.stage == "approval"', { destinations: [{ dstAddress: 'x' }] }), true);
  t.end();
});

t.test('in a configuration change, compares addresses as addresses and hides the API key', (t) => {
  const change = (extraInfo: Payload, when: string, lists = {}) =>
    evaluate(when, { type: 'X', extraInfo }, { kind: 'configuration', lists });
  t.equal(change({ address: '0xAB' }, 'config.extraInfo.address == "0xab"'), true);
  t.equal(change({ address: ' 0xAB ' }, 'config.extraInfo.address in lists.l', { l: ['0xaB'] }), true);
  t.equal(change({ addresses: ['0xAB', '0xCD'] }, 'config.extraInfo.addresses.exists(a, a == "0xcd")'), true);
  t.equal(
    change({ addresses: ['0xAB'] }, 'config.extraInfo.addresses.exists(a, a in lists.l)', { l: ['0xab'] }),
    true,
  );
  t.equal(change({ address: '0xAB' }, 'config.extraInfo.address in ["0xab"]'), true);
  for (const address of [5, true, {}, ['0xAB']]) {
    t.equal(
      change({ address }, 'config.extraInfo.address != "0xAB"'),
      'config.extraInfo.address is not a string',
    );
  }
  t.equal(
    change({ address: 5, tag: 'x' }, 'config.extraInfo.tag == "x"'),
    true,
    'other facts are not affected',
  );
  t.equal(change({ address: null }, 'has(config.extraInfo.address)'), false);
  t.equal(
    change({ addresses: [] }, 'config.extraInfo.addresses.all(a, a in lists.l)', { l: [] }),
    'config.extraInfo.addresses is absent',
    'an empty list of addresses is absent',
  );
  t.equal(change({ apiKey: 'secret' }, 'has(config.extraInfo) && config.extraInfo.size() == 0'), true);
  t.end();
});

t.test('in a configuration change, addresses at any depth compare as on their asset’s chain', (t) => {
  const address = '5dc69b1fbb13bafd09af88a782f0f285772ad5f8';
  const change = (extraInfo: Payload, fact: string) =>
    evaluate(
      `${fact} in lists.l`,
      { type: 'X', extraInfo },
      { kind: 'configuration', lists: { l: [`0x${address}`] } },
    );
  t.equal(change({ asset: 'ETH', address }, 'config.extraInfo.address'), true);
  t.equal(change({ address }, 'config.extraInfo.address'), false, 'without a known asset, by form');
  t.equal(change({ asset: 'ETH', depositAddress: address }, 'config.extraInfo.depositAddress'), true);
  t.equal(change({ asset: 'ETH', a: { b: [{ address }] } }, 'config.extraInfo.a.b[0].address'), true);
  t.equal(change({ asset: 'ETH', a: { addresses: [address] } }, 'config.extraInfo.a.addresses[0]'), true);
  t.equal(change({ addresses: { ETH: address } }, 'config.extraInfo.addresses[0]'), true);
  t.equal(change({ addresses: JSON.stringify({ ETH: address }) }, 'config.extraInfo.addresses[0]'), true);
  t.equal(change({ asset: 'ETH', addresses: { BTC: address } }, 'config.extraInfo.addresses[0]'), false);
  t.equal(
    change({ asset: 'ETH', walletName: address }, 'config.extraInfo.walletName'),
    false,
    'a name is exact',
  );
  t.equal(
    change({ a: { address: 5 } }, 'config.extraInfo.a.address'),
    'config.extraInfo.a.address is not a string',
  );
  t.end();
});

const addressesAre = (addresses: unknown, expected: readonly string[]): boolean | string =>
  evaluate(
    `config.extraInfo.addresses.size() == ${expected.length} && ${expected
      .map((address) => `config.extraInfo.addresses.exists(a, a == "${address}")`)
      .join(' && ')}`,
    { type: 'EXCHANGE', extraInfo: { addresses } },
    { kind: 'configuration' },
  );

t.test('config.extraInfo.addresses is the list of addresses in the documented JSON string', (t) => {
  const map = { ETH: '0xAB', BTC: ' 1BvB ' };
  for (const addresses of [
    JSON.stringify(map),
    ` ${JSON.stringify(map, null, 2)}\n`,
    JSON.stringify(Object.values(map)),
    map,
    Object.values(map),
    { ...map, SOL: '', XRP: null },
    [...Object.values(map), '', null, ' '],
    JSON.stringify({ ...map, SOL: '', XRP: null }),
    '{"\\u0045TH":"0xAB","a\\"b":"1BvB"}',
  ]) {
    t.equal(addressesAre(addresses, ['0xab', '1BvB']), true, JSON.stringify(addresses));
  }
  t.equal(addressesAre('{"__proto__":"0xab"}', ['0xab']), true);
  t.end();
});

t.test('config.extraInfo.addresses is absent without any address', (t) => {
  for (const addresses of [null, '', ' ', '{}', '[]', 'null', {}, [], { ETH: '' }, '{"ETH":""}', [null]]) {
    const sent = { type: 'X', extraInfo: { addresses } };
    t.equal(evaluate('has(config.extraInfo.addresses)', sent, { kind: 'configuration' }), false);
    t.equal(
      addressesAre(addresses, ['x']),
      'config.extraInfo.addresses is absent',
      JSON.stringify(addresses),
    );
  }
  t.end();
});

t.test('config.extraInfo.addresses of any other form fails the rules that read it', (t) => {
  for (const addresses of [
    ...[5, true, { '0xab': 1 }, [['0xab']], [5], { ETH: { address: '0xab' } }],
    ...[
      '0xab',
      '"0xab"',
      '5',
      '{"ETH":"0xab"',
      '{"ETH":5}',
      '{"ETH":{"a":"0xab"}}',
      '[["0xab"]]',
      "{'ETH':'0xab'}",
    ],
    // A parser would drop the first address.
    '{"ETH":"0xcd","ETH":"0xab"}',
    '{"ETH":"0xcd","\\u0045TH":"0xab"}',
    '{"ETH":null,"ETH":"0xab"}',
  ]) {
    t.match(
      addressesAre(addresses, ['0xab']),
      /^config.extraInfo.addresses is not/,
      JSON.stringify(addresses),
    );
  }
  t.end();
});

t.test('converts to local time, including daylight saving time', (t) => {
  const at = (time: string, when: string) => evaluate(when, {}, { now: new Date(time) });
  t.equal(at('2026-03-08T01:30:00Z', 'now.getHours("Europe/Berlin") == 2'), true);
  t.equal(at('2026-03-29T00:30:00Z', 'now.getHours("Europe/Berlin") == 1'), true);
  t.equal(
    at('2026-03-29T01:30:00Z', 'now.getHours("Europe/Berlin") == 3'),
    true,
    'two o’clock does not exist on this day',
  );
  t.equal(
    at('2026-03-07T17:30:00Z', 'now.getHours("Asia/Tokyo") == 2 && now.getDayOfWeek("Asia/Tokyo") == 0'),
    true,
  );
  t.equal(
    at(
      '2026-12-31T23:30:00Z',
      'now.getFullYear("Europe/Berlin") == 2027 && now.getMonth("Europe/Berlin") == 0',
    ),
    true,
  );
  t.equal(at('2026-01-01T00:00:00Z', 'now.getHours("UTC") == 0 && now.getHours() == 0'), true);
  t.equal(at('2026-06-01T10:00:00Z', 'now < timestamp("2026-06-02T00:00:00Z")'), true);
  t.end();
});
