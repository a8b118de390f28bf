// Every bit of the preimages is flipped, and the digest computed again: what passes is listed here by field.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { readBitcoin } from '../../../src/chain/bitcoin/read.js';
import type { Signing } from '../../../src/chain/signing.js';
import { doubleSha256, outputTo, signingOf, signingOfPreimages } from './requests.js';

/** Fields in their order, with their lengths. */
type Layout = readonly (readonly [name: string, length: number])[];

function fieldAt(layout: Layout, offset: number): string {
  let end = 0;
  for (const [name, length] of layout) {
    end += length;
    if (offset < end) return name;
  }
  return 'none';
}

function isRefused(signing: Signing): boolean {
  return Object.values(readBitcoin(signing).findings).some(({ outcome }) => outcome === 'contradicts');
}

/** The bytes with one bit flipped, for each bit. */
function* flips(bytes: Buffer): Generator<{ offset: number; flipped: Buffer }> {
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const offset = bit >> 3;
    const flipped = Buffer.from(bytes);
    flipped[offset] = (flipped[offset] ?? 0) ^ (1 << (bit & 7));
    yield { offset, flipped };
  }
}

function withEntry(signing: Signing, index: number, rawTx: Buffer): Signing {
  const entries = signing.entries.map((entry, other) =>
    other === index ? { ...entry, rawTx, payload: doubleSha256(rawTx) } : entry,
  );
  return { ...signing, entries };
}

/** The fields of one entry in which a flip passes. */
function passedInOneEntry(signing: Signing, layout: Layout): string[] {
  const passed = new Set<string>();
  signing.entries.forEach(({ rawTx = Buffer.alloc(0) }, index) => {
    for (const { offset, flipped } of flips(rawTx)) {
      if (!isRefused(withEntry(signing, index, flipped))) passed.add(fieldAt(layout, offset));
    }
  });
  return [...passed];
}

const { rawTx: published } = JSON.parse(
  readFileSync('test/fixtures/rawtx/btc-legacy-sighash-two-inputs.json', 'utf8'),
) as { rawTx: readonly { rawTx: string }[] };
const legacy = signingOfPreimages(
  published.map(({ rawTx }) => Buffer.from(rawTx, 'hex')),
  { destinations: [{ address: '1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC', units: 87_600n }], fee: 4164n },
);
const INPUT = [
  ['outpoint', 36],
  ['length of the script', 1],
  ['sequence', 4],
] as const;
/** The published preimages without their scripts. */
const SKELETON: Layout = [
  ['version', 4],
  ['number of inputs', 1],
  ...INPUT,
  ...INPUT,
  ['number of outputs', 1],
  ['destination', 8 + 26],
  ['amount of the change', 8],
  ['script of the change', 23],
  ['locktime', 4],
  ['sighash', 4],
];

t.test('refuses each flip in one of two legacy entries', (t) => {
  t.same(passedInOneEntry(legacy, [['any', Infinity]]), []);
  t.end();
});

t.test(
  'lets pass in all legacy entries what they do not show: outpoints, and the fee that change leaves',
  (t) => {
    const [first = Buffer.alloc(0)] = published.map(({ rawTx }) => Buffer.from(rawTx, 'hex'));
    const script = first.subarray(41, 67);
    const skeleton = Buffer.concat([first.subarray(0, 41), Buffer.of(0), first.subarray(67)]);
    const passed = new Set<string>();
    for (const { offset, flipped } of flips(skeleton)) {
      const preimages = [41, 82].map((place) =>
        Buffer.concat([flipped.subarray(0, place), script, flipped.subarray(place + 1)]),
      );
      const signing = signingOfPreimages(preimages, { destinations: legacy.destinations, fee: 4164n });
      if (!isRefused(signing)) passed.add(fieldAt(SKELETON, offset));
    }
    t.same([...passed], ['version', 'outpoint', 'sequence', 'amount of the change', 'locktime']);
    t.end();
  },
);

const segwit = signingOf({
  inputs: [
    { key: 1, form: 'p2wpkh', value: 60_000n },
    { key: 1, form: 'p2wpkh', value: 70_000n },
  ],
  outputs: [
    { script: outputTo(9).script, value: 100_000n },
    { script: outputTo(1).script, value: 28_000n },
  ],
  destinations: [{ address: outputTo(9).address, units: 100_000n }],
  fee: 2000n,
});
const BIP143: Layout = [
  ['version', 4],
  ['hashPrevouts', 32],
  ['hashSequence', 32],
  ['outpoint', 36],
  ['script code', 26],
  ['value', 8],
  ['sequence', 4],
  ['hashOutputs', 32],
  ['locktime', 4],
  ['sighash', 4],
];

t.test('refuses each flip in one of two SegWit entries', (t) => {
  t.same(passedInOneEntry(segwit, BIP143), []);
  t.end();
});

t.test('of flips in what both SegWit entries share lets pass version and locktime', (t) => {
  const preimages = segwit.entries.map(({ rawTx = Buffer.alloc(0) }) => rawTx);
  const passed = new Set<string>();
  const own = ['outpoint', 'script code', 'value', 'sequence'];
  for (let bit = 0; bit < 182 * 8; bit += 1) {
    const offset = bit >> 3;
    if (own.includes(fieldAt(BIP143, offset))) continue;
    const flipped = preimages.map((preimage) => {
      const bytes = Buffer.from(preimage);
      bytes[offset] = (bytes[offset] ?? 0) ^ (1 << (bit & 7));
      return bytes;
    });
    const signing = signingOfPreimages(flipped, { destinations: segwit.destinations, fee: 2000n });
    if (!isRefused(signing)) passed.add(fieldAt(BIP143, offset));
  }
  t.same([...passed], ['version', 'locktime']);
  t.end();
});

t.test('refuses each flip in the only entry of a SegWit transaction', (t) => {
  const single = signingOf({
    inputs: [{ key: 1, form: 'p2wpkh', value: 130_000n }],
    outputs: [
      { script: outputTo(9).script, value: 100_000n },
      { script: outputTo(1).script, value: 28_000n },
    ],
    destinations: [{ address: outputTo(9).address, units: 100_000n }],
    fee: 2000n,
  });
  t.same(passedInOneEntry(single, BIP143), ['version', 'locktime']);
  t.end();
});
