import canonicalize from 'canonicalize';
import fc from 'fast-check';
import t from 'tap';
import { canonicalJson, contentHash } from '../../src/protocol/content.js';
import { samplePayload } from '../../cli/cosigner/request.js';

type Payload = Record<string, unknown>;

/** The example of RFC 8785, section 3.2.2. */
const EXAMPLE = String.raw`{
  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
  "literals": [null, true, false]
}`;
const EXAMPLE_CANONICAL = String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`;

/** The example of RFC 8785, section 3.2.3: keys in the order of their UTF-16 code units. */
const KEYS = {
  '\u20ac': 'Euro Sign',
  '\r': 'Carriage Return',
  '\ufb33': 'Hebrew Letter Dalet With Dagesh',
  '1': 'One',
  '\u{1f600}': 'Emoji: Grinning Face',
  '\u0080': 'Control',
  '\u00f6': 'Latin Small Letter O With Diaeresis',
};
const KEYS_SORTED = [
  ...['Carriage Return', 'One', 'Control', 'Latin Small Letter O With Diaeresis', 'Euro Sign'],
  ...['Emoji: Grinning Face', 'Hebrew Letter Dalet With Dagesh'],
];

/** RFC 8785, appendix B: IEEE 754 bits, and the number as text. */
const NUMBERS: readonly (readonly [string, string])[] = [
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
];

t.test('writes the examples of RFC 8785', (t) => {
  t.equal(canonicalJson(JSON.parse(EXAMPLE)), EXAMPLE_CANONICAL);
  const values = Object.values(JSON.parse(canonicalJson(KEYS)) as object);
  t.strictSame(new Set(values), new Set(KEYS_SORTED));
  const places = KEYS_SORTED.map((value) => canonicalJson(KEYS).indexOf(`"${value}"`));
  t.strictSame(
    places,
    [...places].sort((one, other) => one - other),
  );
  t.end();
});

t.test('writes the numbers of RFC 8785, appendix B', (t) => {
  for (const [bits, text] of NUMBERS) {
    t.equal(canonicalJson(Buffer.from(bits, 'hex').readDoubleBE()), text, bits);
  }
  t.end();
});

t.test('writes what the canonicalize package writes', (t) => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
      const parsed: unknown = JSON.parse(JSON.stringify(value));
      if (canonicalJson(parsed) !== canonicalize(parsed)) throw new Error(canonicalJson(parsed));
    }),
    { numRuns: 1000 },
  );
  t.end();
});

const BASE: Payload = {
  ...samplePayload('transaction'),
  note: 'Ünïcode 😀',
  extraParameters: { a: [{ b: 'x' }] },
};

t.test('the hash does not depend on the order of keys', (t) => {
  const reversed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reversed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, inner]) => [key, reversed(inner)]),
    );
  };
  t.equal(contentHash(reversed(BASE) as Payload), contentHash(BASE));
  t.end();
});

t.test('null and an empty string equal an absent field, at any depth', (t) => {
  for (const absent of [null, '', undefined]) {
    const [destination] = BASE['destinations'] as [Payload];
    const withAbsent = {
      ...BASE,
      externalTxId: absent,
      destinations: [{ ...destination, dstWalletId: absent, unknown: absent }],
      extraParameters: { a: [{ b: 'x', c: absent }], d: absent },
    };
    t.equal(contentHash(withAbsent), contentHash(BASE), String(absent));
  }
  t.end();
});

t.test('other empty values, and null in a list, are content', (t) => {
  const hashes = [[], {}, 0, false, [null], [''], [null, null], 'null', '0'].map((value) =>
    contentHash({ ...BASE, note: value }),
  );
  t.equal(
    new Set([...hashes, contentHash(BASE), contentHash({ ...BASE, note: null })]).size,
    hashes.length + 2,
  );
  t.end();
});

t.test('the claims of the token are no content, but fields of the same name further inside are', (t) => {
  t.equal(contentHash({ ...BASE, iat: 1, exp: 2, nbf: 3, jti: 'x' }), contentHash(BASE));
  t.not(contentHash({ ...BASE, iss: 'x' }), contentHash(BASE));
  t.not(contentHash({ ...BASE, extraParameters: { iat: 1 } }), contentHash({ ...BASE, extraParameters: {} }));
  t.end();
});

t.test('any other change changes the hash', (t) => {
  const without = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(without);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, inner]) => inner !== null && inner !== '')
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([key, inner]) => [key, without(inner)]),
    );
  };
  const value = fc.dictionary(
    fc.constantFrom('a', 'b', '__proto__', '9', '10'),
    fc.jsonValue({ maxDepth: 2 }),
  );
  fc.assert(
    fc.property(value, value, (one, other) => {
      const [first, second] = [one, other].map((each) => JSON.parse(JSON.stringify(each)) as Payload);
      const isEqual = JSON.stringify(without(first)) === JSON.stringify(without(second));
      const areSame = contentHash(first ?? {}) === contentHash(second ?? {});
      if (areSame !== isEqual) throw new Error(isEqual ? 'different hashes' : 'the same hash');
    }),
    { numRuns: 1000 },
  );
  t.end();
});

t.test('halves of surrogate pairs and numbers that are too large have hashes of their own', (t) => {
  const texts = [
    ...['"\\ud83d"', '"\\ud83e"', '"\\ude00"', '"\\ufffd"', '"\\\\ud83d"', '"😀"'],
    ...['1e400', '-1e400', '"Infinity"', '1', '[1e400]', '[null]', '{"\\ud83d":1}', '{"\\ude00":1}'],
  ];
  const hashes = texts.map((text) => contentHash(JSON.parse(`{"note":${text}}`) as Payload));
  t.equal(new Set(hashes).size, texts.length);
  t.equal(contentHash(JSON.parse('{"a":-0}') as Payload), contentHash({ a: 0 }));
  t.end();
});

t.test('a key named __proto__ is content', (t) => {
  t.not(contentHash(JSON.parse('{"__proto__":{"a":1}}') as Payload), contentHash({}));
  t.end();
});

t.test('refuses what is nested more than 500 levels deep', (t) => {
  const nested = (depth: number): Payload => ({
    a: JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown,
  });
  t.match(contentHash(nested(499)), /^[0-9a-f]{64}$/);
  for (const depth of [500, 1_000_000]) {
    t.throws(() => contentHash(nested(depth)), { code: 'malformed_request', message: /500 levels/ });
  }
  t.end();
});
