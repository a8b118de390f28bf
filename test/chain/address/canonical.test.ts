import { address } from 'bitcoinjs-lib';
import fc from 'fast-check';
import t from 'tap';
import { addressWarnings, canonicalAddress, isAddressOf } from '../../../src/chain/address/canonical.js';
import { CHAIN_NAMES } from '../../../src/chain/chain.js';

const { toBase58Check } = address;
const HASH = Buffer.alloc(20, 7);
const EVM = '0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8';
const P2WPKH = 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4';
const TON = '0:ca6e321c7cce9ecedf0a8ca2492ec8592494aa5fb5ce0387dff96ef6af982a3e';
const TRON = 'TJCnKsPa7y5okkXvQAidZBzqx3QyQ6sxMW';
const ACCOUNT_1 = `0x${'1'.padStart(64, '0')}`;

t.test('without a chain', (t) => {
  const same = [
    ['hex', EVM, '0X5DC69B1FBB13BAFD09AF88A782F0F285772AD5F8'],
    ['bech32', P2WPKH, P2WPKH.toUpperCase()],
    ['bech32 in mixed case', P2WPKH, 'bc1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7Kv8f3T4'],
    [
      'bech32m',
      'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0',
      'BC1P0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQZk5jj0',
    ],
    [
      'bech32 with a long prefix',
      'addr_test1vz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzerspjrlsz',
      'ADDR_TEST1VZ2FXV2UMYHTTKXYXP8X0DLPDT3K6CWNG5PXJ3JHSYDZERSPJRLSZ',
    ],
    [
      'CashAddr with its prefix',
      'bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a',
      'BitcoinCash:QPM2QSZNHKS23Z7629MMS6S4CWEF74VCWVY22GDX6A',
    ],
  ] as const;

  for (const [form, one, other] of same) {
    t.test(`converts ${form} to lower case`, (t) => {
      t.equal(canonicalAddress(other), canonicalAddress(one));
      t.equal(canonicalAddress(one), one.toLowerCase());
      t.end();
    });
  }

  t.test('keeps the case of base58 and other strings', (t) => {
    for (const text of [
      '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2',
      'rPEPPER7kfTD9w2To4CQk6UCfuHM9c6GDY',
      // Base58 with only bech32 characters, but without a valid checksum.
      'Aq1QPZry9x8GF2tVDW3s3JN54KHCE6MUA7L',
      'PAY1234567',
      'Treasury',
      '0xyz',
    ]) {
      t.equal(canonicalAddress(text), text);
    }
    t.end();
  });
  t.end();
});

t.test('removes spaces around an address, and invisible characters anywhere', (t) => {
  t.equal(canonicalAddress(' \t0xAB\n'), '0xab');
  t.equal(canonicalAddress(' 1BvB '), '1BvB');
  const invisible = [
    '\u200b',
    '\u200d',
    '\u2060',
    '\ufeff',
    '\u00ad',
    '\u202e',
    '\u2066',
    '\u180e',
    '\ufe0f',
    '\u3164',
  ];
  for (const character of invisible) {
    const text = `${character}\u00a0${EVM.slice(0, 9)}${character}${EVM.slice(9)}\u3000${character}`;
    t.equal(canonicalAddress(text), EVM.toLowerCase());
    t.equal(canonicalAddress(text, 'evm/1'), EVM.toLowerCase());
    t.ok(isAddressOf(text, 'evm/1'));
  }
  t.end();
});

/** Per chain: the canonical form, and other spellings of it. */
const SPELLINGS: Readonly<Record<string, readonly [canonical: string, ...others: string[]]>> = {
  'evm/1': [
    EVM.toLowerCase(),
    EVM,
    EVM.slice(2),
    EVM.slice(2).toUpperCase(),
    EVM.toUpperCase(),
    EVM.replace('5dC6', '5Dc6'),
  ],
  bitcoin: [P2WPKH, P2WPKH.toUpperCase()],
  'bitcoin/testnet': [
    'tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx',
    'TB1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KXPJZSX',
  ],
  // The two forms of one script.
  litecoin: [toBase58Check(HASH, 0x32), toBase58Check(HASH, 0x05)],
  'litecoin/testnet': [toBase58Check(HASH, 0x3a), toBase58Check(HASH, 0xc4)],
  // Of the specification of CashAddr.
  bitcoincash: [
    'bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a',
    'qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a',
    'QPM2QSZNHKS23Z7629MMS6S4CWEF74VCWVY22GDX6A',
    'BITCOINCASH:QPM2QSZNHKS23Z7629MMS6S4CWEF74VCWVY22GDX6A',
    '1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu',
  ],
  tron: [
    TRON,
    '415a523b449890854c8fc460ab602df9f31fe4293f',
    '0x415A523B449890854C8FC460AB602DF9F31FE4293F',
    '0x5a523b449890854c8fc460ab602df9f31fe4293f',
  ],
  // Of https://docs.ton.org: raw, and user-friendly with each flag.
  ton: [
    TON,
    TON.toUpperCase(),
    'EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPrHF',
    'EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff+W72r5gqPrHF',
    'UQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPuwA',
    'kQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPgpP',
    '0QDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPleK',
  ],
  aptos: [ACCOUNT_1, '0x1', '0X01', '0'.repeat(63) + '1'],
  sui: [ACCOUNT_1, '0x1', '0x0001'],
  cosmos: ['cosmos1zt50azupanqlfam5afhv3hexwyutnukeh4c573', 'COSMOS1ZT50AZUPANQLFAM5AFHV3HEXWYUTNUKEH4C573'],
  cardano: [
    'addr1vx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzers66hrl8',
    'ADDR1VX2FXV2UMYHTTKXYXP8X0DLPDT3K6CWNG5PXJ3JHSYDZERS66HRL8',
  ],
  solana: ['56B334QvCDMSirsmtEJGfanZm8GqeQarrSjdAb2MbeNM'],
  xrp: ['rPEPPER7kfTD9w2To4CQk6UCfuHM9c6GDY', ' rPEPPER7kfTD9w2To4CQk6UCfuHM9c6GDY'],
  stellar: ['GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ'],
  algorand: ['7777777777777777777777777777777777777777777777777774MSJUVU'],
  near: ['treasury.near', 'a1'.repeat(32)],
  tezos: ['tz1VSUr8wwNhLAzempoch5d6hLRiTh8Cjcjb', 'KT1PWx2mnDueood7fEmfbBDKx1D9BAnnXitn'],
};

for (const [chain, [canonical, ...others]] of Object.entries(SPELLINGS)) {
  t.test(`gives addresses of ${chain} one form`, (t) => {
    t.equal(canonicalAddress(canonical, chain), canonical);
    t.equal(isAddressOf(canonical, chain), true);
    for (const other of others) {
      if (chain !== 'near' && chain !== 'tezos') t.equal(canonicalAddress(other, chain), canonical, other);
      t.equal(isAddressOf(other, chain), true, other);
    }
    t.end();
  });
}

t.test('keeps different addresses apart, and text that is no address as it is', (t) => {
  for (const [chain, text] of [
    ['evm/1', EVM.slice(0, -1)],
    ['evm/1', `${EVM.slice(2)}0`],
    ['bitcoin', `${P2WPKH.slice(0, -1)}5`.toUpperCase()],
    ['bitcoin', '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3'],
    ['bitcoincash', 'qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6q'],
    ['bitcoincash', 'bchtest:qpm2qsznhks23z7629mms6s4cwef74vcwvqcw003ap'],
    ['bitcoincash', 'Qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a'],
    ['litecoin', '3C6AZ5pVBJfxyqqSHGzqAGPz5QGQgpu1Rm'],
    ['tron', TRON.replace('TJ', 'TK')],
    ['ton', 'EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPrHE'],
    ['ton', '2:ca6e321c7cce9ecedf0a8ca2492ec8592494aa5fb5ce0387dff96ef6af982a3e'],
    ['aptos', `0x${'1'.repeat(65)}`],
    ['solana', '56B334QvCDMSirsmtEJGfanZm8GqeQarrSjdAb2MbeNM1111'],
    ['solana', EVM],
    ['xrp', 'rPEPPER7kfTD9w2To4CQk6UCfuHM9c6GDX'],
    ['stellar', 'GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGA'],
    ['algorand', '7777777777777777777777777777777777777777777777777774MSJUVA'],
    ['near', 'Treasury.near'],
    ['tezos', 'tz1VSUr8wwNhLAzempoch5d6hLRiTh8Cjcjc'],
    ['cosmos', P2WPKH],
    ['cardano', 'addr_test1vz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzerspjrlsz'],
  ] as const) {
    t.equal(isAddressOf(text, chain), false, `${chain}: ${text}`);
    if (chain !== 'evm/1') t.equal(canonicalAddress(text, chain), text);
  }
  t.end();
});

t.test('is idempotent, and never throws, on any chain', (t) => {
  const pieces = fc.constantFrom(
    ...Object.values(SPELLINGS).flat(),
    '0x',
    '41',
    ':',
    'T',
    '\u200b',
    'é',
    '1',
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 250 }),
    fc.array(pieces, { maxLength: 3 }).map((a) => a.join('')),
  );
  fc.assert(
    fc.property(texts, fc.constantFrom(undefined, 'evm/30', ...CHAIN_NAMES), (text, chain) => {
      const canonical = canonicalAddress(text, chain);
      if (chain !== undefined) isAddressOf(text, chain);
      addressWarnings(text, chain);
      return canonicalAddress(canonical, chain) === canonical;
    }),
    { numRuns: 3000 },
  );
  t.end();
});

t.test('warns of invisible characters, spaces, wrong checksums and invalid addresses', (t) => {
  t.same(addressWarnings(EVM), []);
  t.same(addressWarnings(EVM, 'evm/1'), []);
  t.same(addressWarnings(EVM.toLowerCase(), 'evm/1'), []);
  t.same(addressWarnings(EVM.slice(2).toUpperCase(), 'evm/1'), []);
  const wrong = EVM.replace('5dC6', '5Dc6');
  t.same(addressWarnings(wrong), [`"${wrong}" has a wrong checksum (EIP-55)`]);
  t.same(addressWarnings(`${EVM.slice(0, 5)}\u200b${EVM.slice(5)}`, 'evm/1'), [
    `"${EVM}" contains invisible characters, which are ignored: U+200B`,
  ]);
  t.same(addressWarnings(` ${EVM}`, 'evm/1'), [`"${EVM}" has spaces around it, which are ignored`]);
  t.same(addressWarnings('0xabc', 'evm/1'), ['"0xabc" is not a valid address on evm/1']);
  t.same(addressWarnings('Treasury'), []);
  t.end();
});

t.test('takes the checksum of Rootstock with its chain id (EIP-1191) or without', (t) => {
  const rootstock = '0x5aaEB6053f3e94c9b9a09f33669435E7ef1bEAeD';
  t.same(addressWarnings(rootstock, 'evm/30'), []);
  t.same(addressWarnings('0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed', 'evm/30'), []);
  t.equal(addressWarnings(rootstock, 'evm/1').length, 1);
  t.end();
});

t.test('takes less than a second for 8 MB of text', (t) => {
  for (const text of ['1'.repeat(8e6), '\u200b'.repeat(8e6), `0x${'a'.repeat(8e6)}`, ' a'.repeat(4e6)]) {
    const start = process.cpuUsage().user;
    canonicalAddress(text);
    t.ok(process.cpuUsage().user - start < 1e6);
  }
  t.end();
});
