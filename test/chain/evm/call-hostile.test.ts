import assert from 'node:assert/strict';
import t from 'tap';
import fc from 'fast-check';
import { AbiCoder } from 'ethers';
import { parseSignature } from '../../../src/chain/evm/abi-type.js';
import { type AbiValue, decodeArguments } from '../../../src/chain/evm/abi-decode.js';
import { readCall } from '../../../src/chain/evm/call.js';
import { standardSignatures } from '../../../src/chain/evm/standards.js';
import { MalformedError } from '../../../src/chain/finding.js';
import { cpuTime } from '../../helpers/cpu-time.js';
import { CATALOG, CHAIN, encode, fromHex, USDC } from './call-fixtures.js';

/** A type of the ABI, with values as ethers takes them and as they are decoded. */
interface Typed {
  readonly type: string;
  readonly value: fc.Arbitrary<unknown>;
}

const elementary: fc.Arbitrary<Typed> = fc.oneof(
  fc.constant({ type: 'address', value: hex(20, 20) }),
  fc.constant({ type: 'bool', value: fc.boolean() }),
  fc.constant({ type: 'string', value: fc.string({ unit: 'binary', maxLength: 40 }) }),
  fc.constant({ type: 'bytes', value: hex(0, 70) }),
  fc.integer({ min: 1, max: 32 }).map((size) => ({ type: `bytes${size}`, value: hex(size, size) })),
  fc
    .integer({ min: 1, max: 32 })
    .map((size) => ({ type: `uint${8 * size}`, value: fc.bigInt(0n, 2n ** BigInt(8 * size) - 1n) })),
  fc.integer({ min: 1, max: 32 }).map((size) => {
    const half = 2n ** BigInt(8 * size - 1);
    return { type: `int${8 * size}`, value: fc.bigInt(-half, half - 1n) };
  }),
);

const { typed } = fc.letrec<{ typed: Typed }>((tie) => ({
  typed: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    elementary,
    tie('typed').map(({ type, value }) => ({ type: `${type}[]`, value: fc.array(value, { maxLength: 3 }) })),
    fc.tuple(tie('typed'), fc.integer({ min: 1, max: 3 })).map(([{ type, value }, length]) => {
      return { type: `${type}[${length}]`, value: fc.array(value, { minLength: length, maxLength: length }) };
    }),
    fc.array(tie('typed'), { minLength: 1, maxLength: 3 }).map((items) => ({
      type: `(${items.map(({ type }) => type).join(',')})`,
      value: fc.tuple(...items.map(({ value }) => value)),
    })),
  ),
}));

const sample = fc.array(typed, { minLength: 1, maxLength: 4 }).chain((items) => {
  return fc.record({
    types: fc.constant(items.map(({ type }) => type)),
    values: fc.tuple(...items.map(({ value }) => value)),
  });
});

function hex(minLength: number, maxLength: number): fc.Arbitrary<string> {
  return fc.uint8Array({ minLength, maxLength }).map((bytes) => `0x${Buffer.from(bytes).toString('hex')}`);
}

function fieldsOf(types: readonly string[]) {
  return parseSignature(`function f(${types.join(', ')})`).fields;
}

function plain(value: AbiValue): unknown {
  if (Buffer.isBuffer(value)) return `0x${value.toString('hex')}`;
  return value instanceof Array ? value.map(plain) : value;
}

t.test('decodes what ethers encodes', (t) => {
  fc.assert(
    fc.property(sample, ({ types, values }) => {
      const data = fromHex(AbiCoder.defaultAbiCoder().encode(types, values));
      const decoded = decodeArguments(fieldsOf(types), data).map(plain);
      assert.deepStrictEqual(decoded, values);
    }),
    { numRuns: 500 },
  );
  t.pass();
  t.end();
});

t.test('decodes nothing that ethers does not encode to the same bytes', (t) => {
  const coder = AbiCoder.defaultAbiCoder();
  fc.assert(
    fc.property(sample, fc.nat(), fc.integer({ min: 1, max: 255 }), ({ types, values }, position, flip) => {
      const data = fromHex(coder.encode(types, values));
      const at = position % data.length;
      data.writeUInt8(data.readUInt8(at) ^ flip, at);
      let decoded;
      try {
        decoded = decodeArguments(fieldsOf(types), data).map(plain);
      } catch (error) {
        return error instanceof MalformedError;
      }
      return coder.encode(types, decoded) === `0x${data.toString('hex')}`;
    }),
    { numRuns: 500 },
  );
  t.pass();
  t.end();
});

function tryRead(data: Buffer): void {
  try {
    readCall({ chain: CHAIN, to: USDC, data, value: 0n }, CATALOG);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
  }
}

const word = (value: number | bigint) => value.toString(16).padStart(64, '0');
const LARGEST = [
  ['addresses', encode('executeBatch(address[],bytes[])', Array<string>(3000).fill(USDC), [])],
  ['empty calls', encode('multicall(bytes[])', Array<string>(1500).fill('0x'))],
  ['calls of nothing', encode('aggregate3((address,bool,bytes)[])', Array(600).fill([USDC, true, '0x']))],
  ['bytes', encode('multicall(bytes[])', [`0x${'ab'.repeat(99_000)}`])],
  [
    'ids',
    encode(
      'safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)',
      ...[USDC, USDC, Array(1500).fill((1n << 256n) - 1n), Array(1500).fill((1n << 256n) - 1n), '0x'],
    ),
  ],
  ['an array of 2^32 - 1 elements', `0xac9650d8${word(32)}${word(0xffffffff)}${'00'.repeat(99_000)}`],
  ['an array of 2^256 - 1 elements', `0xac9650d8${word(32)}${'ff'.repeat(99_000)}`],
  ['an offset to itself', `0xac9650d8${word(0)}${word(1)}${'00'.repeat(99_000)}`],
  ['offsets to each other', `0xac9650d8${word(32)}${word(3000)}${word(0).repeat(3000)}`],
] as const;

t.test('reads up to 100 KB within 50 ms', (t) => {
  for (const [what, data] of LARGEST) {
    const bytes = fromHex(data);
    t.ok(cpuTime(() => tryRead(bytes)) < 50, what);
  }
  t.end();
});

t.test('reads nested calls of 100 KB within 50 ms', (t) => {
  let data = `0x${'00'.repeat(95_000)}`;
  for (let depth = 0; depth < 12; depth++) data = encode('multicall(bytes[])', [data]);
  const bytes = fromHex(data);
  t.ok(cpuTime(() => tryRead(bytes)) < 50);
  t.end();
});

t.test('reads 8 MB within a second', (t) => {
  const count = 80_000;
  const offsets = Array.from({ length: count }, (_, index) => word(32 * count + 64 * index)).join('');
  const calls = `${word(4)}01020304${'00'.repeat(28)}`.repeat(count);
  const multicall = fromHex(`0xac9650d8${word(32)}${word(count)}${offsets}${calls}`);
  t.ok(cpuTime(() => tryRead(multicall)) < 1000, 'calls');
  const ids = `${word(count)}${word((1n << 256n) - 1n).repeat(count)}`;
  const head = `${word(1)}${word(2)}${word(160)}${word(192 + 32 * count)}${word(224 + 64 * count)}`;
  const batch = fromHex(`0x2eb2c2d6${head}${ids}${ids}${word(0)}`);
  t.ok(cpuTime(() => tryRead(batch)) < 1000, 'ids');
  t.end();
});

t.test('throws nothing but MalformedError for garbage after any known selector', (t) => {
  const selectors = standardSignatures().map(([selector]) => fromHex(selector));
  const words = fc.oneof(
    fc.constant(Buffer.alloc(32)),
    fc.nat(400).map((value) => fromHex(`0x${word(value)}`)),
    fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc.constant(Buffer.alloc(32, 255)),
  );
  fc.assert(
    fc.property(fc.constantFrom(...selectors), fc.array(words, { maxLength: 20 }), (selector, body) => {
      tryRead(Buffer.concat([selector, ...body]));
    }),
    { numRuns: 3000 },
  );
  t.pass();
  t.end();
});
