import t from 'tap';
import { cpuTime } from '../../helpers/cpu-time.js';
import { readBitcoin } from '../../../src/chain/bitcoin/read.js';
import type { Asset } from '../../../src/chain/catalog.js';
import type { Finding } from '../../../src/chain/finding.js';
import type { Signing } from '../../../src/chain/signing.js';
import {
  outcomes,
  outputTo,
  preimageOf,
  reasonOf,
  signingOf,
  signingOfPreimages,
  transactionOf,
  uint32,
  type Plan,
  type ScriptForm,
} from './requests.js';

const payee = outputTo(9);
const DESTINATIONS = [{ address: payee.address, units: 100_000n }];

/** Two inputs of one key, a destination, and change to that key. */
function planOf(form: ScriptForm, changes: Partial<Plan> = {}): Plan {
  return {
    inputs: [
      { key: 1, form, value: 60_000n },
      { key: 1, form, value: 70_000n },
    ],
    outputs: [
      { script: payee.script, value: 100_000n },
      { script: outputTo(1).script, value: 28_000n },
    ],
    destinations: DESTINATIONS,
    fee: 2000n,
    ...changes,
  };
}

function outcomesOf(plan: Plan, changes: Partial<Signing> = {}): Record<string, string> {
  return outcomes(readBitcoin({ ...signingOf(plan), ...changes }).findings);
}

function recipientOf(plan: Plan, changes: Partial<Signing> = {}): Finding | undefined {
  return readBitcoin({ ...signingOf(plan), ...changes }).findings.recipient;
}

/** @returns the request without an optional member */
function without(name: 'fee' | 'asset', signing: Signing): Signing {
  const copy = { ...signing };
  Reflect.deleteProperty(copy, name);
  return copy;
}

const HOLD = { payload: 'holds', chain: 'holds', recipient: 'holds', amount: 'holds' };
const STRANGER = [
  { script: payee.script, value: 100_000n },
  { script: outputTo(5).script, value: 28_000n },
];

t.test('shows outputs, change, fee and inputs of a SegWit transaction', (t) => {
  const { reading, findings } = readBitcoin(signingOf(planOf('p2wpkh')));
  t.same(outcomes(findings), { ...HOLD, fee: 'holds' });
  const { outputs, change, fee, inputs } = reading.bitcoin ?? {};
  t.same(
    outputs?.map(({ address, amount, isChange }) => [address, amount.toFixed(), isChange]),
    [
      [payee.address, '0.001', false],
      [outputTo(1).address, '0.00028', true],
    ],
  );
  t.equal(change?.toFixed(), '0.00028');
  t.equal(fee?.toFixed(), '0.00002');
  t.same(
    inputs?.map(({ index, amount }) => [index.toFixed(), amount?.toFixed()]),
    [
      ['0', '0.0006'],
      ['1', '0.0007'],
    ],
  );
  t.end();
});

t.test('is unknown, if the change may go to a permanent address that is not listed', (t) => {
  for (const form of ['p2pkh', 'p2wpkh'] as const) {
    const plan = planOf(form, { outputs: STRANGER, index: 3 });
    t.equal(recipientOf(plan)?.outcome, 'unknown');
    t.match(
      reasonOf(recipientOf(plan)),
      /the vault’s permanent address, which the policy can list under own/,
    );
    t.equal(recipientOf({ ...plan, index: 0 })?.outcome, 'contradicts');
    t.equal(recipientOf({ ...plan, own: [outputTo(6).address] })?.outcome, 'contradicts');
    t.equal(recipientOf({ ...plan, own: [outputTo(5).address] })?.outcome, 'holds');
    // An own address of another network says nothing about this one.
    t.equal(
      recipientOf({ ...plan, own: ['0x5dc69b1fbb13bafd09af88a782f0f285772ad5f8'] })?.outcome,
      'unknown',
    );
  }
  t.end();
});

t.test('contradicts, if two outputs are unexplained, wherever change may go', (t) => {
  const outputs = [...STRANGER, { script: outputTo(6).script, value: 1000n }];
  t.equal(recipientOf(planOf('p2pkh', { outputs, index: 3 }))?.outcome, 'contradicts');
  t.end();
});

t.test('contradicts, if SegWit inputs are less than destinations and fee', (t) => {
  const plan = planOf('p2wpkh', { destinations: [{ address: payee.address, units: 130_001n }], index: 3 });
  const { amount } = readBitcoin(signingOf(plan)).findings;
  t.match(
    reasonOf(amount),
    /inputs of rawTx are 0.0013 BTC, less than the destinations’ 0.00130001 BTC and the fee of 0.00002/,
  );
  t.end();
});

t.test('contradicts by amount, if SegWit outputs are the destinations and all the rest is fee', (t) => {
  const plan = planOf('p2wpkh', { outputs: [{ script: payee.script, value: 100_000n }] });
  const { recipient, amount, fee } = readBitcoin(signingOf(plan)).findings;
  t.equal(recipient?.outcome, 'holds');
  t.match(reasonOf(amount), /0.0003 BTC more than its outputs, but the displayed fee is 0.00002 BTC/);
  t.match(reasonOf(fee), /fee of 0.0003 BTC, more than 2 times the displayed 0.00002 BTC/);
  t.end();
});

t.test('takes the fee from one destination only', (t) => {
  const destinations = [10, 11].map((key) => ({ address: outputTo(key).address, units: 50_000n }));
  for (const form of ['p2pkh', 'p2wpkh'] as const) {
    const gross = (first: bigint, second: bigint): Plan =>
      planOf(form, {
        destinations,
        outputs: [
          { script: outputTo(10).script, value: first },
          { script: outputTo(11).script, value: second },
          { script: outputTo(1).script, value: 128_000n - first - second },
        ],
      });
    t.match(outcomesOf(gross(48_000n, 50_000n)), HOLD);
    t.match(outcomesOf(gross(50_000n, 48_000n)), HOLD);
    t.ok(Object.values(outcomesOf(gross(48_000n, 48_000n))).includes('contradicts'));
  }
  t.end();
});

t.test('needs as many outputs as there are destinations with the same address', (t) => {
  const twice = [...DESTINATIONS, ...DESTINATIONS];
  const output = { script: payee.script, value: 100_000n };
  const inputs = [{ key: 1, form: 'p2pkh' as const, value: 300_000n }];
  t.match(outcomesOf(planOf('p2pkh', { inputs, destinations: twice, outputs: [output, output] })), HOLD);
  t.equal(
    outcomesOf(planOf('p2pkh', { inputs, destinations: twice, outputs: [output] }))['recipient'],
    'contradicts',
  );
  t.end();
});

t.test('compares the only destination with the amounts of the request, if it has none itself', (t) => {
  for (const form of ['p2pkh', 'p2wpkh'] as const) {
    const plan = planOf(form, { destinations: [{ address: payee.address }] });
    t.match(outcomesOf(plan, { units: 100_000n }), HOLD);
    t.match(outcomesOf(plan, { units: 98_000n, requestedUnits: 102_000n }), HOLD);
    t.ok(Object.values(outcomesOf(plan, { units: 99_999n })).includes('contradicts'));
    t.equal(outcomesOf(plan)['amount'], 'unknown');
  }
  t.end();
});

t.test('takes destAddress for the destination of a request without destinations', (t) => {
  const plan = planOf('p2pkh', { destinations: [] });
  t.match(outcomesOf(plan, { destAddress: payee.address, units: 100_000n }), HOLD);
  t.match(outcomesOf(plan), { payload: 'holds', chain: 'unknown', recipient: 'unknown', amount: 'unknown' });
  t.end();
});

t.test('knows no recipient without a readable address', (t) => {
  const unreadable = [{ address: 'Treasury', units: 100_000n }];
  t.match(outcomesOf(planOf('p2pkh', { destinations: unreadable })), {
    chain: 'unknown',
    recipient: 'unknown',
  });
  t.match(outcomesOf(planOf('p2wpkh', { destinations: [{ units: 1n }] })), {
    chain: 'unknown',
    recipient: 'unknown',
  });
  t.end();
});

t.test('does not know an amount less a fee that is not displayed', (t) => {
  const gross = planOf('p2pkh', { outputs: [{ script: payee.script, value: 98_000n }] });
  const signing = without('fee', signingOf(gross));
  t.equal(readBitcoin(signing).findings.amount?.outcome, 'unknown');
  const more = planOf('p2pkh', { outputs: [{ script: payee.script, value: 100_001n }] });
  const other = without('fee', signingOf(more));
  t.equal(readBitcoin(other).findings.amount?.outcome, 'contradicts');
  t.end();
});

t.test('rebuilds SegWit outputs without change, if no fee is displayed', (t) => {
  const signing = without(
    'fee',
    signingOf(planOf('p2wpkh', { outputs: [{ script: payee.script, value: 100_000n }] })),
  );
  t.match(outcomes(readBitcoin(signing).findings), { recipient: 'holds', amount: 'unknown', fee: 'unknown' });
  t.end();
});

for (const [sighash, name] of [
  [0x02, 'SIGHASH_NONE'],
  [0x03, 'SIGHASH_SINGLE'],
  [0x81, 'SIGHASH_ALL|ANYONECANPAY'],
  [0x41, 'SIGHASH_ALL|FORKID'],
] as const) {
  t.test(`refuses ${name}`, (t) => {
    for (const form of ['p2pkh', 'p2wpkh'] as const) {
      const plan = planOf(form);
      const preimages = signingOf(plan).entries.map(({ rawTx = Buffer.alloc(0) }) =>
        Buffer.concat([rawTx.subarray(0, -4), uint32(sighash)]),
      );
      const { recipient } = readBitcoin(signingOfPreimages(preimages, plan)).findings;
      t.equal(recipient?.outcome, 'contradicts');
      t.ok(reasonOf(recipient).includes(`signed with ${name} (0x`));
    }
    t.end();
  });
}

t.test('refuses a fee that the SegWit inputs alone exceed, whatever the legacy inputs add', (t) => {
  const planWith = (value: bigint): Plan =>
    planOf('p2wpkh', {
      inputs: [
        { key: 1, form: 'p2pkh', value: 60_000n },
        { key: 1, form: 'p2wpkh', value },
      ],
    });
  t.match(outcomesOf(planWith(132_000n)), { recipient: 'holds', fee: 'unknown' });
  const { fee } = readBitcoin(signingOf(planWith(132_001n))).findings;
  t.match(reasonOf(fee), /fee of 0.00004001 BTC, more than 2 times the displayed 0.00002 BTC/);
  t.end();
});

t.test('checks SegWit entries against the transaction of the legacy entries', (t) => {
  const plan = planOf('p2wpkh', {
    inputs: [
      { key: 1, form: 'p2pkh', value: 60_000n },
      { key: 1, form: 'p2wpkh', value: 70_000n },
    ],
  });
  t.same(outcomesOf(plan), { ...HOLD, fee: 'unknown' });
  const other = transactionOf({ ...plan, outputs: STRANGER });
  const [first] = signingOf(plan).entries;
  const [, segwit] = plan.inputs;
  if (first?.rawTx === undefined || segwit === undefined) throw new Error('no input');
  const mixed = signingOfPreimages([first.rawTx, preimageOf(other, 1, segwit, 1)], plan);
  t.match(reasonOf(readBitcoin(mixed).findings.recipient), /sign different transactions/);
  t.end();
});

t.test('refuses another script for the same derivation path', (t) => {
  const plan = planOf('p2wpkh');
  const inputs = plan.inputs.map((input, index) => ({ ...input, key: 1 + index }));
  t.match(
    reasonOf(recipientOf({ ...plan, inputs })),
    /another script than an entry before it with the same key/,
  );
  t.end();
});

const BCH: Asset = { id: 'BCH', chain: 'bitcoincash', decimals: 8 };

t.test('reads BIP-143 preimages with FORKID on Bitcoin Cash', (t) => {
  const plan = planOf('p2wpkh', {
    outputs: [
      { script: outputTo(9, 'p2pkh').script, value: 100_000n },
      { script: outputTo(1, 'p2pkh').script, value: 28_000n },
    ],
    destinations: [{ address: outputTo(9, 'p2pkh').address, units: 100_000n }],
    asset: BCH,
    sighash: 0x41,
  });
  t.same(outcomesOf(plan), { ...HOLD, fee: 'holds' });
  t.equal(outcomesOf({ ...plan, sighash: 1 })['recipient'], 'contradicts');
  const legacy = plan.inputs.map((input) => ({ ...input, form: 'p2pkh' as const }));
  t.match(reasonOf(recipientOf({ ...plan, inputs: legacy, sighash: 1 })), /FORKID/);
  t.end();
});

t.test('does not take SegWit outputs for change where there is no SegWit', (t) => {
  const plan = planOf('p2wpkh', {
    destinations: [{ address: outputTo(9, 'p2pkh').address, units: 100_000n }],
    outputs: [
      { script: outputTo(9, 'p2pkh').script, value: 100_000n },
      { script: outputTo(1).script, value: 28_000n },
    ],
    asset: BCH,
    sighash: 0x41,
  });
  t.equal(outcomesOf(plan)['recipient'], 'contradicts');
  t.end();
});

t.test('refuses SegWit entries on Dogecoin', (t) => {
  const asset = { id: 'DOGE', chain: 'dogecoin', decimals: 8 };
  t.match(
    reasonOf(recipientOf(planOf('p2wpkh', { asset, destinations: [] }), { operation: 'TRANSFER' })),
    /no SegWit/,
  );
  t.end();
});

t.test('knows only payload and chain for other operations, and still reads the outputs', (t) => {
  const { findings, reading } = readBitcoin({ ...signingOf(planOf('p2pkh')), operation: 'RAW' });
  t.same(outcomes(findings), { payload: 'holds', chain: 'holds', recipient: 'unknown', amount: 'unknown' });
  t.same(
    reading.bitcoin?.outputs?.map(({ isChange }) => isChange),
    [false, true],
  );
  t.end();
});

t.test('reads nothing without a known asset', (t) => {
  const signing = without('asset', signingOf(planOf('p2pkh')));
  t.same(readBitcoin(signing), { reading: {}, findings: {} });
  t.end();
});

t.test(
  'does not know taproot and other forms, nor what the other entries of such a transaction sign',
  (t) => {
    const signing = signingOf(planOf('p2wpkh'));
    const [first, second] = signing.entries;
    if (first === undefined || second === undefined) throw new Error('no entries');
    // The message of BIP-341 begins with 0, the type, and the version.
    const taproot = {
      ...second,
      rawTx: Buffer.concat([Buffer.from('000102000000', 'hex'), Buffer.alloc(200)]),
    };
    const { findings } = readBitcoin({ ...signing, entries: [first, taproot] });
    t.match(outcomes(findings), { payload: 'unknown', recipient: 'unknown', amount: 'unknown' });
    const plain = { ...second, rawTx: Buffer.from(transactionOf(planOf('p2wpkh')).toBuffer()) };
    t.equal(readBitcoin({ ...signing, entries: [plain] }).findings.payload?.outcome, 'unknown');
    t.end();
  },
);

t.test('refuses a broken preimage of BIP-143', (t) => {
  const [entry] = signingOf(planOf('p2wpkh')).entries;
  const rawTx = Buffer.from(entry?.rawTx ?? '');
  rawTx[104] = 0x1a;
  const { payload } = readBitcoin({ ...signingOf(planOf('p2wpkh')), entries: [{ rawTx }] }).findings;
  t.match(reasonOf(payload), /malformed: its 182 bytes are neither/);
  t.end();
});

t.test('does not know a payload that is not there', (t) => {
  const signing = signingOf(planOf('p2pkh'));
  const entries = signing.entries.map(({ rawTx = Buffer.alloc(0) }) => ({ rawTx }));
  t.equal(readBitcoin({ ...signing, entries }).findings.payload?.outcome, 'unknown');
  t.equal(readBitcoin({ ...signing, entries: [] }).findings.payload?.outcome, 'unknown');
  t.equal(readBitcoin({ ...signing, entries: [{}] }).findings.payload?.outcome, 'unknown');
  t.end();
});

t.test('does not know whether entries in an unusual order of many inputs are complete', (t) => {
  const inputs = Array.from({ length: 8 }, () => ({ key: 1, form: 'p2wpkh' as const, value: 16_250n }));
  const order = [3, 0, 2, 1, 7, 6, 5, 4];
  t.equal(recipientOf(planOf('p2wpkh', { inputs, order }))?.outcome, 'unknown');
  t.equal(recipientOf(planOf('p2wpkh', { inputs, order: order.slice(1) }))?.outcome, 'contradicts');
  t.end();
});

t.test('reads a consolidation of 250 legacy inputs, 7 MB, within a second', (t) => {
  const inputs = Array.from({ length: 250 }, () => ({ key: 1, form: 'p2pkh' as const, value: 1000n }));
  const outputs = Array.from({ length: 520 }, (_, key) => ({ script: outputTo(key).script, value: 300n }));
  const destinations = outputs.map((_, key) => ({ address: outputTo(key).address, units: 300n }));
  const signing = signingOf(planOf('p2pkh', { inputs, outputs, destinations }));
  t.ok(signing.entries.reduce((sum, { rawTx }) => sum + (rawTx?.length ?? 0), 0) > 6_000_000);
  t.ok(cpuTime(() => readBitcoin(signing)) < 1000);
  t.match(outcomes(readBitcoin(signing).findings), HOLD);
  t.end();
});

t.test('stops searching for an order of many outputs', (t) => {
  const inputs = Array.from({ length: 20 }, (_, key) => ({ key, form: 'p2wpkh' as const, value: 10_000n }));
  const outputs = Array.from({ length: 150 }, (_, key) => ({
    script: outputTo(100 + key).script,
    value: 1000n,
  }));
  const destinations = outputs.map((_, key) => ({ address: outputTo(100 + key).address, units: 1000n }));
  const plan = planOf('p2wpkh', { inputs, outputs: outputs.toReversed(), destinations });
  const signing = signingOf(plan);
  const entries = signing.entries.map(({ rawTx, payload }) => ({
    ...(rawTx && { rawTx }),
    ...(payload && { payload }),
  }));
  const { recipient } = readBitcoin({ ...signing, entries }).findings;
  t.match(reasonOf(recipient), /too many possible orders/);
  t.equal(recipient?.outcome, 'unknown');
  t.end();
});
