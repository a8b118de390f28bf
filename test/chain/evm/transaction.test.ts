import { decodeRlp, encodeRlp, Signature, Transaction, type TransactionLike } from 'ethers';
import fc from 'fast-check';
import t from 'tap';
import { decodeTransaction, isKnownForm } from '../../../src/chain/evm/transaction.js';
import { cpuTime } from '../../helpers/cpu-time.js';
import { MalformedError } from '../../../src/chain/finding.js';

const TO = `0x${'ab'.repeat(20)}`;
const DELEGATE = `0x${'cd'.repeat(20)}`;
const KEY = `0x${'00'.repeat(31)}01`;
const WORD = `0x${'11'.repeat(32)}`;

type Items = (string | Items)[];

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replace(/^0x/, ''), 'hex');
}

/** @param type absent for a legacy transaction */
function encode(items: Items, type?: number): Buffer {
  return Buffer.concat([Buffer.from(type === undefined ? [] : [type]), bytes(encodeRlp(items))]);
}

const ACCESS_LIST: Items = [[TO, [KEY]]];
const AUTHORIZATION = ['0x01', DELEGATE, '0x07', '0x01', WORD, WORD];

/** One of each form, as its fields. */
const FORMS = {
  legacy: { items: ['0x04', '0x0a', '0x5208', TO, '0x0b', '0x'], type: undefined },
  eip155: { items: ['0x04', '0x0a', '0x5208', TO, '0x0b', '0x', '0x01', '0x', '0x'], type: undefined },
  eip2930: { items: ['0x01', '0x04', '0x0a', '0x5208', TO, '0x0b', '0x1234', ACCESS_LIST], type: 1 },
  eip1559: { items: ['0x01', '0x04', '0x02', '0x0a', '0x5208', TO, '0x0b', '0x1234', ACCESS_LIST], type: 2 },
  eip7702: {
    items: ['0x01', '0x04', '0x02', '0x0a', '0x5208', TO, '0x0b', '0x', ACCESS_LIST, [AUTHORIZATION]],
    type: 4,
  },
} as const satisfies Record<string, { items: Items; type: number | undefined }>;

/** The form with one field replaced. */
function change(form: keyof typeof FORMS, index: number, value: string | Items): Buffer {
  const { items, type } = FORMS[form];
  return encode(
    (items as Items).map((item, at) => (at === index ? value : item)),
    type,
  );
}

const addresses = fc
  .uint8Array({ minLength: 20, maxLength: 20 })
  .map((b) => `0x${Buffer.from(b).toString('hex')}`);
const words = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((b) => `0x${Buffer.from(b).toString('hex')}`);
const wei = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const accessLists = fc.array(
  fc.record({ address: addresses, storageKeys: fc.array(words, { maxLength: 3 }) }),
  {
    maxLength: 3,
  },
);
const common = fc.record({
  // ethers converts nonces to numbers.
  nonce: fc.maxSafeNat(),
  gasLimit: uint64,
  to: fc.option(addresses),
  value: wei,
  data: fc.uint8Array({ maxLength: 200 }).map((b) => `0x${Buffer.from(b).toString('hex')}`),
  chainId: fc.bigInt({ min: 1n, max: 2n ** 64n }),
});
const fees = fc.tuple(wei, wei).map(([one, other]) => ({
  maxFeePerGas: one > other ? one : other,
  maxPriorityFeePerGas: one > other ? other : one,
}));
const transactions: fc.Arbitrary<TransactionLike> = fc.oneof(
  fc.tuple(common, wei).map(([tx, gasPrice]) => ({ ...tx, gasPrice, type: 0 })),
  fc.tuple(common, wei).map(([tx, gasPrice]) => ({ ...tx, gasPrice, type: 0, chainId: 0n })),
  fc
    .tuple(common, wei, accessLists)
    .map(([tx, gasPrice, accessList]) => ({ ...tx, gasPrice, accessList, type: 1 })),
  fc
    .tuple(common, fees, accessLists)
    .map(([tx, fee, accessList]) => ({ ...tx, ...fee, accessList, type: 2 })),
  fc
    .tuple(common, fees, accessLists, addresses, fc.array(addresses, { minLength: 1, maxLength: 3 }))
    .map(([tx, fee, accessList, to, delegates]) => ({
      ...{ ...tx, ...fee, accessList, to, type: 4 },
      authorizationList: delegates.map((address) => ({
        ...{ address, nonce: 7n, chainId: 1n },
        signature: Signature.from({ r: WORD, s: WORD, yParity: 1 }),
      })),
    })),
);

t.test('decodes what ethers encodes to the same fields', (t) => {
  fc.assert(
    fc.property(transactions, (fields) => {
      const decoded = decodeTransaction(bytes(Transaction.from(fields).unsignedSerialized));
      const chainId = BigInt(fields.chainId ?? 0n);
      t.strictSame(decoded, {
        form: decoded?.form,
        ...(chainId !== 0n && { chainId }),
        nonce: BigInt(fields.nonce ?? 0),
        gasLimit: fields.gasLimit,
        gasPrice: fields.gasPrice ?? fields.maxFeePerGas,
        ...(typeof fields.to === 'string' && { to: fields.to }),
        value: fields.value,
        data: bytes(fields.data ?? ''),
        delegates: fields.authorizationList?.map(({ address }) => address) ?? [],
      });
      return t.passing();
    }),
    { numRuns: 300 },
  );
  t.end();
});

t.test('distinguishes the five forms', (t) => {
  for (const [form, { items, type }] of Object.entries(FORMS)) {
    t.equal(decodeTransaction(encode(items as Items, type))?.form, form);
  }
  t.end();
});

t.test('does not read other forms', (t) => {
  const blob = encode([...FORMS.eip1559.items], 3);
  t.equal(decodeTransaction(blob), undefined, 'type 3');
  t.notOk(isKnownForm(blob));
  const celo = encode(['0x', '0x0a', '0x5208', '0x', '0x', '0x', TO, '0x0b', '0x', '0xa4ec', '0x', '0x']);
  t.equal(decodeTransaction(celo), undefined, 'a list of 12 fields');
  for (const first of [0x00, 0x05, 0x19, 0x7f, 0x80, 0xbf]) {
    t.equal(decodeTransaction(Buffer.from([first, 1, 2, 3])), undefined, `0x${first.toString(16)}…`);
  }
  t.equal(decodeTransaction(Buffer.alloc(0)), undefined, 'no bytes');
  t.end();
});

t.test('does not read more bytes than any network accepts', (t) => {
  t.equal(decodeTransaction(change('legacy', 5, `0x${'11'.repeat(128 * 1024)}`)), undefined);
  t.equal(decodeTransaction(change('legacy', 5, `0x${'11'.repeat(100_000)}`))?.data.length, 100_000);
  t.end();
});

const good = encode([...FORMS.eip155.items]);
const MALFORMED: readonly (readonly [string, Buffer, RegExp])[] = [
  ['a trailing byte', Buffer.concat([good, Buffer.from([0])]), /trailing/],
  ['a missing byte', good.subarray(0, -1), /RLP/],
  ['only a type', Buffer.from([2]), /not a list/],
  ['a string instead of a list', Buffer.from([2, 0x82, 1, 2]), /not a list/],
  ['a length that is longer than necessary', Buffer.concat([Buffer.from([0xf8]), good]), /RLP/],
  ['a small byte with a length', bytes('c7818080808080808080'.replace('c7', 'c8')), /RLP/],
  ['another number of fields', encode(FORMS.eip1559.items.slice(0, -1), 2), /8 fields/],
  ['a signature', change('eip155', 7, WORD), /r is not 0/],
  ['a leading zero in nonce', change('eip1559', 1, '0x0004'), /nonce has a leading zero/],
  ['a zero byte as value', change('eip1559', 6, '0x00'), /value has a leading zero/],
  ['a leading zero in maxPriorityFeePerGas', change('eip1559', 2, '0x0002'), /maxPriorityFeePerGas/],
  ['a nonce of 9 bytes', change('eip2930', 1, `0x${'11'.repeat(9)}`), /nonce is longer/],
  ['a value of 33 bytes', change('legacy', 4, `0x${'11'.repeat(33)}`), /value is longer/],
  ['an integer that is a list', change('eip2930', 0, []), /chainId is a list/],
  ['a recipient of 19 bytes', change('eip1559', 5, `0x${'11'.repeat(19)}`), /19 bytes/],
  ['a recipient that is a list', change('eip1559', 5, []), /to is a list/],
  ['call data that is a list', change('eip1559', 7, []), /data is a list/],
  ['a creation with delegations', change('eip7702', 5, '0x'), /to has 0 bytes/],
  ['an access list that is no list', change('eip1559', 8, '0x'), /accessList is not a list/],
  ['an access list with an address alone', change('eip1559', 8, [[TO]]), /accessList has 1 fields/],
  ['an access list with a short address', change('eip1559', 8, [['0x11', []]]), /1 bytes/],
  ['an access list with a short key', change('eip1559', 8, [[TO, ['0x11']]]), /storage key/],
  ['an authorization without a signature', change('eip7702', 9, [AUTHORIZATION.slice(0, 3)]), /3 fields/],
  [
    'an authorization with a leading zero',
    change('eip7702', 9, [['0x', ...AUTHORIZATION.slice(1, 5), '0x00']]),
    /zero/,
  ],
  ['deeply nested lists', nested(2000), /RLP/],
];

function nested(depth: number): Buffer {
  let inner = Buffer.from([0xc0]);
  for (let level = 0; level < depth; level++) inner = Buffer.concat([listPrefix(inner.length), inner]);
  return inner;
}

function listPrefix(length: number): Buffer {
  if (length < 56) return Buffer.from([0xc0 + length]);
  return length < 256 ? Buffer.from([0xf8, length]) : Buffer.from([0xf9, length >> 8, length & 255]);
}

for (const [what, rawTx, message] of MALFORMED) {
  t.test(`calls ${what} malformed`, (t) => {
    t.throws(() => decodeTransaction(rawTx), { code: 'CHAIN_MALFORMED', message });
    t.end();
  });
}

t.test(
  'encodes to the same bytes whatever it decodes of mutated transactions, and throws only MalformedError',
  (t) => {
    const originals = Object.values(FORMS).map(({ items, type }) => encode([...items] as Items, type));
    const mutation = fc.record({
      at: fc.nat(),
      to: fc.nat({ max: 255 }),
      remove: fc.nat({ max: 2 }),
      insert: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...originals),
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        (original, changes) => {
          let rawTx = original;
          for (const { at, to, remove, insert } of changes) {
            const start = at % rawTx.length;
            const inserted = Buffer.from(insert ? [to] : []);
            rawTx = Buffer.concat([rawTx.subarray(0, start), inserted, rawTx.subarray(start + remove)]);
            if (rawTx.length === 0) return true;
          }
          try {
            if (decodeTransaction(rawTx) === undefined) return true;
          } catch (error) {
            return error instanceof MalformedError;
          }
          const body = (rawTx[0] ?? 0) < 0xc0 ? rawTx.subarray(1) : rawTx;
          return bytes(encodeRlp(decodeRlp(body))).equals(body);
        },
      ),
      { numRuns: 5000 },
    );
    t.pass();
    t.end();
  },
);

t.test('takes less than 50 ms for long and for hostile lists', (t) => {
  const body = Buffer.alloc(128 * 1024 - 4, 0xc0);
  const lists = Buffer.concat([Buffer.from([0xfa, 1, 0xff, 0xfc]), body]);
  const keys: Items = [[TO, Array.from({ length: 2000 }, () => KEY)]];
  for (const rawTx of [lists, change('eip1559', 8, keys)]) {
    const decode = (): void => {
      try {
        decodeTransaction(rawTx);
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
      }
    };
    t.ok(cpuTime(decode) < 50);
  }
  t.end();
});
