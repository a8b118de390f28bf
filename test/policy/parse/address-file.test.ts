import t from 'tap';
import { MAX_LIST_BYTES, readAddressFile } from '../../../src/policy/parse/address-file.js';
import type { AddressList } from '../../../src/policy/language/address-list.js';
import { ListError, type PolicyProblem } from '../../../src/policy/parse/problem.js';
import { rsaPair } from '../../helpers/keys.js';

const EVM = '0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8';
const BITCOIN = 'bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq';

function read(content: string | Buffer): AddressList {
  const steps = readAddressFile(Buffer.from(content), 'list.txt');
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

function problemsOf(content: string | Buffer): readonly PolicyProblem[] {
  try {
    read(content);
  } catch (error) {
    if (error instanceof ListError) return error.problems;
    throw error;
  }
  return [];
}

t.test('reads one address a line, with comments, blank lines, white space and any line breaks', (t) => {
  const text = `\ufeff# Sanctionné 制裁\n\n${EVM}\r\n  ${BITCOIN}\t# since 2024 — ünïcode\n\t# more\n \n`;
  t.strictSame([...read(text).entries()].sort(), [EVM, BITCOIN].sort());
  t.end();
});

t.test('counts the same entry once', (t) => {
  t.equal(read(`${EVM}\n${EVM}\n${EVM.toLowerCase()}\n`).size, 2);
  t.end();
});

t.test('takes the addresses of every family', (t) => {
  const addresses = [
    EVM,
    EVM.slice(2),
    `0x${'ab'.repeat(32)}`,
    'ab'.repeat(32),
    `41${EVM.slice(2)}`,
    '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa',
    BITCOIN,
    BITCOIN.toUpperCase(),
    'bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a',
    'qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a',
    'TJRabPrwbZy45sbavfcjinPJC18kjpRTv8',
    'EQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqB2N',
    `0:${'83'.repeat(32)}`,
    'vines1vzrYbzLMRdu58ou5XTby4qAqVRLmqo36NKPTg',
    'rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh',
    'GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ',
    'addr_test1vz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzerspjrlsz',
    'cosmos1fl48vsnmsdzcv85q5d2q4z5ajdha8yu34mf0eh',
    '15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5',
    'tz1VSUr8wwNhLAzempoch5d6hLRiTh8Cjcjb',
    '0.0.123',
    '0.0.123-vfmkw',
    'alice.near',
    'X-avax1tzdcgj4ehsvhhgpl7zylwpw0gl2rxcg4r5afk5',
  ];
  for (const address of addresses) t.strictSame(problemsOf(`${address}\n`), [], address);
  t.end();
});

t.test('refuses a list with one line that is no address, and says where', (t) => {
  const lines: readonly (readonly [line: string, column: number, message: RegExp])[] = [
    ['garbage', 1, /^"garbage" is too short for an address/],
    ['garbagegarbagegarbagegarbage', 1, /does not look like an address/],
    ['0x123', 1, /^"0x123" has 3 digits after 0x, where addresses have 40 or 64/],
    [EVM.slice(0, -1), 1, /has 39 digits after 0x/],
    [EVM.slice(2, -1), 1, /has 39 hexadecimal digits, which no chain’s addresses have/],
    [`${EVM.slice(0, -1)}g`, 1, /characters after 0x that are not hexadecimal/],
    [` ${EVM} John Smith`, 45, /one address a line: what follows it must be a comment/],
    [`${EVM}#comment`, 1, /characters after 0x that are not hexadecimal/],
    [`${EVM},${EVM}`, 1, /characters after 0x/],
    [`"${BITCOIN}"`, 1, /does not look like an address/],
    [`${BITCOIN}\u200b`, 43, /only ASCII characters/],
    [`${BITCOIN}\0`, 43, /a control character \(U\+0000\)/],
    [`# \u0007`, 3, /a control character \(U\+0007\)/],
    ['a1'.repeat(101), 1, /is longer than 200 characters/],
    ['x'.repeat(1_000_000), 1, /^"x{80}…" is longer than 200 characters/],
  ];
  for (const [line, column, message] of lines) {
    const problems = problemsOf(`${EVM}\n# comment\n${line}\n${BITCOIN}\n`);
    t.match(problems, [{ file: 'list.txt', line: 3, column, message }], line.slice(0, 60));
    t.equal(problems.length, 1);
    t.ok((problems[0]?.excerpt.length ?? 0) <= 100);
  }
  t.match(problemsOf(Buffer.concat([Buffer.from(`${EVM}\n# `), Buffer.of(0xff, 0x0a)])), [
    { line: 2, message: 'this line is not UTF-8' },
  ]);
  t.match(problemsOf(`${EVM}\r${BITCOIN}\n`), [{ line: 1, message: /U\+000D/ }], 'a line break of old');
  t.end();
});

t.test('refuses a list that ends in the middle of a line, even if an address ends there', (t) => {
  for (const text of [EVM, `${BITCOIN}\n${EVM}`, `${EVM}\n# comm`, `${EVM}\n0x5dC69B1F`]) {
    const message = /ends in the middle of this line/;
    t.match(problemsOf(text), [{ line: text.split('\n').length, message }], text);
  }
  t.end();
});

t.test('refuses a list without entries, because it may have been cut off', (t) => {
  t.match(problemsOf(''), [{ message: /the list is empty/ }]);
  for (const text of ['\n', '# nothing\n', '\r\n \n'])
    t.match(problemsOf(text), [{ message: /has no entry/ }]);
  t.end();
});

t.test('refuses other files as what they are, without quoting a key', (t) => {
  t.match(problemsOf(Buffer.from(`\ufeff${EVM}\n`, 'utf16le')), [{ message: /UTF-16/ }]);
  t.match(problemsOf(Buffer.from(`${EVM}\n`, 'utf16le')), [{ message: /UTF-16/ }]);
  const problems = problemsOf(rsaPair().privatePem);
  t.match(problems, [{ message: /PEM block/, excerpt: '' }]);
  t.notMatch(JSON.stringify(problems), /MII/);
  t.end();
});

t.test('reports the first few problems of a file in another format', (t) => {
  t.equal(problemsOf('name;address\n'.repeat(1000)).length, 5);
  t.end();
});

t.test('refuses a list that is too large', (t) => {
  t.match(problemsOf(Buffer.alloc(MAX_LIST_BYTES + 1)), [{ message: /larger than 100 MB/ }]);
  t.match(problemsOf(Buffer.alloc(2_000_001, '\n')), [{ message: /more than 2000000 lines/ }]);
  t.end();
});

t.test('refuses a list that repeats an address in countless spellings, without taking long', (t) => {
  const digits = 'abcdefabcdefabcdefabcdefabcdefabcdefabcd';
  const spelling = (bits: number): string =>
    `0x${Array.from(digits, (digit, index) => ((bits >> (index % 17)) & 1 ? digit.toUpperCase() : digit)).join('')}`;
  const text = Array.from({ length: 100_000 }, (_, bits) => `${spelling(bits)}\n`).join('');
  t.match(problemsOf(text)[0], { message: /too many spellings of "0x/ });
  t.end();
});
