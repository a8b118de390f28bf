import assert from 'node:assert/strict';
import t from 'tap';
import fc from 'fast-check';
import { type TypedDataField, TypedDataEncoder } from 'ethers';
import { hashTypedData } from 'viem/utils';
import { readTypedData } from '../../../src/chain/evm/typed-data.js';
import { cpuTime } from '../../helpers/cpu-time.js';
import { read, single, signing } from './typed-fixtures.js';
import { readTypedMessage } from '../../../src/chain/evm/typed-message.js';

/** A type, with its values as JSON. */
interface Typed {
  readonly type: string;
  readonly value: fc.Arbitrary<unknown>;
  /** The structs that it refers to. */
  readonly types: Record<string, TypedDataField[]>;
}

function hex(minLength: number, maxLength: number): fc.Arbitrary<string> {
  return fc.uint8Array({ minLength, maxLength }).map((bytes) => `0x${Buffer.from(bytes).toString('hex')}`);
}

/** An integer as a number, a decimal string or a hexadecimal string. */
function integer(min: bigint, max: bigint): fc.Arbitrary<number | string> {
  return fc.tuple(fc.bigInt(min, max), fc.constantFrom('number', 'decimal', 'hex')).map(([value, form]) => {
    if (form === 'number' && Number.isSafeInteger(Number(value))) return Number(value);
    return form === 'hex' && value >= 0n ? `0x${value.toString(16)}` : value.toString();
  });
}

const atom: fc.Arbitrary<Typed> = fc
  .oneof(
    fc.constant({ type: 'address', value: hex(20, 20) }),
    fc.constant({ type: 'bool', value: fc.boolean() }),
    fc.constant({ type: 'string', value: fc.string({ unit: 'binary', maxLength: 200 }) }),
    fc.constant({ type: 'bytes', value: hex(0, 200) }),
    fc.integer({ min: 1, max: 32 }).map((size) => ({ type: `bytes${size}`, value: hex(size, size) })),
    fc.integer({ min: 1, max: 32 }).map((size) => {
      return { type: `uint${8 * size}`, value: integer(0n, 2n ** BigInt(8 * size) - 1n) };
    }),
    fc.integer({ min: 1, max: 32 }).map((size) => {
      const half = 2n ** BigInt(8 * size - 1);
      return { type: `int${8 * size}`, value: integer(-half, half - 1n) };
    }),
  )
  .map((typed) => ({ ...typed, types: {} }));

let structs = 0;

function struct(fields: readonly Typed[]): Typed {
  structs += 1;
  // Names whose order differs from that of their definition.
  const name = `${'SBTA'.charAt(structs % 4)}${structs}`;
  return {
    type: name,
    types: Object.assign({}, ...fields.map(({ types }) => types), {
      [name]: fields.map(({ type }, index) => ({ name: `f${index}`, type })),
    }) as Record<string, TypedDataField[]>,
    value: fc.record(Object.fromEntries(fields.map(({ value }, index) => [`f${index}`, value]))),
  };
}

const { field } = fc.letrec<{ field: Typed }>((tie) => ({
  field: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    atom,
    tie('field').map((of) => ({ ...of, type: `${of.type}[]`, value: fc.array(of.value, { maxLength: 3 }) })),
    fc.tuple(tie('field'), fc.integer({ min: 1, max: 3 })).map(([of, length]) => {
      const value = fc.array(of.value, { minLength: length, maxLength: length });
      return { ...of, type: `${of.type}[${length}]`, value };
    }),
    fc.array(tie('field'), { minLength: 1, maxLength: 3 }).map(struct),
  ),
}));

const domains = fc.record(
  {
    name: fc.string({ maxLength: 20 }),
    version: fc.constantFrom('1', '2'),
    chainId: fc.integer({ min: 1, max: 2 ** 31 }),
    verifyingContract: hex(20, 20),
    salt: hex(32, 32),
  },
  { requiredKeys: [] },
);

const samples = fc
  .array(field, { minLength: 1, maxLength: 4 })
  .map(struct)
  .chain(({ type, types, value }) => {
    return fc.record({
      primaryType: fc.constant(type),
      types: fc.constant(types),
      message: value,
      domain: domains,
    });
  });

t.test('hashes generated types and values as ethers does', (t) => {
  fc.assert(
    fc.property(samples, fc.boolean(), ({ primaryType, types, domain, message }, withDomainType) => {
      const values = message as Record<string, unknown>;
      const payload = TypedDataEncoder.getPayload(domain, types, values) as { types: object };
      const content = { primaryType, domain, message, types: withDomainType ? payload.types : types };
      const { digest } = readTypedData(content, undefined, { blocks: 10_000 });
      assert.equal(`0x${digest.toString('hex')}`, TypedDataEncoder.hash(domain, types, values));
    }),
    { numRuns: 500 },
  );
  t.pass();
  t.end();
});

// ethers refuses such a type.
t.test('hashes a type that refers to itself as viem does', (t) => {
  const types = {
    Node: [
      { name: 'value', type: 'uint8' },
      { name: 'next', type: 'Node[]' },
    ],
  };
  const message = { value: 1, next: [{ value: 2, next: [] }] };
  const { digest } = readTypedData({ types, primaryType: 'Node', domain: {}, message }, undefined, {
    blocks: 50,
  });
  const expected = hashTypedData({ types, primaryType: 'Node', domain: {}, message });
  t.equal(`0x${digest.toString('hex')}`, expected);
  t.end();
});

function deep(depth: number): unknown {
  let value: unknown = [];
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

const many = (count: number, value: unknown) => Array<unknown>(count).fill(value);
const chained = Object.fromEntries(
  Array.from({ length: 100 }, (_, index) => [
    `T${index}`,
    many(30, 0).map((_, field) => ({ name: `f${field}`, type: `T${(index + field + 1) % 100}[]` })),
  ]),
);
const HOSTILE = [
  ['a long string', single('string', 'x'.repeat(100_000))],
  ['many empty structs', { ...single('Empty[]', many(30_000, {})), types: empty() }],
  ['many numbers', single('uint8[]', many(45_000, 1))],
  ['many strings', single('string[]', many(30_000, ''))],
  ['deep arrays', single('uint8[][]', deep(1000))],
  ['a very deep type', single(`uint8${'[]'.repeat(40_000)}`, deep(3))],
  [
    'many types',
    { ...single('uint8', 1), types: Object.fromEntries(many(5000, 0).map((_, i) => [`T${i}`, []])) },
  ],
  ['types that all refer to each other', { primaryType: 'T0', domain: {}, types: chained, message: lists() }],
  ['a long integer', single('uint256', '1'.repeat(90_000))],
  ['a long name of a type', single('x'.repeat(90_000), 1)],
  ['brackets', single('['.repeat(45_000) + ']'.repeat(45_000), 1)],
] as const;

function empty() {
  return { Single: [{ name: 'value', type: 'Empty[]' }], Empty: [] };
}

function lists() {
  const names = many(30, 0).map((_, index) => `f${index}`);
  const leaf = Object.fromEntries(names.map((name) => [name, []]));
  return Object.fromEntries(names.map((name) => [name, [leaf]]));
}

for (const [what, content] of HOSTILE) {
  t.test(`reads ${what} within 50 ms`, (t) => {
    for (const form of [content, JSON.stringify(content)]) {
      t.ok(cpuTime(() => read(form, `0x${'11'.repeat(32)}`)) < 50);
    }
    t.end();
  });
}

t.test('reads many messages within 50 ms', (t) => {
  const messages = many(1000, { content: single('string', 'x') });
  const payloads = many(1000, `0x${'11'.repeat(32)}`).map(String);
  for (const request of [signing(payloads, ...messages), signing(payloads, ...messages.slice(0, 100))]) {
    t.ok(cpuTime(() => readTypedMessage(request)) < 50);
  }
  t.end();
});

t.test('throws for no JSON at all', (t) => {
  const json = fc.jsonValue({ maxDepth: 4 });
  const definitions = fc.dictionary(
    fc.constantFrom('A', 'B', 'EIP712Domain', '__proto__', 'uint8'),
    fc.oneof(
      json,
      fc.array(fc.record({ name: fc.string(), type: fc.constantFrom('A', 'B[]', 'uint8', 'string') })),
    ),
  );
  const content = fc.record(
    {
      types: fc.oneof(json, definitions),
      primaryType: fc.oneof(json, fc.constantFrom('A', 'B')),
      domain: fc.oneof(json, domains),
      message: json,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(json, content), (value) => {
      read(value, `0x${'11'.repeat(32)}`);
    }),
    { numRuns: 2000 },
  );
  t.pass();
  t.end();
});
