import { Keypair, PublicKey } from '@solana/web3.js';
import fc from 'fast-check';
import t from 'tap';
import type { Signing } from '../../../src/chain/signing.js';
import { readSolana } from '../../../src/chain/solana/read.js';
import { isOnCurve, tokenAccountOf } from '../../../src/chain/solana/token-account.js';
import {
  approve,
  ASSOCIATED_TOKEN,
  COIN,
  create,
  encode,
  key,
  MINT,
  outcomes,
  pay,
  payToken,
  payTokenUnchecked,
  payTokenWithFee,
  read,
  reasonOf,
  RECIPIENT,
  request,
  SENDER,
  STRANGER,
  TOKEN,
  TOKEN_2022,
  tokenAccount,
} from './encode.js';

const HOLD = { payload: 'holds', chain: 'holds', recipient: 'holds', amount: 'holds', fee: 'holds' };
const TO = tokenAccount(RECIPIENT);
const COINS: Partial<Signing> = { asset: COIN };

t.test('derives token accounts as @solana/web3.js does', (t) => {
  const keys = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => new PublicKey(bytes));
  fc.assert(
    fc.property(keys, keys, fc.constantFrom(TOKEN, TOKEN_2022), (owner, mint, program) => {
      const derived = tokenAccountOf(owner.toBase58(), program.toBase58(), mint.toBase58());
      return derived === tokenAccount(owner, program, mint).toBase58();
    }),
    { numRuns: 100 },
  );
  t.equal(tokenAccountOf('no address', TOKEN.toBase58(), MINT.toBase58()), undefined);
  t.end();
});

t.test('distinguishes public keys from other bytes as @solana/web3.js does', (t) => {
  for (let seed = 0; seed < 50; seed++)
    t.ok(isOnCurve(Keypair.fromSeed(Buffer.alloc(32, seed)).publicKey.toBytes()));
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(bytes, (candidate) => isOnCurve(candidate) === PublicKey.isOnCurve(candidate)),
    { numRuns: 100 },
  );
  t.end();
});

for (const program of [TOKEN, TOKEN_2022]) {
  t.test(`takes transfers to the recipient's account of ${program.toBase58()}, created or not`, (t) => {
    const to = tokenAccount(RECIPIENT, program);
    const transfer = payToken({ to, units: 1000n, program });
    for (const instructions of [
      [transfer],
      [create({ owner: RECIPIENT, program }), transfer],
      [create({ owner: RECIPIENT, program, data: Buffer.alloc(0) }), transfer],
      [create({ owner: RECIPIENT, program, data: Buffer.of(0) }), transfer],
      [payTokenUnchecked({ to, units: 1000n, program })],
    ]) {
      const result = read(instructions, COINS);
      t.same(outcomes(result), HOLD);
      t.match(result.reading.solana, {
        complete: true,
        transfers: [{ token: MINT.toBase58(), asset: 'COIN_SOL', to: RECIPIENT.toBase58() }],
      });
      t.equal(result.reading.solana?.transfers[0]?.amount?.toFixed(), '0.001');
      t.equal(result.reading.solana?.transfers[0]?.units.toFixed(), '1000');
    }
    t.end();
  });
}

t.test('takes a displayed address that is the token account itself', (t) => {
  const displayed = { ...COINS, destinations: [{ address: TO.toBase58(), units: 1000n }] };
  t.same(outcomes(read([payToken({ to: TO, units: 1000n })], displayed)), HOLD);
  // Its mint is not known.
  t.same(outcomes(read([payTokenUnchecked({ to: TO, units: 1000n })], displayed)), {
    ...HOLD,
    recipient: 'unknown',
  });
  t.end();
});

t.test('refuses another recipient, mint, amount or number of decimals, by name', (t) => {
  const stranger = tokenAccount(STRANGER).toBase58();
  const changed = read([payToken({ to: tokenAccount(STRANGER), units: 1000n })], COINS);
  t.equal(
    reasonOf(changed, 'recipient'),
    `contradicts: rawTx pays ${stranger}, but the request displays ${RECIPIENT.toBase58()}`,
  );
  t.equal(changed.reading.solana?.transfers[0]?.to, stranger);
  const mint = key(5);
  t.equal(
    reasonOf(
      read([payToken({ to: tokenAccount(RECIPIENT, TOKEN, mint), units: 1000n, mint })], COINS),
      'recipient',
    ),
    `contradicts: rawTx transfers the token ${mint.toBase58()}, but the request displays COIN_SOL, which is ${MINT.toBase58()}`,
  );
  t.equal(
    reasonOf(read([payToken({ to: TO, units: 1001n })], COINS), 'amount'),
    `contradicts: rawTx pays 0.001001 COIN_SOL to ${RECIPIENT.toBase58()}, but the request displays 0.001 COIN_SOL`,
  );
  t.equal(
    reasonOf(read([payToken({ to: TO, units: 1000n, decimals: 9 })], COINS), 'amount'),
    'contradicts: rawTx states 9 decimals, but COIN_SOL has 6',
  );
  t.equal(outcomes(read([pay(RECIPIENT, 1000)], COINS))['recipient'], 'contradicts');
  // The fee is in another coin.
  const gross = { ...COINS, destinations: [{ address: RECIPIENT.toBase58(), units: 6000n }] };
  t.equal(outcomes(read([payToken({ to: TO, units: 1000n })], gross))['amount'], 'contradicts');
  t.end();
});

t.test("refuses the creation of another owner's account, of another mint's, or of a wrong one", (t) => {
  const transfer = payToken({ to: TO, units: 1000n });
  for (const [creation, reason] of [
    [create({ owner: STRANGER }), /^contradicts: rawTx creates a token account of /],
    [create({ owner: RECIPIENT, mint: key(5) }), /^contradicts: rawTx creates a token account of /],
    [create({ owner: RECIPIENT, account: key(6) }), /^contradicts: .* is not the token account of /],
    [
      create({ owner: RECIPIENT, data: Buffer.of(1, 0) }),
      /^contradicts: .* its data has 2 bytes instead of 1/,
    ],
    [
      create({ owner: RECIPIENT, program: key(6) }),
      /^unknown: rawTx contains an instruction that can’t be read/,
    ],
    [create({ owner: RECIPIENT, data: Buffer.of(2) }), /^unknown: /],
  ] as const) {
    t.match(reasonOf(read([creation, transfer], COINS), 'recipient'), reason);
  }
  t.match(
    reasonOf(read([create({ owner: RECIPIENT }), pay(RECIPIENT, 1000)]), 'recipient'),
    /^contradicts: rawTx creates/,
  );
  t.end();
});

t.test('refuses an approval, a second transfer and coins beside a transfer of tokens', (t) => {
  const transfer = payToken({ to: TO, units: 1000n });
  for (const extra of [
    approve(STRANGER),
    transfer,
    payToken({ to: tokenAccount(STRANGER), units: 1n }),
    pay(RECIPIENT, 1),
  ]) {
    t.equal(outcomes(read([transfer, extra], COINS))['recipient'], 'contradicts');
  }
  t.end();
});

t.test("can't know the amount that arrives if the mint withholds a fee", (t) => {
  const result = read(
    [payTokenWithFee({ to: tokenAccount(RECIPIENT, TOKEN_2022), units: 1000n }, 3n)],
    COINS,
  );
  t.same(outcomes(result), { ...HOLD, amount: 'unknown' });
  t.equal(result.reading.solana?.instructions[0]?.name, 'token.transferCheckedWithFee');
  t.end();
});

t.test('names approvals and other methods, which make the reading incomplete', (t) => {
  const { reading } = read([approve(STRANGER)], { operation: 'PROGRAM_CALL' });
  t.match(reading.solana, { complete: false, transfers: [], instructions: [{ name: 'token.approve' }] });
  t.end();
});

t.test('leaves the token of a transfer absent if it is not known', (t) => {
  const { reading } = read([payTokenUnchecked({ to: TO, units: 5n })], { operation: 'PROGRAM_CALL' });
  t.same(Object.keys(reading.solana?.transfers[0] ?? {}).sort(), ['to', 'units']);
  t.equal(reading.solana?.transfers[0]?.to, TO.toBase58());
  t.end();
});

t.test("can't know the recipients of a request that displays more than fit into a transaction", (t) => {
  const destinations = Array.from({ length: 10_000 }, () => ({
    address: RECIPIENT.toBase58(),
    units: 1000n,
  }));
  const result = read([payToken({ to: TO, units: 1000n })], { ...COINS, destinations });
  t.same(outcomes(result), { ...HOLD, recipient: 'unknown', amount: 'unknown' });
  t.end();
});

interface Change {
  readonly what: string;
  readonly changes: Partial<Signing>;
}

t.test('generated transfers agree, and each changed field contradicts', (t) => {
  const owners = fc.integer({ min: 10, max: 250 }).map(key);
  const transfers = fc.record({
    owner: owners,
    units: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
    version: fc.constantFrom('legacy' as const, 'v0' as const),
    program: fc.constantFrom(undefined, TOKEN, TOKEN_2022),
    creates: fc.boolean(),
    isChecked: fc.boolean(),
  });
  fc.assert(
    fc.property(transfers, ({ owner, units, version, program, creates, isChecked }) => {
      const to = tokenAccount(owner, program);
      const instructions =
        program === undefined
          ? [pay(owner, units)]
          : [
              ...(creates ? [create({ owner, program })] : []),
              isChecked ? payToken({ to, units, program }) : payTokenUnchecked({ to, units, program }),
            ];
      const message = encode(instructions, version);
      const asset = program === undefined ? {} : { asset: COIN };
      const address = owner.toBase58();
      const right = { ...asset, destinations: [{ address, units }] };
      const changed: readonly Change[] = [
        { what: 'amount', changes: { ...right, destinations: [{ address, units: units + 1n }] } },
        { what: 'recipient', changes: { ...right, destinations: [{ address: STRANGER.toBase58(), units }] } },
        { what: 'fee', changes: { ...right, fee: '0.000002' } },
        {
          what: 'payload',
          changes: { ...right, entries: [{ rawTx: message, payload: message.subarray(1) }] },
        },
        { what: 'recipient', changes: { ...right, asset: { ...COIN, contract: key(5).toBase58() } } },
      ];
      t.same(outcomes(readSolana(request(message, right))), HOLD);
      for (const { what, changes } of changed) {
        t.equal(outcomes(readSolana(request(message, changes)))[what], 'contradicts');
      }
    }),
    { numRuns: 60 },
  );
  t.end();
});

t.test('uses the same programs as the encoder', (t) => {
  t.equal(
    tokenAccountOf(SENDER.toBase58(), TOKEN.toBase58(), MINT.toBase58()),
    tokenAccount(SENDER).toBase58(),
  );
  t.equal(ASSOCIATED_TOKEN.toBase58(), 'ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL');
  t.end();
});
