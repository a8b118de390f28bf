import { networks } from 'bitcoinjs-lib';
import t from 'tap';
import { addressToScript, scriptToAddress } from '../../../src/chain/bitcoin/address.js';
import { networkOf, type Network } from '../../../src/chain/address/network.js';
import { keyHash, outputTo } from './requests.js';

function network(chain: string): Network {
  const found = networkOf(chain);
  if (found === undefined) throw new Error(chain);
  return found;
}

function hexOf(text: string, chain: string): string | undefined {
  const script = addressToScript(text, network(chain));
  return typeof script === 'object' ? script.toString('hex') : script;
}

const litecoin = { ...networks.bitcoin, bech32: 'ltc', pubKeyHash: 0x30, scriptHash: 0x32 };
const dogecoin = { ...networks.bitcoin, bech32: 'none', pubKeyHash: 0x1e, scriptHash: 0x16 };

for (const [chain, params, forms] of [
  ['bitcoin', networks.bitcoin, ['p2pkh', 'p2wpkh', 'p2sh-p2wpkh']],
  ['bitcoin/testnet', networks.testnet, ['p2pkh', 'p2wpkh', 'p2sh-p2wpkh']],
  ['litecoin', litecoin, ['p2pkh', 'p2wpkh', 'p2sh-p2wpkh']],
  ['dogecoin', dogecoin, ['p2pkh', 'p2sh-p2wpkh']],
] as const) {
  t.test(`converts addresses of ${chain} as bitcoinjs-lib does`, (t) => {
    for (const form of forms) {
      const { script, address } = outputTo(7, form, params);
      t.equal(hexOf(address, chain), script.toString('hex'));
      t.equal(scriptToAddress(script, network(chain)), address);
    }
    t.end();
  });
}

t.test('converts taproot addresses (BIP-350)', (t) => {
  const address = 'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0';
  const script = Buffer.from('512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798', 'hex');
  t.equal(hexOf(address, 'bitcoin'), script.toString('hex'));
  t.equal(hexOf(address.toUpperCase(), 'bitcoin'), script.toString('hex'));
  t.equal(scriptToAddress(script, network('bitcoin')), address);
  t.end();
});

// https://github.com/bitcoincashorg/bitcoincash.org/blob/master/spec/cashaddr.md
const cash = [
  ['1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu', 'bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a'],
  ['1KXrWXciRDZUpQwQmuM1DbwsKDLYAYsVLR', 'bitcoincash:qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuy'],
  ['3CWFddi6m4ndiGyKqzYvsFYagqDLPVMTzC', 'bitcoincash:ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq'],
] as const;

t.test('converts CashAddr with and without prefix, and the base58 form of the same address', (t) => {
  for (const [base58, address] of cash) {
    const script = hexOf(base58, 'bitcoin');
    t.match(script, /^76a9|^a914/);
    for (const form of [address, address.slice('bitcoincash:'.length), address.toUpperCase(), base58]) {
      t.equal(hexOf(form, 'bitcoincash'), script);
    }
    t.match(
      scriptToAddress(Buffer.from(script ?? '', 'hex'), network('bitcoincash')),
      address.slice('bitcoincash:'.length),
    );
  }
  t.end();
});

t.test('accepts both forms of Litecoin addresses for scripts', (t) => {
  const { script, address } = outputTo(7, 'p2sh-p2wpkh', litecoin);
  const old = outputTo(7, 'p2sh-p2wpkh').address;
  t.match(address, /^M/);
  t.match(old, /^3/);
  t.equal(hexOf(address, 'litecoin'), script.toString('hex'));
  t.equal(hexOf(old, 'litecoin'), script.toString('hex'));
  t.end();
});

t.test('recognizes an address of another network', (t) => {
  for (const [text, chain] of [
    [outputTo(7, 'p2wpkh', networks.testnet).address, 'bitcoin'],
    [outputTo(7, 'p2pkh', networks.testnet).address, 'bitcoin'],
    [outputTo(7, 'p2wpkh').address, 'bitcoin/testnet'],
    [outputTo(7, 'p2wpkh').address, 'litecoin'],
    [outputTo(7, 'p2wpkh').address, 'dogecoin'],
    [outputTo(7, 'p2pkh', dogecoin).address, 'bitcoin'],
    [cash[0][1], 'bitcoin'],
    [cash[0][1], 'bitcoincash/testnet'],
    ['0x5dc69b1fbb13bafd09af88a782f0f285772ad5f8', 'bitcoin'],
  ] as const) {
    t.equal(hexOf(text, chain), 'foreign', text);
  }
  t.end();
});

t.test('does not know an address with a wrong checksum or length', (t) => {
  const { address } = outputTo(7, 'p2pkh');
  for (const text of [
    `${address.slice(0, -1)}${address.endsWith('1') ? '2' : '1'}`,
    'bc1qjhm0h7vhdyu0d0luv34dlz654rmsvg8twywk98',
    'bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6b',
    // Version 0 with the checksum of later versions, and version 1 with that of version 0 (BIP-350).
    'bc1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd',
    'bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4',
    'Treasury',
    '',
    '1'.repeat(10_000),
  ]) {
    t.equal(hexOf(text, 'bitcoin'), undefined, text.slice(0, 80));
  }
  t.end();
});

t.test('has no address for other scripts', (t) => {
  t.equal(scriptToAddress(Buffer.from('6a0548656c6c6f', 'hex'), network('bitcoin')), undefined);
  t.equal(scriptToAddress(Buffer.concat([Buffer.of(0, 20), keyHash(1)]), network('dogecoin')), undefined);
  t.end();
});
