import t from 'tap';
import { canonicalAddress } from '../../../src/chain/address/canonical.js';

const same = [
  ['hex', '0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8', '0X5DC69B1FBB13BAFD09AF88A782F0F285772AD5F8'],
  ['bech32', 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', 'BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4'],
  [
    'bech32 in mixed case',
    'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
    'bc1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7Kv8f3T4',
  ],
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
] as const;

for (const [chain, one, other] of same) {
  t.test(`converts ${chain} to lower case`, (t) => {
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

t.test('removes spaces around an address', (t) => {
  t.equal(canonicalAddress(' \t0xAB\n'), '0xab');
  t.equal(canonicalAddress(' 1BvB '), '1BvB');
  t.end();
});
