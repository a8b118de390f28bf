import fc from 'fast-check';
import t from 'tap';
import { assertNoDuplicateKeys } from '../../src/protocol/duplicate-keys.js';
import { parseJson } from '../../src/protocol/request.js';

function isRefused(text: string): boolean {
  try {
    assertNoDuplicateKeys(text, JSON.parse(text));
    return false;
  } catch (error) {
    if ((error as { code?: string }).code !== 'malformed_request') throw error;
    return true;
  }
}

const REFUSED: readonly (readonly [string, string])[] = [
  ['at the top', '{"a":1,"a":2}'],
  ['with equal values', '{"a":1,"a":1}'],
  ['in another order', '{"a":1,"b":2,"a":3}'],
  ['in an object', '{"x":{"y":{"a":1,"a":2}}}'],
  ['in a list', '[1,[{"a":1,"b":{}},{"a":1,"a":2}]]'],
  ['in an object that is dropped itself', '{"x":{"a":1,"a":2},"x":{}}'],
  ['where the dropped one holds keys', '{"x":{"a":1},"x":1}'],
  ['spelled with an escape', String.raw`{"a":1,"\u0061":2}`],
  ['with an escaped quote', String.raw`{"a\"":1,"a\u0022":2}`],
  ['with a backslash at its end', String.raw`{"a\\":1,"a\u005c":2}`],
  ['with a surrogate pair', '{"😀":1,"\\ud83d\\ude00":2}'],
  ['with white space before the colon', '{"a" \t\r\n :1,"a":2}'],
  ['of no characters', '{"":1,"":2}'],
  ['named __proto__', '{"__proto__":1,"__proto__":2}'],
  ['named like a place', '{"0":1,"0":2}'],
  ['named toString', '{"toString":1,"toString":2}'],
];

for (const [what, text] of REFUSED) {
  t.test(`refuses a key that an object has twice: ${what}`, (t) => {
    t.ok(isRefused(text));
    t.end();
  });
}

const ACCEPTED: readonly (readonly [string, string])[] = [
  ['the same key in different objects', '[{"a":1},{"a":{"a":{"a":1}}}]'],
  ['keys that differ in case', '{"a":1,"A":2}'],
  ['a value that looks like a key', String.raw`{"a":"\"a\":1","b":"x\":"}`],
  ['a value that is a colon', '{"a":":","b":"\\\\"}'],
  ['a value with JSON in it', JSON.stringify({ a: '{"a":1,"a":2}' })],
  ['a key with JSON in it', JSON.stringify({ '{"a":1,"a":2}': 1 })],
  ['__proto__', '{"__proto__":{"a":1},"a":1}'],
  ['backslashes', String.raw`{"\\":1,"\\\\":2,"\\\"":3}`],
  ['no object', '"a"'],
  ['nothing in it', '{}'],
];

for (const [what, text] of ACCEPTED) {
  t.test(`accepts ${what}`, (t) => {
    t.notOk(isRefused(text));
    t.end();
  });
}

t.test('accepts all JSON that JSON.stringify writes, and refuses it with one key more', (t) => {
  fc.assert(
    fc.property(
      fc.jsonValue({ stringUnit: 'binary' }),
      fc.constantFrom(undefined, 1, '\t'),
      (value, space) => {
        const text = JSON.stringify({ value, last: 1 }, undefined, space);
        t.notOk(isRefused(text), text);
        t.ok(isRefused(`${text.slice(0, -1)},"last":1}`), text);
      },
    ),
    { numRuns: 500 },
  );
  t.end();
});

t.test('claims and bodies with a duplicate key are refused, without quoting them', (t) => {
  const body = Buffer.from('{"requestId":"r","amountStr":"1","amountStr":"1000"}');
  t.throws(() => parseJson(body), {
    code: 'malformed_request',
    message: /^an object in it has the same key twice$/,
  });
  t.end();
});

const BYTES = 2_000_000;

const HOSTILE: readonly (readonly [string, string])[] = [
  ['backslashes', `"${'\\\\'.repeat(BYTES / 2)}"`],
  ['escaped quotes', `"${'\\"'.repeat(BYTES / 2)}"`],
  ['white space after a string', `["a"${' '.repeat(BYTES)}]`],
  ['empty strings', `[${'"",'.repeat(BYTES / 3)}""]`],
  ['nested lists', '['.repeat(BYTES / 2) + ']'.repeat(BYTES / 2)],
  ['nested objects', '{"":'.repeat(BYTES / 5) + '1' + '}'.repeat(BYTES / 5)],
  ['empty objects', `[${'{},'.repeat(BYTES / 3)}{}]`],
];

for (const [what, text] of HOSTILE) {
  t.test(`takes little time and no stack for 2 MB of ${what}`, (t) => {
    const value: unknown = JSON.parse(text);
    const before = process.cpuUsage();
    t.doesNotThrow(() => assertNoDuplicateKeys(text, value));
    const { user } = process.cpuUsage(before);
    // Measured: 2 to 40 ms.
    t.ok(user < 500_000, `${user / 1000} ms`);
    t.end();
  });
}
