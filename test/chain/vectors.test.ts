// The published vectors, the attacks on them, and every bit of them changed.
import t from 'tap';
import { isConfirmed } from '../../bench/fuzz/decoders/confirm.js';
import { TRAFFIC_CATALOG } from '../../bench/traffic/catalog.js';
import { type Payload, samplePayload } from '../../cli/cosigner/request.js';
import { contradictions, readPayload, reasons, resign } from '../helpers/traffic.js';
import { type Vector, VECTORS } from '../helpers/traffic-vectors.js';

type RawTx = readonly Readonly<Record<'rawTx' | 'payload', string>>[];

for (const { name, payload, catalog, verified } of VECTORS) {
  t.test(`is as published: ${name}`, (t) => {
    const signed = readPayload(payload, catalog);
    t.equal(signed.verified, verified === true, signed.problem ?? 'verified');
    t.strictSame(signed.findings.payload, { outcome: 'holds' });
    // One entry of a transaction with two inputs: the missing input may contradict.
    if (name !== 'btc-segwit-bip143-p2wpkh')
      t.strictSame(contradictions(signed), [], reasons(signed).join('\n'));
    t.end();
  });
}

t.test('a transaction that pays another address is refused by "recipient"', (t) => {
  const { refusal } = readPayload(
    withSample({
      rawTx: 'ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080',
      payload: 'daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53',
    }),
  );
  t.equal(refusal?.check, 'recipient');
  t.match(refusal?.reason, /0x3535353535353535353535353535353535353535.*0x5dc69b1f/i);
  t.end();
});

t.test('a payload that is not the hash of its transaction is refused by "payload"', (t) => {
  const { refusal } = readPayload(withSample({ payload: '00'.repeat(32) }));
  t.equal(refusal?.check, 'payload');
  t.match(refusal?.reason, '00'.repeat(32).slice(0, 8));
  t.end();
});

t.test('DAI on chain id 1 contradicts the published vector on chain id 52', (t) => {
  const dai = VECTORS.find(({ name }) => name === 'evm-legacy-erc20-transfer');
  const { refusal } = readPayload(dai?.payload ?? {}, TRAFFIC_CATALOG);
  t.equal(refusal?.check, 'chain');
  t.end();
});

for (const vector of VECTORS.filter(({ payload }) => payload['operation'] === 'TRANSFER')) {
  t.test(`other encoders give the bytes of ${vector.name}`, (t) => {
    t.equal(isConfirmed(vector.confirm, bytesOf(vector.payload)), vector.verified === true);
    t.end();
  });

  t.test(`verifies no changed bit of ${vector.name} that other encoders do not confirm`, (t) => {
    t.strictSame(unconfirmed(vector), []);
    t.end();
  });
}

for (const { name, payload, catalog } of VECTORS.filter((vector) => 'rawTx' in vector.payload)) {
  t.test(`refuses every changed bit of the payload of ${name}`, (t) => {
    const [entry, ...others] = payload['rawTx'] as RawTx;
    const digest = Buffer.from(entry?.payload ?? '', 'hex');
    const accepted = bitsOf(digest).filter((bit) => {
      const rawTx = [{ ...entry, payload: flipped(digest, bit).toString('hex') }, ...others];
      return readPayload({ ...payload, rawTx }, catalog).refusal?.check !== 'payload';
    });
    t.strictSame(accepted, []);
    t.end();
  });
}

t.test('refuses every changed bit of what a RAW request signs of its PSBT', (t) => {
  const psbt = VECTORS.find(({ name }) => name === 'btc-psbt-two-inputs');
  const extraParameters = psbt?.payload['extraParameters'] as Payload;
  const { messages } = extraParameters['rawMessageData'] as { messages: readonly { content: string }[] };
  const [first = { content: '' }, ...others] = messages;
  const digest = Buffer.from(first.content, 'hex');
  t.equal(digest.length, 32);
  const accepted = bitsOf(digest).filter((bit) => {
    const rawMessageData = { messages: [{ content: flipped(digest, bit).toString('hex') }, ...others] };
    const changed = { ...psbt?.payload, extraParameters: { ...extraParameters, rawMessageData } };
    return readPayload(changed).refusal?.check !== 'payload';
  });
  t.strictSame(accepted, []);
  t.end();
});

/** Flips every bit of every entry, and recomputes the digest. @returns what is verified without being confirmed */
function unconfirmed({ payload, catalog, confirm }: Vector): readonly string[] {
  const found: string[] = [];
  bytesOf(payload).forEach((bytes, at) => {
    for (const bit of bitsOf(bytes)) {
      const changed = resign(payload, (each, i) => (i === at ? flipped(each, bit) : each));
      if (!readPayload(changed, catalog).verified) continue;
      if (!isConfirmed(confirm, bytesOf(changed)))
        found.push(`entry ${at}, byte ${bit >> 3}, bit ${bit & 7}`);
    }
  });
  return found;
}

function bytesOf({ rawTx }: Payload): readonly Buffer[] {
  return (rawTx as RawTx).map((entry) => Buffer.from(entry.rawTx, 'hex'));
}

function bitsOf({ length }: Buffer): readonly number[] {
  return Array.from({ length: length * 8 }, (_, bit) => bit);
}

function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return copy;
}

/** The published sample with another raw transaction or payload. */
function withSample(changed: Partial<RawTx[number]>): Payload {
  const sample = samplePayload('transaction');
  const [entry] = sample['rawTx'] as RawTx;
  return { ...sample, rawTx: [{ ...entry, ...changed }] };
}
