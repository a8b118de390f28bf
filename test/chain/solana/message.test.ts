import { AddressLookupTableAccount, TransactionMessage, VersionedMessage } from '@solana/web3.js';
import fc from 'fast-check';
import t from 'tap';
import { MalformedError } from '../../../src/chain/finding.js';
import { decodeMessage } from '../../../src/chain/solana/message.js';
import { readSolana } from '../../../src/chain/solana/read.js';
import { call, encode, key, memo, outcomes, pay, RECIPIENT, request, SENDER, STRANGER } from './encode.js';

const MESSAGE = encode([pay(RECIPIENT, 1000)]);

/** Lookup tables hold what is neither a signer nor a program. */
function withLookup(): Buffer {
  const table = new AddressLookupTableAccount({
    key: key(7),
    state: {
      deactivationSlot: 0n,
      lastExtendedSlot: 0,
      lastExtendedSlotStartIndex: 0,
      addresses: [STRANGER, RECIPIENT],
    },
  });
  const message = new TransactionMessage({
    payerKey: SENDER,
    recentBlockhash: key(9).toBase58(),
    instructions: [pay(RECIPIENT, 1000)],
  });
  return Buffer.from(message.compileToV0Message([table]).serialize());
}

t.test('decodes what @solana/web3.js encodes, with the rights of each account', (t) => {
  const keys = fc.integer({ min: 10, max: 250 }).map(key);
  const payments = fc.array(fc.tuple(keys, keys, fc.nat()), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(payments, fc.constantFrom('legacy' as const, 'v0' as const), (all, version) => {
      const instructions = all.map(([from, to, lamports]) => pay(to, lamports, from));
      const message = decodeMessage(encode([...instructions, memo('m')], version));
      const signers = new Set([SENDER, ...all.map(([from]) => from)].map((signer) => signer.toBase58()));
      t.equal(message?.signatures, signers.size);
      t.equal(message?.payer, SENDER.toBase58());
      instructions.forEach(({ programId, keys, data }, index) => {
        const decoded = message?.instructions[index];
        t.equal(decoded?.program.address, programId.toBase58());
        t.ok(decoded?.data.equals(data));
        t.same(
          decoded?.accounts.map(({ address, isSigner, isWritable }) => [address, isSigner, isWritable]),
          keys.map(({ pubkey }) => [pubkey.toBase58(), signers.has(pubkey.toBase58()), true]),
        );
      });
    }),
    { numRuns: 40 },
  );
  t.end();
});

t.test('decodes only what encodes to the same bytes', (t) => {
  const bases = [
    MESSAGE,
    withLookup(),
    encode([pay(RECIPIENT, 1), memo('x'.repeat(200)), call(key(6))], 'v0'),
  ];
  const mutated = fc
    .tuple(fc.constantFrom(...bases), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }))
    .map(([base, changes]) => {
      const bytes = Buffer.from(base);
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return bytes;
    });
  fc.assert(
    fc.property(mutated, (bytes) => {
      const decoded = attempt(bytes);
      return (
        decoded === undefined || Buffer.from(VersionedMessage.deserialize(bytes).serialize()).equals(bytes)
      );
    }),
    { numRuns: 3000 },
  );
  t.end();
});

t.test('throws nothing but MalformedError, and quickly', (t) => {
  const start = process.cpuUsage().user;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1300 }), (bytes) => {
      attempt(Buffer.from(bytes));
      attempt(Buffer.concat([MESSAGE.subarray(0, 132), bytes]));
      readSolana(request(Buffer.from(bytes)));
    }),
    { numRuns: 2000 },
  );
  const large = Buffer.alloc(8e6, 1);
  t.equal(outcomes(readSolana(request(large)))['payload'], 'contradicts');
  t.ok(process.cpuUsage().user - start < 5e6);
  t.end();
});

t.test('refuses lengths in more bytes than needed, and accounts that are not there or listed twice', (t) => {
  const padded = Buffer.concat([MESSAGE.subarray(0, 3), Buffer.of(0x83, 0), MESSAGE.subarray(4)]);
  t.throws(() => decodeMessage(padded), { code: 'CHAIN_MALFORMED', message: /no compact-u16/ });
  const missing = Buffer.from(MESSAGE);
  missing[135] = 9;
  t.throws(() => decodeMessage(missing), { message: 'an instruction uses account 9 of 3' });
  const twice = Buffer.from(MESSAGE);
  MESSAGE.copy(twice, 36, 4, 36);
  t.throws(() => decodeMessage(twice), { message: 'it lists an account twice' });
  const header = Buffer.from(MESSAGE);
  header[1] = 1;
  t.throws(() => decodeMessage(header), { message: 'its header does not fit 3 accounts' });
  t.throws(() => decodeMessage(Buffer.alloc(1233)), {
    message: 'it has 1233 bytes, but a transaction has at most 1232',
  });
  t.throws(() => decodeMessage(Buffer.of()), { message: 'it ends after 0 bytes' });
  t.end();
});

t.test("can't know the recipient in a lookup table", (t) => {
  const result = readSolana(request(withLookup()));
  t.same(outcomes(result), {
    payload: 'holds',
    chain: 'holds',
    recipient: 'unknown',
    amount: 'unknown',
    fee: 'unknown',
  });
  t.match(result.reading.solana, {
    complete: false,
    transfers: [],
    instructions: [{ name: 'system.transfer' }],
  });
  t.equal(result.reading.solana?.instructions[0]?.accounts[1], `${key(7).toBase58()}[1]`);
  t.end();
});

function attempt(bytes: Buffer): unknown {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return undefined;
  }
}
