import { readFileSync } from 'node:fs';
import t from 'tap';
import { readBitcoin } from '../../../src/chain/bitcoin/read.js';
import { DEFAULT_CATALOG } from '../../../src/chain/default-catalog.js';
import type { Recipient, Signing } from '../../../src/chain/signing.js';
import { doubleSha256, outcomes, reasonOf } from './requests.js';

interface Vector {
  readonly rawTx: readonly { keyDerivationPath: string; rawTx: string; payload: string }[];
}

function signingOf(name: string, destinations: readonly Recipient[], fee: string): Signing {
  const vector = JSON.parse(readFileSync(`test/fixtures/rawtx/${name}.json`, 'utf8')) as Vector;
  const asset = DEFAULT_CATALOG.assets.get('BTC');
  if (asset === undefined) throw new Error('no BTC');
  return {
    operation: 'TRANSFER',
    asset,
    entries: vector.rawTx.map(({ keyDerivationPath, rawTx, payload }) => ({
      keyDerivationPath,
      rawTx: Buffer.from(rawTx, 'hex'),
      payload: Buffer.from(payload, 'hex'),
    })),
    destinations,
    fee,
    extraParameters: {},
    catalog: DEFAULT_CATALOG,
  };
}

const LEGACY_TO = '1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC';
const CHANGE = 'bc1qjhm0h7vhdyu0d0luv34dlz654rmsvg8twywk99';
const legacy = signingOf(
  'btc-legacy-sighash-two-inputs',
  [{ address: LEGACY_TO, units: 87_600n }],
  '0.00004164',
);
const segwit = signingOf(
  'btc-segwit-bip143-p2wpkh',
  [
    { address: '1Cu32FVupVCgHkMMRJdYJugxwo2Aprgk7H', units: 112_340_000n },
    { address: '16TZ8J6Q5iZKBWizWzFAYnrsaox5Z5aBRV', units: 223_450_000n },
  ],
  '0.0001',
);

/** With other bytes in each entry, and the digest of them. */
function changed(signing: Signing, change: (rawTx: Buffer, index: number) => Buffer): Signing {
  const entries = signing.entries.map((entry, index) => {
    const rawTx = change(Buffer.from(entry.rawTx ?? ''), index);
    return { ...entry, rawTx, payload: doubleSha256(rawTx) };
  });
  return { ...signing, entries };
}

function replaced(from: string, to: string): (rawTx: Buffer) => Buffer {
  return (rawTx) => Buffer.from(rawTx.toString('hex').replaceAll(from, to), 'hex');
}

t.test('confirms the published legacy transaction', (t) => {
  const { findings, reading } = readBitcoin(legacy);
  t.same(outcomes(findings), {
    payload: 'holds',
    chain: 'holds',
    recipient: 'holds',
    amount: 'holds',
    fee: 'unknown',
  });
  t.equal(reading.chain, 'bitcoin');
  t.same(
    reading.bitcoin?.outputs?.map(({ address, amount, isChange }) => [address, amount.toFixed(), isChange]),
    [
      [LEGACY_TO, '0.000876', false],
      [CHANGE, '0.00084267', true],
    ],
  );
  t.equal(reading.bitcoin?.change?.toFixed(), '0.00084267');
  t.equal(reading.bitcoin?.fee, undefined);
  t.same(
    reading.bitcoin?.inputs?.map(({ txId, index, amount }) => [txId, index.toFixed(), amount]),
    [
      ['c84a4cfe30b5c3dd7912813871f5aa70c6a1605a1ff5143471e869b128e245c8', '0', undefined],
      ['485fec58d33b4489f9edefa8fdf6b92c8ecf51f7a1ef726f4622015b9081d7a3', '0', undefined],
    ],
  );
  t.end();
});

t.test(
  'confirms the digest alone of the published SegWit entry, whose transaction has another input',
  (t) => {
    const { findings, reading } = readBitcoin(segwit);
    t.equal(findings.payload?.outcome, 'holds');
    t.match(reasonOf(findings.recipient), /an input has no entry/);
    t.not(findings.amount?.outcome, 'holds');
    t.equal(reading.bitcoin, undefined);
    t.end();
  },
);

const refused: readonly [string, Signing, 'payload' | 'recipient' | 'amount' | 'chain', RegExp][] = [
  [
    'another recipient',
    { ...legacy, destinations: [{ address: CHANGE, units: 87_600n }] },
    'recipient',
    /neither/,
  ],
  [
    'another recipient than any output',
    { ...legacy, destinations: [{ address: '1Cu32FVupVCgHkMMRJdYJugxwo2Aprgk7H', units: 87_600n }] },
    'recipient',
    /rawTx pays 1Dpiv\w+, but the request displays 1Cu32F/,
  ],
  [
    'another amount',
    { ...legacy, destinations: [{ address: LEGACY_TO, units: 87_601n }] },
    'amount',
    /pays 0.000876 BTC to 1Dpiv\w+, but the request displays 0.00087601 BTC/,
  ],
  [
    'a second destination that gets nothing',
    { ...legacy, destinations: [...legacy.destinations, { address: LEGACY_TO, units: 87_600n }] },
    'recipient',
    /displays 1Dpiv/,
  ],
  [
    'change to a stranger',
    changed(legacy, replaced('16001495f6fbf9976938f6bffc646adf8b54a8f70620eb', `160014${'11'.repeat(20)}`)),
    'recipient',
    /pays 0.00084267 BTC to bc1q\w+, which is neither/,
  ],
  [
    'an output more',
    changed(legacy, replaced('ffffffff0230560100', `ffffffff0301000000000000000030560100`)),
    'recipient',
    /rawTx has 3 outputs/,
  ],
  [
    'an input without an entry',
    { ...legacy, entries: legacy.entries.slice(1) },
    'recipient',
    /2 inputs, but no entry for input 0 \(c84a4c\w+:0\)/,
  ],
  [
    'an input with two entries',
    { ...legacy, entries: [...legacy.entries, ...legacy.entries.slice(1)] },
    'recipient',
    /more than one entry of rawTx signs input 1/,
  ],
  [
    'a transaction that differs between the entries',
    changed(legacy, (rawTx, index) => (index === 0 ? rawTx : replaced('2b49', '2c49')(rawTx))),
    'recipient',
    /rawTx\[1\] signs another transaction/,
  ],
  [
    'trailing bytes',
    changed(legacy, (rawTx) => Buffer.concat([rawTx, Buffer.of(0)])),
    'payload',
    /malformed: it has 1 bytes after its end/,
  ],
  [
    'trailing bytes with the old digest',
    {
      ...legacy,
      entries: legacy.entries.map(({ rawTx = Buffer.alloc(0), ...entry }) => ({
        ...entry,
        rawTx: Buffer.concat([rawTx, Buffer.of(0)]),
      })),
    },
    'payload',
    /malformed/,
  ],
  ['missing bytes', changed(legacy, (rawTx) => rawTx.subarray(0, -1)), 'payload', /malformed/],
  [
    'a length that is not in its shortest encoding',
    changed(legacy, replaced('ffffffff0230560100', 'fffffffffd020030560100')),
    'payload',
    /malformed/,
  ],
  [
    'SIGHASH_SINGLE',
    changed(legacy, (rawTx) => Buffer.concat([rawTx.subarray(0, -4), Buffer.of(3, 0, 0, 0)])),
    'recipient',
    /signed with SIGHASH_SINGLE \(0x03\), but only SIGHASH_ALL/,
  ],
  [
    'another payload',
    { ...legacy, entries: legacy.entries.map((entry) => ({ ...entry, payload: Buffer.alloc(32) })) },
    'payload',
    /the digest of rawTx is 74bac7\w+, but the payload is 0000/,
  ],
  [
    'an address of another network',
    { ...legacy, destinations: [{ address: 'tb1qjhm0h7vhdyu0d0luv34dlz654rmsvg8tyz497k', units: 87_600n }] },
    'chain',
    /on bitcoin, but tb1q/,
  ],
];

for (const [what, signing, check, reason] of refused) {
  t.test(`refuses ${what}`, (t) => {
    const { findings } = readBitcoin(signing);
    t.equal(findings[check]?.outcome, 'contradicts');
    t.match(reasonOf(findings[check]), reason);
    t.end();
  });
}
