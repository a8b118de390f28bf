import { readFileSync } from 'node:fs';
import { SystemProgram, type TransactionInstruction } from '@solana/web3.js';
import t from 'tap';
import type { Signing } from '../../../src/chain/signing.js';
import { readSolana } from '../../../src/chain/solana/read.js';
import {
  advanceNonce,
  approve,
  call,
  close,
  COIN,
  encode,
  key,
  limitUnits,
  memo,
  mint,
  outcomes,
  pay,
  payToken,
  priceUnits,
  read,
  reasonOf,
  RECIPIENT,
  request,
  SENDER,
  STRANGER,
} from './encode.js';

const HOLD = { payload: 'holds', chain: 'holds', recipient: 'holds', amount: 'holds', fee: 'holds' };

interface Vector {
  readonly rawTx: readonly [{ readonly rawTx: string }];
  readonly decoded: { readonly from: string; readonly to: string; readonly lamports: number };
}

const vector = JSON.parse(readFileSync('test/fixtures/rawtx/solana-system-transfer.json', 'utf8')) as Vector;
const VECTOR = Buffer.from(vector.rawTx[0].rawTx, 'hex');

function vectorRequest(message: Buffer, changes: Partial<Signing> = {}): Signing {
  return request(message, {
    destinations: [{ address: vector.decoded.to, units: 42n }],
    units: 42n,
    ...changes,
  });
}

t.test('the published transfer agrees with its request', (t) => {
  const { reading, findings } = readSolana(vectorRequest(VECTOR));
  t.same(outcomes({ reading, findings }), HOLD);
  t.equal(reading.chain, 'solana');
  t.match(reading.solana, {
    complete: true,
    instructions: [{ program: '1'.repeat(32), name: 'system.transfer', data: '0x020000002a00000000000000' }],
    transfers: [{ asset: 'SOL', to: vector.decoded.to, amount: { s: 1 } }],
  });
  t.equal(reading.solana?.transfers[0]?.amount?.toFixed(), '0.000000042');
  t.equal(reading.solana?.transfers[0]?.from, undefined);
  t.end();
});

t.test(
  'of the published transfer, another blockhash or payer passes with any bit flipped, and nothing else',
  (t) => {
    const passed = new Set<string>();
    for (let bit = 0; bit < VECTOR.length * 8; bit++) {
      const flipped = Buffer.from(VECTOR);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const result = Object.values(outcomes(readSolana(vectorRequest(flipped))));
      if (result.length === 5 && result.every((outcome) => outcome === 'holds'))
        passed.add(fieldAt(bit >> 3));
    }
    t.same([...passed], ['payer', 'blockhash']);
    t.end();
  },
);

function fieldAt(byte: number): string {
  if (byte >= 4 && byte < 36) return 'payer';
  return byte >= 100 && byte < 132 ? 'blockhash' : `byte ${byte}`;
}

t.test(
  'of the published transfer, each other bit is a contradiction, but for an unknown method or version',
  (t) => {
    const unknown = new Set<number>();
    for (let bit = 0; bit < VECTOR.length * 8; bit++) {
      const flipped = Buffer.from(VECTOR);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const result = Object.values(outcomes(readSolana(vectorRequest(flipped))));
      if (result.includes('unknown') && !result.includes('contradicts')) unknown.add(bit >> 3);
    }
    // The version, the number of read-only accounts, the program's key, and the method.
    const program = Array.from({ length: 32 }, (_, index) => 68 + index);
    t.same([...unknown], [0, 2, ...program, 138, 139, 140, 141]);
    t.end();
  },
);

const SINGLE_CHANGES: Readonly<
  Record<
    string,
    [check: 'payload' | 'recipient' | 'amount' | 'chain' | 'fee', changes: Partial<Signing>, reason: string]
  >
> = {
  'another amount': [
    'amount',
    { destinations: [{ address: vector.decoded.to, units: 41n }] },
    `rawTx pays 0.000000042 SOL to ${vector.decoded.to}, but the request displays 0.000000041 SOL`,
  ],
  'another recipient': [
    'recipient',
    { destinations: [{ address: STRANGER.toBase58(), units: 42n }] },
    `rawTx pays ${vector.decoded.to}, but the request displays ${STRANGER.toBase58()}`,
  ],
  'another chain': [
    'chain',
    { destinations: [{ address: '0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8', units: 42n }] },
    'rawTx is a message of Solana, but the request displays 0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8',
  ],
  'another asset': [
    'recipient',
    { asset: COIN },
    'rawTx contains system.transfer, but the request displays a transfer of the token COIN_SOL',
  ],
  'another payload': [
    'payload',
    { entries: [{ rawTx: VECTOR, payload: Buffer.alloc(32) }] },
    `the payload is ${'00'.repeat(32)}… (32 bytes), but rawTx is ${VECTOR.toString('hex', 0, 32)}… (150)`,
  ],
  'a smaller fee': [
    'fee',
    { fee: '0.0000024' },
    'rawTx can spend 0.000005 SOL on fees, but the request displays a fee of 0.0000024',
  ],
};

for (const [what, [check, changes, reason]] of Object.entries(SINGLE_CHANGES)) {
  t.test(`refuses the published transfer with ${what}`, (t) => {
    t.equal(reasonOf(readSolana(vectorRequest(VECTOR, changes)), check), `contradicts: ${reason}`);
    t.end();
  });
}

t.test('refuses trailing and missing bytes', (t) => {
  const extended = readSolana(vectorRequest(Buffer.concat([VECTOR, Buffer.of(0)])));
  t.equal(reasonOf(extended, 'payload'), 'contradicts: rawTx is malformed: 1 bytes follow the message');
  for (let length = 0; length < VECTOR.length; length++) {
    t.match(
      reasonOf(readSolana(vectorRequest(VECTOR.subarray(0, length))), 'payload'),
      /^contradicts: rawTx is malf/,
    );
  }
  t.end();
});

t.test('takes compute budget, memo and a durable nonce beside the transfer', (t) => {
  const instructions = [
    advanceNonce(),
    limitUnits(1000),
    priceUnits(1000),
    pay(RECIPIENT, 1000),
    memo('invoice 12'),
  ];
  t.same(outcomes(read(instructions)), HOLD);
  t.equal(read(instructions).reading.solana?.complete, true);
  t.end();
});

t.test('takes the fee from the amount, once', (t) => {
  t.same(
    outcomes(
      read([pay(RECIPIENT, 1000)], { destinations: [{ address: RECIPIENT.toBase58(), units: 6000n }] }),
    ),
    HOLD,
  );
  const two = read([pay(RECIPIENT, 1000), pay(STRANGER, 1000)], {
    destinations: [RECIPIENT, STRANGER].map((address) => ({ address: address.toBase58(), units: 6000n })),
  });
  t.equal(outcomes(two)['amount'], 'contradicts');
  t.end();
});

t.test('pairs several transfers with several destinations', (t) => {
  const destinations = [
    { address: STRANGER.toBase58(), units: 3n },
    { address: RECIPIENT.toBase58(), units: 2n },
    { address: RECIPIENT.toBase58(), units: 1n },
  ];
  const instructions = [pay(RECIPIENT, 1), pay(RECIPIENT, 2), pay(STRANGER, 3)];
  t.same(outcomes(read(instructions, { destinations })), HOLD);
  const missing = read(instructions.slice(1), { destinations });
  t.equal(
    reasonOf(missing, 'recipient'),
    `contradicts: rawTx does not pay ${RECIPIENT.toBase58()}, which the request displays`,
  );
  t.equal(outcomes(missing)['amount'], 'unknown');
  t.end();
});

t.test('refuses what moves value or gives rights beside the transfer, by name', (t) => {
  const transfer = pay(RECIPIENT, 1000);
  t.match(
    reasonOf(read([transfer, pay(STRANGER, 1)]), 'recipient'),
    new RegExp(`^contradicts: rawTx pays ${STRANGER.toBase58()}, but`),
  );
  t.match(
    reasonOf(read([transfer, transfer]), 'recipient'),
    new RegExp(`^contradicts: rawTx pays ${RECIPIENT.toBase58()}, but`),
  );
  t.match(
    reasonOf(read([transfer, approve(STRANGER)]), 'recipient'),
    /^contradicts: rawTx contains token.approve, /,
  );
  t.match(
    reasonOf(read([transfer, payToken({ to: key(5), units: 1n })]), 'recipient'),
    /^contradicts: rawTx contains token.transferChecked, /,
  );
  t.end();
});

t.test('refuses coins for a new account beyond its rent, for a stranger, and new tokens', (t) => {
  const transfer = pay(RECIPIENT, 1000);
  const recipient = (instruction: TransactionInstruction): string =>
    reasonOf(read([transfer, instruction], { fee: '0.00001' }), 'recipient');
  const account = {
    fromPubkey: SENDER,
    newAccountPubkey: key(5),
    space: 80,
    programId: SystemProgram.programId,
  };
  const seeded = { ...account, basePubkey: SENDER, seed: 'nonce' };
  for (const funded of [
    SystemProgram.createAccount({ ...account, lamports: 20_000_000 }),
    SystemProgram.createAccountWithSeed({ ...seeded, lamports: 20_000_000 }),
  ]) {
    t.match(recipient(funded), /^contradicts: rawTx contains system.createAccount/);
  }
  t.match(recipient(SystemProgram.createAccount({ ...account, lamports: 1_447_680 })), /^unknown/);
  t.match(recipient(SystemProgram.createAccountWithSeed({ ...seeded, lamports: 1_447_680 })), /^unknown/);
  t.match(recipient(close(STRANGER)), /^contradicts: rawTx contains token.closeAccount/);
  t.match(recipient(close(SENDER)), /^unknown/);
  t.match(recipient(mint(STRANGER)), /^contradicts: rawTx contains token.mintTo/);
  t.end();
});

t.test("can't know what an unknown program does", (t) => {
  const result = read([pay(RECIPIENT, 1000), call(key(6))]);
  t.same(outcomes(result), { ...HOLD, recipient: 'unknown', fee: 'unknown' });
  t.equal(result.reading.solana?.complete, false);
  t.equal(outcomes(read([call(key(6))]))['recipient'], 'unknown');
  t.equal(outcomes(read([pay(STRANGER, 1000), call(key(6))]))['recipient'], 'contradicts');
  t.end();
});

t.test('refuses a transfer whose data has more bytes, or whose sender does not sign', (t) => {
  const dirty = pay(RECIPIENT, 1000);
  dirty.data = Buffer.concat([dirty.data, Buffer.of(0)]);
  t.match(
    reasonOf(read([dirty]), 'recipient'),
    /system.transfer of rawTx is malformed: its data has 13 bytes/,
  );
  const [, ...rest] = pay(RECIPIENT, 1000).keys;
  const unsigned = pay(RECIPIENT, 1000);
  unsigned.keys = [{ pubkey: STRANGER, isSigner: false, isWritable: true }, ...rest];
  t.match(reasonOf(read([unsigned]), 'recipient'), /malformed: the sender \w+ does not sign/);
  t.end();
});

t.test('compares the fee with its bound: signatures, and the price of the limit of compute units', (t) => {
  const priced = [priceUnits(800_000), pay(RECIPIENT, 1000)];
  // 5,000 for the signature, and 3,000 units by default for each program that is built in.
  t.equal(outcomes(read(priced))['fee'], 'holds');
  // 200,000 units for another program.
  t.equal(outcomes(read([priceUnits(24_000), pay(RECIPIENT, 1000), memo('')]))['fee'], 'holds');
  t.match(
    reasonOf(read([...priced, memo('')]), 'fee'),
    /^contradicts: rawTx can spend 0.0001698 SOL on fees/,
  );
  t.equal(outcomes(read([limitUnits(6250), ...priced, memo('')]))['fee'], 'holds');
  const signers = [pay(RECIPIENT, 1000, STRANGER), memo('')];
  t.equal(outcomes(read(signers))['fee'], 'holds');
  t.equal(outcomes(read(signers, { fee: '0.0000049' }))['fee'], 'contradicts');
  t.equal(outcomes(read(priced, { fee: '0' }))['fee'], 'unknown');
  const { fee, ...rest } = request(encode(priced));
  t.equal(fee, '0.000005');
  t.equal(outcomes(readSolana(rest))['fee'], 'unknown');
  t.end();
});

t.test('checks payload and chain alone for operations other than transfers', (t) => {
  const result = read([pay(STRANGER, 5), call(key(6))], { operation: 'PROGRAM_CALL', destinations: [] });
  t.same(outcomes(result), { payload: 'holds', chain: 'holds' });
  t.equal(result.reading.solana?.transfers[0]?.to, STRANGER.toBase58());
  t.equal(result.reading.solana?.complete, false);
  t.end();
});

t.test('compares the entries: a message each, and its payload', (t) => {
  const message = encode([pay(RECIPIENT, 1000)]);
  const other = encode([pay(RECIPIENT, 1001)]);
  const entry = { rawTx: message, payload: message };
  const payload = (entries: Signing['entries']): string | undefined =>
    outcomes(readSolana(request(message, { entries })))['payload'];
  t.equal(payload([entry, entry]), 'holds');
  t.equal(payload([entry, { payload: message }]), 'holds');
  t.equal(payload([entry, { rawTx: message }]), 'unknown');
  t.equal(payload([entry, { payload: other }]), 'contradicts');
  t.equal(payload([entry, { rawTx: other, payload: other }]), 'contradicts');
  t.end();
});

t.test("can't know a whole transaction, or a version that is not known", (t) => {
  const message = encode([pay(RECIPIENT, 1000)]);
  const transaction = Buffer.concat([Buffer.of(1), Buffer.alloc(64), message]);
  t.same(outcomes(readSolana(request(transaction))), { payload: 'unknown' });
  t.same(outcomes(readSolana(request(Buffer.concat([Buffer.of(0x81), message])))), { payload: 'unknown' });
  t.end();
});

t.test('does not find destinations whose addresses are not displayed', (t) => {
  const result = read([pay(RECIPIENT, 1000)], { destinations: [{ units: 1000n }] });
  t.same(outcomes(result), { ...HOLD, recipient: 'unknown', amount: 'unknown' });
  t.equal(outcomes(read([pay(RECIPIENT, 1000)], { destinations: [] }))['recipient'], 'unknown');
  const displayed = { destinations: [], destAddress: ` ${RECIPIENT.toBase58()}` };
  t.same(outcomes(read([pay(RECIPIENT, 1000)], displayed)), HOLD);
  t.end();
});

t.test('without an asset, reads only what is signed', (t) => {
  const message = encode([pay(RECIPIENT, 1000)]);
  const { asset, ...rest } = request(message);
  t.ok(asset);
  const result = readSolana(rest);
  t.same(outcomes(result), { payload: 'holds' });
  t.equal(result.reading.solana?.transfers[0]?.units.toFixed(), '1000');
  t.equal(result.reading.solana?.transfers[0]?.asset, undefined);
  const nothing = { reading: {}, findings: {} };
  t.same(readSolana({ ...rest, entries: [{ rawTx: message, payload: Buffer.alloc(32) }] }), nothing);
  t.same(readSolana({ ...rest, entries: [{ rawTx: encode([]), payload: encode([]) }] }), nothing);
  t.same(
    readSolana({ ...rest, entries: [{ rawTx: Buffer.alloc(200), payload: Buffer.alloc(200) }] }),
    nothing,
  );
  t.end();
});

t.test('names the sender of a transfer that is not the payer', (t) => {
  const { reading } = read([pay(RECIPIENT, 1000, STRANGER)]);
  t.equal(reading.solana?.transfers[0]?.from, STRANGER.toBase58());
  t.equal(SENDER.toBase58() === STRANGER.toBase58(), false);
  t.end();
});
