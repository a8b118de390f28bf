// Random policies, and random requests that use the values which those policies mention.
import fc from 'fast-check';
import type { Kind } from '../../../../../src/protocol/request.js';

export const LISTS = {
  treasury: ['0', '12'],
  desks: ['12', '77'],
  vaults: ['0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8', 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'],
  payees: [
    { address: '0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8', name: 'Acme' },
    { address: 'rPEPPER7kfTD9w2To4CQk6UCfuHM9c6GDY', tag: '4711', asset: 'XRP' },
  ],
  blocked: ['0x000000000000000000000000000000000000dEaD', '0x5dc69b1fbb13bafd09af88a782f0f285772ad5f8'],
};
export const TABLES = {
  limits: { ETH: '10', BTC: '0.5', XRP: '200' },
  small: { ETH: '1', BTC: '0.5', USDC: '100' },
  owners: { ETH: '12', BTC: '77' },
};

const STRINGS: Readonly<Record<string, readonly string[]>> = {
  'tx.asset': ['ETH', 'BTC', 'XRP', 'USDC'],
  'tx.operation': ['TRANSFER', 'CONTRACT_CALL', 'RAW'],
  'tx.sourceId': ['0', '12', '77', '99'],
  'tx.sourceType': ['VAULT', 'EXCHANGE'],
  'tx.note': ['INV-1', 'INV-2', 'x'],
  'tx.destType': ['VAULT', 'ONE_TIME_ADDRESS'],
  'tx.signerId': ['a', 'b'],
};
const DECIMALS: Readonly<Record<string, readonly string[]>> = {
  'tx.amount': ['0', '0.5', '1', '10', '100'],
  'tx.amountUsd': ['0', '100', '1000', '1000.01', '10000'],
  'tx.fee': ['0.001', '0.1'],
  'tx.requestedAmount': ['1', '10'],
};
const DESTINATION_STRINGS: Readonly<Record<string, readonly string[]>> = {
  'd.type': ['VAULT', 'EXCHANGE'],
  'd.tag': ['4711', '1'],
  'd.id': ['7', '8'],
};
const DESTINATION_DECIMALS: Readonly<Record<string, readonly string[]>> = {
  'd.amount': ['1', '10'],
  'd.amountUsd': ['100', '1000'],
};
const CONFIGURATION: Readonly<Record<string, readonly string[]>> = {
  'config.type': ['UNMANAGED_WALLET', 'USER', 'POLICY'],
  'config.signerId': ['a', 'b'],
  'config.extraInfo.subType': ['EXTERNAL', 'INTERNAL'],
  'config.extraInfo.tag': ['4711', '1'],
  'config.extraInfo.asset': ['ETH', 'XRP'],
};
/** These are there in every request. */
const ALWAYS = ['tx.operation', 'tx.stage'];

type Expression = fc.Arbitrary<string>;

const oneFrom = <Value>(values: readonly Value[]): fc.Arbitrary<Value> => fc.constantFrom(...values);

function guarded(fact: string, test: Expression): Expression {
  if (ALWAYS.includes(fact)) return test;
  return fc.oneof(
    { weight: 2, arbitrary: test.map((each) => `has(${fact}) && ${each}`) },
    { weight: 3, arbitrary: test },
    { weight: 1, arbitrary: fc.constant(`has(${fact})`) },
    { weight: 1, arbitrary: fc.constant(`!has(${fact})`) },
  );
}

function stringTests(facts: Readonly<Record<string, readonly string[]>>): Expression {
  return oneFrom(Object.entries(facts)).chain(([fact, values]) => {
    const value = oneFrom(values);
    const test = fc.oneof(
      { weight: 4, arbitrary: value.map((each) => `${fact} == "${each}"`) },
      { weight: 2, arbitrary: value.map((each) => `${fact} != "${each}"`) },
      {
        weight: 2,
        arbitrary: fc
          .uniqueArray(value, { minLength: 1, maxLength: 3 })
          .map((some) => `${fact} in ${JSON.stringify(some)}`),
      },
      ...(fact === 'tx.note'
        ? [
            {
              weight: 1,
              arbitrary: oneFrom(['INV', 'INV-1', 'x']).map((part) => `${fact}.startsWith("${part}")`),
            },
            { weight: 1, arbitrary: oneFrom(['1', 'NV', 'x']).map((part) => `${fact}.contains("${part}")`) },
            { weight: 1, arbitrary: oneFrom(['1', '-2', 'x']).map((part) => `${fact}.endsWith("${part}")`) },
          ]
        : []),
    );
    return guarded(fact, test);
  });
}

const OPERATORS = ['<', '<=', '>', '>=', '=='];

function decimalTests(facts: Readonly<Record<string, readonly string[]>>): Expression {
  return oneFrom(Object.entries(facts)).chain(([fact, values]) =>
    guarded(
      fact,
      fc
        .tuple(oneFrom(OPERATORS), oneFrom(values))
        .map(([operator, value]) => `${fact} ${operator} decimal("${value}")`),
    ),
  );
}

const listTests = fc.oneof(
  oneFrom(['treasury', 'desks']).map((list) => `tx.sourceId in lists.${list}`),
  fc.constant('has(tx.sourceId) && !(tx.sourceId in lists.treasury)'),
  oneFrom(['vaults', 'blocked']).map((list) => `has(tx.destAddress) && tx.destAddress in lists.${list}`),
);
const tableTests = fc.oneof(
  fc
    .tuple(oneFrom(['<=', '>']), oneFrom(['limits', 'small']))
    .map(([operator, table]) => `tx.amount ${operator} tables.${table}[tx.asset]`),
  oneFrom(['<', '<=', '>']).map((operator) => `tx.amount ${operator} tx.requestedAmount`),
  fc.constant('has(tx.destId) && tx.sourceId == tx.destId'),
  oneFrom(['ETH', 'BTC']).map(
    (asset) => `(tx.asset == "${asset}" ? tx.amount > decimal("1") : tx.operation == "RAW")`,
  ),
  fc.constant('has(tx.sourceId) && tx.asset in tables.owners && tx.sourceId == tables.owners[tx.asset]'),
);
const timeTests = fc.oneof(
  fc
    .tuple(oneFrom(['<', '>=']), oneFrom([8, 18]))
    .map(([operator, hour]) => `now.getHours("Europe/Berlin") ${operator} ${hour}`),
  fc.constant('now.getDayOfWeek("Europe/Berlin") in [0, 6]'),
  fc.constant('now.getHours() == 3'),
  oneFrom([30, 45]).map((minute) => `now.getMinutes("Asia/Kolkata") >= ${minute}`),
  oneFrom(['<', '>=']).map((operator) => `now ${operator} timestamp("2026-12-31T00:00:00Z")`),
  oneFrom(['<', '==', '>=']).map((operator) => `date(now, "Asia/Tokyo") ${operator} "2026-12-31"`),
  oneFrom(['<', '>=']).map((operator) => `time(now, "Europe/Berlin") ${operator} "08:30"`),
  fc.constant('weekday(now, "America/New_York") in ["Saturday", "Sunday"]'),
);
const stageTests = fc.oneof(
  oneFrom(['signing', 'approval']).map((stage) => `tx.stage == "${stage}"`),
  fc.constant('tx.raw.verified'),
);

/** @param isListed whether `d in lists.payees` is allowed: only in rules that approve, and not negated */
function destinationTests(isListed: boolean): Expression {
  const inner = fc.oneof(
    { weight: 2, arbitrary: stringTests(DESTINATION_STRINGS) },
    { weight: 2, arbitrary: decimalTests(DESTINATION_DECIMALS) },
    {
      weight: 2,
      arbitrary: oneFrom(['vaults', 'blocked', 'payees']).map((list) => `d.address in lists.${list}`),
    },
    { weight: 1, arbitrary: fc.constant('!(d.address in lists.blocked)') },
    ...(isListed ? [{ weight: 2, arbitrary: fc.constant('d in lists.payees') }] : []),
  );
  const predicate = fc.oneof(
    { weight: 2, arbitrary: inner },
    {
      weight: 1,
      arbitrary: fc
        .tuple(inner, oneFrom(['&&', '||']), inner)
        .map(([one, join, two]) => `(${one}) ${join} (${two})`),
    },
  );
  // What is counted must not be a membership with a tag.
  const counted = isListed ? fc.constant('d.type == "VAULT"') : inner;
  return guarded(
    'tx.destinations',
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc
          .tuple(oneFrom(['all', 'exists']), predicate)
          .map(([name, test]) => `tx.destinations.${name}(d, ${test})`),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(counted, oneFrom(['==', '>']), oneFrom([0, 1]))
          .map(([test, operator, size]) => `tx.destinations.filter(d, ${test}).size() ${operator} ${size}`),
      },
      { weight: 1, arbitrary: counted.map((test) => `tx.destinations.exists_one(d, ${test})`) },
      {
        weight: 1,
        arbitrary: fc
          .tuple(oneFrom(['==', '>', '<=']), oneFrom([1, 2]))
          .map(([operator, size]) => `tx.destinations.size() ${operator} ${size}`),
      },
    ),
  );
}

const configurationTests = fc.oneof(
  { weight: 4, arbitrary: stringTests(CONFIGURATION) },
  {
    weight: 1,
    arbitrary: oneFrom(['vaults', 'blocked', 'payees']).map(
      (list) => `config.extraInfo.address in lists.${list}`,
    ),
  },
);

function leaves(kind: Kind, isListed: boolean): Expression {
  if (kind === 'configuration') return configurationTests;
  return fc.oneof(
    { weight: 6, arbitrary: stringTests(STRINGS) },
    { weight: 5, arbitrary: decimalTests(DECIMALS) },
    { weight: 2, arbitrary: listTests },
    { weight: 2, arbitrary: tableTests },
    { weight: 2, arbitrary: timeTests },
    { weight: 2, arbitrary: stageTests.filter((test) => !test.includes('raw')) },
    { weight: 4, arbitrary: destinationTests(isListed) },
  );
}

function expressions(kind: Kind, isListed: boolean, depth = 2): Expression {
  const leaf = leaves(kind, isListed);
  if (depth === 0) return leaf;
  const inner = expressions(kind, isListed, depth - 1);
  const negated = expressions(kind, false, depth - 1);
  return fc.oneof(
    { weight: 3, arbitrary: leaf },
    { weight: 3, arbitrary: fc.tuple(inner, inner).map(([one, two]) => `(${one}) && (${two})`) },
    { weight: 2, arbitrary: fc.tuple(inner, inner).map(([one, two]) => `(${one}) || (${two})`) },
    { weight: 1, arbitrary: negated.map((each) => `!(${each})`) },
  );
}

const rule = fc
  .tuple(
    oneFrom<Kind>(['transaction', 'transaction', 'transaction', 'configuration']),
    oneFrom(['approve', 'reject', 'retry', 'ignore']),
  )
  .chain(([kind, action]) =>
    fc.record({
      for: fc.constant(kind),
      action: fc.constant(action),
      when: fc.oneof(
        { weight: 20, arbitrary: expressions(kind, action === 'approve') },
        { weight: 1, arbitrary: oneFrom(['true', 'false']) },
      ),
    }),
  );

/** The text of policies. */
export const policyTexts = fc
  .record({ rules: fc.array(rule, { minLength: 1, maxLength: 6 }), onError: oneFrom(['retry', 'reject']) })
  .map(({ rules, onError }) =>
    JSON.stringify({
      version: 1,
      lists: LISTS,
      tables: TABLES,
      rules: rules.map((each, index) => ({ id: `r${index}`, ...each })),
      onError,
    }),
  );

const addresses = oneFrom([...LISTS.vaults, ...LISTS.blocked, 'rPEPPER7kfTD9w2To4CQk6UCfuHM9c6GDY', '0xabc']);
const numbers = oneFrom([
  '0',
  '0.3',
  '0.5',
  '1',
  '2',
  '10',
  '50',
  '100',
  '100.5',
  '1000',
  '1000.005',
  '1000.01',
  '20000',
]);
const stringsOf = (facts: Readonly<Record<string, readonly string[]>>, rename: (fact: string) => string) =>
  Object.fromEntries(
    Object.entries(facts).map(([fact, values]) => [rename(fact), oneFrom([...values, 'other'])]),
  );
const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
const destination = fc.record(
  {
    ...stringsOf(DESTINATION_STRINGS, (fact) =>
      fact === 'd.tag' ? 'displayDstTag' : `dst${capital(fact.slice(2))}`,
    ),
    dstAddress: addresses,
    displayDstAddress: addresses,
    amountNativeStr: numbers,
    amountUSD: numbers,
  },
  { requiredKeys: [] },
);

export const transactions = fc.record(
  {
    ...stringsOf(STRINGS, (fact) => fact.slice('tx.'.length)),
    amountStr: numbers,
    requestedAmountStr: numbers,
    fee: oneFrom(['0.0005', '0.001', '0.05', '0.2']),
    destAddress: addresses,
    destinations: fc.array(destination, { maxLength: 3 }),
  },
  { requiredKeys: [] },
);
export const changes = fc.record(
  {
    type: oneFrom(['UNMANAGED_WALLET', 'USER', 'POLICY', 'other']),
    signerId: oneFrom(['a', 'b', 'c']),
    extraInfo: fc.record(
      {
        subType: oneFrom(['EXTERNAL', 'INTERNAL', 'other']),
        tag: oneFrom(['4711', '1', 'other']),
        asset: oneFrom(['ETH', 'XRP', 'BTC']),
        address: addresses,
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['type'] },
);
export const times = fc.date({
  min: new Date('2026-06-01'),
  max: new Date('2027-06-01'),
  noInvalidDate: true,
});
