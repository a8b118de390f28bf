import t from 'tap';
import { assetOn } from '../../../src/chain/catalog.js';
import { DEFAULT_CATALOG } from '../../../src/chain/default-catalog.js';
import { parsePolicy } from '../../../src/policy/parse/file.js';
import { problemsOf } from '../../helpers/policy.js';

const USDC = '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48';
const policy = (...lines: readonly string[]) =>
  parsePolicy(['version: 1', ...lines, 'rules: []'].join('\n'), 'x');
const catalog = (...lines: readonly string[]) => policy(...lines).catalog;

t.test('a policy that says nothing has the default catalog', (t) => {
  t.strictSame(catalog(), DEFAULT_CATALOG);
  t.strictSame(catalog('assets:', 'contracts:', 'own:', 'tables:', 'integrity:'), DEFAULT_CATALOG);
  t.strictSame(policy().warnings, []);
  t.end();
});

t.test('reads assets, which replace defaults of the same id', (t) => {
  const { assets } = catalog(
    'assets:',
    `  DAI: { chain: evm/1, contract: "${USDC.toUpperCase().replace('0X', '0x')}", decimals: 6, price: 0.99 }`,
    '  ETH: { chain: evm/5, decimals: 18 }',
    '  USDC: off',
  );
  t.match(assets.get('DAI'), {
    id: 'DAI',
    chain: 'evm/1',
    contract: USDC.toLowerCase(),
    decimals: 6,
    price: { d: [9900000] },
  });
  t.equal(assets.get('ETH')?.chain, 'evm/5');
  t.equal(assets.get('ETH')?.contract, undefined);
  t.notOk(assets.has('USDC'));
  t.equal(assets.get('BTC'), DEFAULT_CATALOG.assets.get('BTC'));
  t.end();
});

t.test('a token is named as the policy names it', (t) => {
  const read = catalog(`assets: { MINE: { chain: evm/1, contract: ${USDC.slice(2)}, decimals: 6 } }`);
  t.equal(assetOn(read, 'evm/1', USDC.toLowerCase())?.id, 'MINE');
  t.end();
});

t.test('reads contracts, own addresses and integrity settings', (t) => {
  const read = catalog(
    'contracts:',
    `  "${USDC}": { chain: evm/1, name: router, abi: ["function swap(address tokenIn, uint256 amountIn)"] }`,
    'own: [bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4]',
    'integrity: { fee: off, recipient: require, rawTransaction: required, maxFeeFactor: 1.5 }',
  );
  t.strictSame(read.contracts, [
    {
      chain: 'evm/1',
      address: USDC.toLowerCase(),
      name: 'router',
      abi: ['function swap(address tokenIn, uint256 amountIn)'],
    },
  ]);
  t.strictSame(read.own, ['bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4']);
  const { maxFeeFactor, ...settings } = read.integrity;
  t.equal(maxFeeFactor.toFixed(), '1.5');
  t.strictSame(settings, {
    payload: 'reject',
    recipient: 'require',
    amount: 'reject',
    chain: 'reject',
    fee: 'off',
    display: 'reject',
    rawTransaction: 'required',
  });
  t.end();
});

t.test('reads tables, and list entries with more than an address', (t) => {
  const { tables, lists } = policy(
    'tables: { max: { ETH: 10, BTC: "0.5" } }',
    'lists:',
    '  payees:',
    '    - rPEPPER7kfTD9w2To4CQk6UCfuHM9c6GDY',
    '    - { address: rPEPPER7kfTD9w2To4CQk6UCfuHM9c6GDY, tag: 12345, asset: XRP, name: Exchange }',
    '    - address: 0xAB',
  );
  t.strictSame(
    [...(tables.get('max') ?? [])],
    [
      ['ETH', '10'],
      ['BTC', '0.5'],
    ],
  );
  t.strictSame(lists.get('payees'), [
    'rPEPPER7kfTD9w2To4CQk6UCfuHM9c6GDY',
    { address: 'rPEPPER7kfTD9w2To4CQk6UCfuHM9c6GDY', tag: '12345', asset: 'XRP', name: 'Exchange' },
    { address: '0xAB' },
  ]);
  t.end();
});

/** Lines of a policy, from line 2, with their problems: line, column, message. */
const invalid: Readonly<
  Record<string, readonly [string, ...(readonly [number, number, string | RegExp])[]]>
> = {
  'an unknown chain': [
    'assets: { X: { chain: ethereum, decimals: 18 } }',
    [2, 23, 'chain must be a chain, such as evm/1, bitcoin or solana/devnet; did you mean "evm/1"?'],
  ],
  'a chain that is nearly right': [
    'assets: { X: { chain: solana/devent, decimals: 18 } }',
    [2, 23, /did you mean "solana\/devnet"\?$/],
  ],
  'an asset without decimals': [
    'assets:\n  X: { chain: evm/1 }',
    [3, 6, 'decimals is missing; it must be a whole number'],
  ],
  'decimals that are too many': [
    'assets: { X: { chain: evm/1, decimals: 37 } }',
    [2, 40, 'decimals must be a whole number from 0 to 36'],
  ],
  'decimals that are no number': [
    'assets: { X: { chain: evm/1, decimals: -1 } }',
    [2, 40, 'decimals must be a whole number from 0 to 36'],
  ],
  'a price that is no amount': [
    'assets: { X: { chain: evm/1, decimals: 1, price: $1 } }',
    [2, 50, 'price must be a decimal number such as 0.99'],
  ],
  'a contract that is no address of the chain': [
    'assets: { X: { chain: evm/1, decimals: 1, contract: 0xAB } }',
    [2, 53, '"0xAB" is not an address of evm/1'],
  ],
  'an unknown key of an asset': [
    'assets: { X: { chain: evm/1, decimal: 1, decimals: 1 } }',
    [2, 30, 'unknown key "decimal"; did you mean "decimals"?'],
  ],
  'an asset that is another word': [
    'assets: { X: on }',
    [2, 14, 'X must be off, or have the keys chain, contract, decimals and price'],
  ],
  'a contract under no address': [
    'contracts: { router: { chain: evm/1, abi: [] } }',
    [2, 14, '"router" is not an address of evm/1'],
  ],
  'a signature that is none': [
    `contracts: { "${USDC}": { chain: evm/1, abi: [swap] } }`,
    [2, 82, /^entry 1 is not a signature: /],
  ],
  'a contract without signatures': [
    `contracts: { "${USDC}": { chain: evm/1, names: x } }`,
    [2, 60, /^abi is missing; it must be a list of signatures such as "function swap/],
    [2, 76, 'unknown key "names"; did you mean "name"?'],
  ],
  'an integrity check with another mode': [
    'integrity: { fee: rejct }',
    [2, 19, 'fee must be one of off, reject, require; did you mean "reject"?'],
  ],
  'an unknown check': [
    'integrity: { payloads: off }',
    [2, 14, 'unknown key "payloads"; did you mean "payload"?'],
  ],
  'a fee factor below 1': [
    'integrity: { maxFeeFactor: 0.9 }',
    [2, 28, 'maxFeeFactor must be a decimal number of at least 1'],
  ],
  'another setting of rawTransaction': [
    'integrity: { rawTransaction: require }',
    [2, 30, 'rawTransaction must be one of optional, required; did you mean "required"?'],
  ],
  'own addresses that are no list': ['own: bc1q', [2, 6, 'own must be a list of addresses']],
  'a table of lists': ['tables: { max: { ETH: [1] } }', [2, 23, 'ETH must be a string or a number']],
  'an invalid table name': [
    'tables: { a-b: {} }',
    [2, 11, 'invalid table name "a-b": use letters, digits and _'],
  ],
  'an unknown key of an entry': [
    'lists: { l: [{ address: x, tags: 1 }] }',
    [2, 28, 'unknown key "tags"; did you mean "tag"?'],
  ],
  'an entry without an address': [
    'lists: { l: [{ tag: 1 }] }',
    [2, 14, 'address is missing; it must be a string'],
  ],
  'an entry that is a list': [
    'lists: { l: [[x]] }',
    [2, 14, 'entry 1 must be a string, or have the keys address, tag, asset and name'],
  ],
};

for (const [what, [text, ...expected]] of Object.entries(invalid)) {
  t.test(`refuses ${what}`, (t) => {
    const problems = problemsOf(`version: 1\n${text}\nrules: []\n`);
    t.match(
      problems.map(({ line, column, message }) => [line, column, message]),
      expected,
    );
    t.equal(problems.length, expected.length);
    t.end();
  });
}

t.test('refuses a rule with the id integrity', (t) => {
  const rule = '{ id: integrity, for: transaction, when: "true", action: reject }';
  t.match(problemsOf(`version: 1\nrules: [${rule}]`), [
    { message: 'id must not be "integrity", which stands for the checks before any rule' },
  ]);
  t.end();
});

t.test('warns about addresses that a person should look at', (t) => {
  const wrong = USDC.replace('A0b8', 'a0b8');
  const { warnings } = parsePolicy(
    [
      'version: 1',
      `assets: { X: { chain: evm/1, decimals: 1, contract: "${wrong}" } }`,
      `contracts: { "${wrong}": { chain: evm/1, abi: [] } }`,
      `own: ["bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4\\u200b"]`,
      `lists: { l: ["${wrong}", "${USDC}", " 0", { address: "${wrong}", asset: ETH }, { address: 1, asset: BTC }] }`,
      'rules: []',
    ].join('\n'),
    'x.yaml',
  );
  t.match(warnings, [
    { file: 'x.yaml', line: 2, column: 54, message: /wrong checksum/ },
    { line: 3, column: 14, message: /wrong checksum/ },
    { line: 4, column: 8, message: /invisible characters/ },
    { line: 5, column: 15, message: /wrong checksum/ },
    { line: 5, message: /wrong checksum/ },
    { line: 5, message: /not a valid address on bitcoin/ },
  ]);
  t.equal(warnings.length, 6);
  t.end();
});
