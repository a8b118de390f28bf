import { readFileSync } from 'node:fs';
import { Psbt, Transaction } from 'bitcoinjs-lib';
import t from 'tap';
import { readPsbt } from '../../../src/chain/bitcoin/psbt.js';
import { DEFAULT_CATALOG } from '../../../src/chain/default-catalog.js';
import type { Finding } from '../../../src/chain/finding.js';
import type { Signing } from '../../../src/chain/signing.js';
import { catalogWith, encodeOutput, outputTo, reasonOf, uint32, uint64 } from './requests.js';

interface Vector {
  readonly extraParameters: { psbt: string; rawMessageData: { messages: { content: string }[] } };
  readonly sighashes: readonly string[];
}

const vector = JSON.parse(readFileSync('test/fixtures/rawtx/btc-psbt-two-inputs.json', 'utf8')) as Vector;
const { psbt: PUBLISHED } = vector.extraParameters;

function signingOf(psbt: unknown, contents: readonly unknown[], assetId = 'BTC_TEST'): Signing {
  const asset = DEFAULT_CATALOG.assets.get(assetId);
  return {
    operation: 'RAW',
    ...(asset && { asset }),
    entries: [],
    destinations: [],
    extraParameters: { psbt, rawMessageData: { messages: contents.map((content) => ({ content })) } },
    catalog: DEFAULT_CATALOG,
  };
}

function payloadOf(
  psbt: unknown,
  contents: readonly unknown[] = vector.sighashes,
  assetId?: string,
): Finding | undefined {
  return readPsbt(signingOf(psbt, contents, assetId)).findings.payload;
}

t.test('confirms the published PSBT, whose messages are its signature hashes', (t) => {
  const { findings, reading } = readPsbt(signingOf(PUBLISHED, vector.sighashes));
  t.equal(findings.payload?.outcome, 'holds');
  t.equal(findings.chain?.outcome, 'unknown');
  t.equal(findings.recipient, undefined);
  const { outputs, inputs, fee } = reading.bitcoin ?? {};
  t.same(
    outputs?.map(({ address, amount }) => [address, amount.toFixed()]),
    [
      ['tb1qmpwzkuwsqc9snjvgdt4czhjsnywa5yjdzglap9', '1.4999'],
      ['tb1qqzh2ngh97ru8dfvgma25d6r595wcwqy06sqc03', '1'],
    ],
  );
  t.same(
    inputs?.map(({ amount }) => amount?.toFixed()),
    ['0.5', '2'],
  );
  t.equal(fee?.toFixed(), '0.0001');
  t.end();
});

t.test('reads hexadecimal PSBTs and messages with 0x', (t) => {
  const hex = Buffer.from(PUBLISHED, 'base64').toString('hex');
  t.equal(
    payloadOf(
      hex,
      vector.sighashes.map((content) => `0x${content.toUpperCase()}`),
    )?.outcome,
    'holds',
  );
  t.equal(payloadOf(`${PUBLISHED.slice(0, 80)}\n${PUBLISHED.slice(80)}`)?.outcome, 'holds');
  t.end();
});

t.test('refuses a message that is not a signature hash of the PSBT', (t) => {
  for (const content of ['00'.repeat(32), 'ff', '', 'Hello']) {
    const finding = payloadOf(PUBLISHED, [...vector.sighashes, content]);
    t.equal(finding?.outcome, 'contradicts');
    t.match(reasonOf(finding), /is not a signature hash of the psbt/);
  }
  t.end();
});

t.test('does not know what is signed without messages, or if rawTx signs something else', (t) => {
  t.equal(payloadOf(PUBLISHED, [])?.outcome, 'unknown');
  t.equal(payloadOf(PUBLISHED, [undefined])?.outcome, 'unknown');
  const entries = [{ payload: Buffer.alloc(32) }];
  const { reading, findings } = readPsbt({ ...signingOf(PUBLISHED, vector.sighashes), entries });
  t.equal(findings.payload?.outcome, 'unknown');
  t.strictSame(reading, {}, 'no facts of what is not signed');
  t.end();
});

t.test('reads nothing without a PSBT, and no addresses without a known asset', (t) => {
  t.same(readPsbt(signingOf(undefined, [])), { reading: {}, findings: {} });
  const { reading, findings } = readPsbt(signingOf(PUBLISHED, vector.sighashes, 'UNKNOWN'));
  t.equal(findings.payload?.outcome, 'holds');
  t.same(
    reading.bitcoin?.outputs?.map(({ address }) => address),
    [undefined, undefined],
  );
  t.end();
});

const bytes = Buffer.from(PUBLISHED, 'base64');
const malformed: Readonly<Record<string, string>> = {
  'trailing bytes': Buffer.concat([bytes, Buffer.of(0)]).toString('base64'),
  'missing bytes': bytes.subarray(0, -1).toString('base64'),
  'another format': Buffer.from('Hello').toString('base64'),
  'text that is not base64': 'psbt!',
  'an odd number of hexadecimal digits': `${bytes.toString('hex')}0`,
  nothing: '',
};
for (const [what, psbt] of Object.entries(malformed)) {
  t.test(`refuses ${what} as malformed`, (t) => {
    const finding = payloadOf(psbt);
    t.equal(finding?.outcome, 'contradicts');
    t.match(reasonOf(finding), /^psbt is malformed: /);
    t.end();
  });
}

t.test('confirms no PSBT in which a bit of what is signed is flipped, and throws nothing', (t) => {
  const confirmed: number[] = [];
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    if (payloadOf(flipped.toString('base64'))?.outcome === 'holds') confirmed.push(bit >> 3);
  }
  // The unsigned transaction is 154 bytes behind the magic number, the length of its key, its key and its length.
  const unsigned = confirmed.filter((offset) => offset < 5 + 3 + 154);
  t.same(unsigned, []);
  t.end();
});

const previous = new Transaction();
previous.addInput(Buffer.alloc(32, 7), 0);
previous.addOutput(outputTo(1, 'p2pkh').script, 60_000n);
previous.addOutput(outputTo(1, 'p2wpkh').script, 70_000n);

/** A PSBT by bitcoinjs-lib that spends a legacy and a SegWit output, and its signature hashes. */
function built(sighashType?: number): { psbt: string; contents: string[] } {
  const psbt = new Psbt();
  const nonWitnessUtxo = previous.toBuffer();
  const type = sighashType === undefined ? {} : { sighashType };
  psbt.addInput({ hash: previous.getId(), index: 0, nonWitnessUtxo, ...type });
  const witnessUtxo = { script: outputTo(1).script, value: 70_000n };
  psbt.addInput({ hash: previous.getId(), index: 1, witnessUtxo, ...type });
  psbt.addOutput({ script: outputTo(9).script, value: 100_000n });
  psbt.addOutput({ script: outputTo(1).script, value: 28_000n });
  const transaction = Transaction.fromBuffer(psbt.data.globalMap.unsignedTx.toBuffer());
  const code = outputTo(1, 'p2pkh').script;
  const digests = [
    transaction.hashForSignature(0, code, sighashType ?? 1),
    transaction.hashForWitnessV0(1, code, 70_000n, sighashType ?? 1),
  ];
  return { psbt: psbt.toBase64(), contents: digests.map((digest) => Buffer.from(digest).toString('hex')) };
}

t.test('computes the signature hashes as bitcoinjs-lib does', (t) => {
  for (const type of [undefined, 1]) {
    const { psbt, contents } = built(type);
    t.equal(payloadOf(psbt, contents, 'BTC')?.outcome, 'holds');
  }
  t.end();
});

t.test('refuses signature hash types that do not bind all outputs', (t) => {
  for (const [type, name] of [
    [Transaction.SIGHASH_NONE, 'SIGHASH_NONE'],
    [Transaction.SIGHASH_SINGLE | Transaction.SIGHASH_ANYONECANPAY, 'SIGHASH_SINGLE|ANYONECANPAY'],
  ] as const) {
    const { psbt, contents } = built(type);
    const finding = payloadOf(psbt, contents, 'BTC');
    t.equal(finding?.outcome, 'contradicts');
    t.ok(reasonOf(finding).includes(name));
  }
  t.end();
});

t.test('takes for facts only what is signed or proven', (t) => {
  const { psbt, contents } = built();
  const changeOf = (signed: readonly string[]): unknown[] => {
    const { reading } = readPsbt(signingOf(psbt, signed, 'BTC'));
    const { outputs, inputs, fee } = reading.bitcoin ?? {};
    return [
      outputs?.map(({ isChange }) => isChange),
      inputs?.map(({ amount }) => amount?.toFixed()),
      fee?.toFixed(),
    ];
  };
  t.same(changeOf(contents), [[false, true], ['0.0006', '0.0007'], '0.00002']);
  // The amount of the SegWit input is a claim, unless it is signed; and its script may be a stranger's.
  t.same(changeOf(contents.slice(0, 1)), [[false, false], ['0.0006', undefined], undefined]);
  const own = { ...signingOf(psbt, [], 'BTC'), catalog: catalogWith([outputTo(1).address]) };
  t.same(
    readPsbt(own).reading.bitcoin?.outputs?.map(({ isChange }) => isChange),
    [false, true],
  );
  t.end();
});

t.test('refuses a previous transaction that is not the one that is spent', (t) => {
  const other = previous.clone();
  other.locktime = 1;
  const from = Buffer.from(previous.toBuffer()).toString('hex');
  const to = Buffer.from(other.toBuffer()).toString('hex');
  const { psbt, contents } = built();
  const changed = Buffer.from(psbt, 'base64').toString('hex').replace(from, to);
  t.match(reasonOf(payloadOf(changed, contents)), /malformed: the previous transaction of input 0/);
  t.end();
});

t.test('does not know the signature hash of an input without the output that it spends', (t) => {
  const psbt = new Psbt();
  psbt.addInput({ hash: previous.getId(), index: 0 });
  psbt.addOutput({ script: outputTo(9).script, value: 1n });
  t.equal(payloadOf(psbt.toBase64(), ['00'.repeat(32)])?.outcome, 'unknown');
  t.end();
});

const taprootScript = Buffer.concat([Buffer.of(0x51, 32), Buffer.alloc(32, 3)]);

t.test('computes the signature hashes of taproot for signatures by key (BIP-341)', (t) => {
  const psbt = new Psbt();
  const inputs = [
    { script: taprootScript, value: 50_000n },
    { script: outputTo(1).script, value: 60_000n },
  ];
  inputs.forEach((witnessUtxo, index) => psbt.addInput({ hash: previous.getId(), index, witnessUtxo }));
  psbt.addOutput({ script: outputTo(9).script, value: 100_000n });
  const transaction = Transaction.fromBuffer(psbt.data.globalMap.unsignedTx.toBuffer());
  const [scripts, values] = [inputs.map(({ script }) => script), inputs.map(({ value }) => value)];
  for (const type of [Transaction.SIGHASH_DEFAULT, Transaction.SIGHASH_ALL]) {
    const digest = Buffer.from(transaction.hashForWitnessV1(0, scripts, values, type)).toString('hex');
    t.equal(payloadOf(psbt.toBase64(), [digest])?.outcome, 'holds');
  }
  const single = transaction.hashForWitnessV1(0, scripts, values, Transaction.SIGHASH_SINGLE);
  t.equal(payloadOf(psbt.toBase64(), [Buffer.from(single).toString('hex')])?.outcome, 'contradicts');
  t.end();
});

/** Fields of a map by their types, and the byte that ends it. */
function mapOf(fields: Readonly<Record<number, Buffer>>): Buffer {
  const pairs = Object.entries(fields).map(([type, value]) =>
    Buffer.concat([Buffer.of(1, Number(type), value.length), value]),
  );
  return Buffer.concat([...pairs, Buffer.of(0)]);
}

t.test('reads version 2 (BIP-370)', (t) => {
  const output = { script: outputTo(1).script, value: 70_000n };
  const psbt = (globals: Readonly<Record<number, Buffer>>, input: Readonly<Record<number, Buffer>>): string =>
    Buffer.concat([
      Buffer.from('70736274ff', 'hex'),
      mapOf({ 0x02: uint32(2), 0x04: Buffer.of(1), 0x05: Buffer.of(1), 0xfb: uint32(2), ...globals }),
      mapOf({ 0x01: encodeOutput(output), 0x0e: previous.getHash() as Buffer, 0x0f: uint32(1), ...input }),
      mapOf({ 0x03: uint64(60_000n), 0x04: outputTo(9).script }),
    ]).toString('base64');
  const digestOf = (locktime: number, sequence: number): string => {
    const transaction = new Transaction();
    transaction.version = 2;
    transaction.locktime = locktime;
    transaction.addInput(previous.getHash(), 1, sequence);
    transaction.addOutput(outputTo(9).script, 60_000n);
    const code = outputTo(1, 'p2pkh').script;
    return Buffer.from(transaction.hashForWitnessV0(0, code, output.value, 1)).toString('hex');
  };
  t.equal(payloadOf(psbt({}, {}), [digestOf(0, 0xffffffff)])?.outcome, 'holds');
  t.equal(payloadOf(psbt({ 0x03: uint32(9) }, { 0x10: uint32(1) }), [digestOf(9, 1)])?.outcome, 'holds');
  t.equal(
    payloadOf(psbt({ 0x03: uint32(9) }, { 0x12: uint32(800) }), [digestOf(800, 0xffffffff)])?.outcome,
    'holds',
  );
  t.equal(payloadOf(psbt({}, {}), [digestOf(1, 0xffffffff)])?.outcome, 'contradicts');
  t.match(reasonOf(payloadOf(psbt({ 0xfb: uint32(1) }, {}))), /malformed: it has version 1/);
  t.end();
});
