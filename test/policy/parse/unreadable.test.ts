// Tests what is said about files that are no policy, or whose YAML is invalid.
import t from 'tap';
import { cpuTime } from '../../helpers/cpu-time.js';
import { rsaPair } from '../../helpers/keys.js';
import { reportOn, withRule } from './reports.js';

/** Whole files, and the report's first message. */
const FILES: Readonly<Record<string, readonly [text: string, message: RegExp]>> = {
  'an empty file': ['', /^the file is empty: a policy begins with version: 1/],
  'a file of spaces': [' \n\n', /^the file is empty/],
  'a file of comments': ['# policy\n\n  # rules\n', /^the file contains comments only/],
  'UTF-16': [
    Buffer.from('version: 1\nrules: []\n', 'utf16le').toString(),
    /^the file is encoded in UTF-16: save it as UTF-8$/,
  ],
  'UTF-16 with a mark': [
    Buffer.from('\ufeffversion: 1\n', 'utf16le').toString(),
    /^the file is encoded in UTF-16: save it as UTF-8$/,
  ],
  'a binary file': [
    Buffer.from([0x1f, 0x8b, 8, 0, 0, 1, 2, 0xff]).toString(),
    /^not a policy: the file is binary/,
  ],
  'Latin 1': [
    Buffer.from('version: 1\n# \xfcber\n', 'latin1').toString(),
    /^the file is not encoded in UTF-8 \(line 2/,
  ],
  'test cases': ['cases:\n  - name: a\n', /^not a policy: these are test cases: npm run policy -- test FILE/],
  'a log': [
    '{"level":30,"event":"decision"}\n',
    /^not a policy: this is a log: npm run policy -- replay FILE/,
  ],
  'a request': [
    '{"txId":"x","operation":"RAW"}',
    /^not a policy: this is a request: npm run policy -- explain/,
  ],
  'a list of addresses': [
    '0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8\n0x000000000000000000000000000000000000dEaD\n',
    /^not a policy: this is a list of addresses: name it in a policy/,
  ],
  'a key': [rsaPair().privatePem, /^not a policy: this is a key or a certificate/],
  'a million entries in brackets': [
    `version: 1\nlists: { a: [${'"0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8", '.repeat(1_000_000)}] }\nrules: []\n`,
    /^the policy is too large: 46000\d{3} characters of at most 1000000; put long lists .* from: "sanctioned\.txt"/,
  ],
  'a million entries in lines': [
    `version: 1\nlists:\n  a:\n${'    - x\n'.repeat(1_000_000)}rules: []\n`,
    /^the policy is too large/,
  ],
  'many short entries': [
    `version: 1\nlists: { a: [${'1,'.repeat(60_000)}] }`,
    /^the policy has too many entries/,
  ],
  'many brackets': [
    `version: 1\nlists: { a: [${']'.repeat(250_000)}`,
    /^the policy has too many brackets, quotes and the like: 25000\d of at most 200000/,
  ],
  'an unknown key': ['version: 1\nrule: []\n', /^unknown key "rule"; did you mean "rules"\?$/],
  'a merge key': [
    'version: 1\nrules: []\n<<: {}\n',
    /^unknown key "<<"; merge keys of YAML are not available/,
  ],
  'no version': ['rules: []\n', /^version is missing; it must be 1: write version: 1$/],
  'another version': ['version: 2\nrules: []\n', /^version must be 1: write version: 1$/],
  'no space after the colon': ['version:1\nrules:[]\n', /write a space after each colon$/],
  'a tab': [
    'version: 1\nlists:\n\ta: ["x"]\nrules: []\n',
    /^this line begins with a tab: indent with spaces$/,
  ],
  'a rule without a dash': [
    'version: 1\nrules:\n  id: a\n',
    /^rules must be a list of rules: begin each with a dash/,
  ],
  'a string as a rule': [
    'version: 1\nrules:\n  - foo\n',
    /^entry 1 must be a rule, with the keys id, for, when/,
  ],
  'a list as an id': [
    'version: 1\nrules:\n  - { id: [a], for: transaction, when: "true", action: reject }\n',
    /^id must be a string, and this is a list$/,
  ],
  'a string as a list': [
    'version: 1\nlists: { a: x }\nrules: []\n',
    /^a must be a list .*one string: put it in brackets$/,
  ],
  'comments on many lines of Windows': ['# a\r\n'.repeat(60), /^the file contains comments only/],
  'a control character': [
    'version: 1\nrules:\n  - { id: a, for: transaction, when: "true", action: reject, reason: "\\e[1A" }\n',
    /^control characters are not allowed/,
  ],
  'a character that turns text around': [
    'version: 1\nlists: { a: ["x\u202ey"] }\nrules: []\n',
    /^control characters are not allowed/,
  ],
  'an alias as a key': [
    'version: 1\n&k rules: []\n*k : []\n',
    /^a key must be a name: write the name itself$/,
  ],
  'a key twice': ['version: 1\nrules: []\nrules: []\n', /^the key "rules" is written twice/],
  'an open quote': [
    'version: 1\nlists: { a: ["x] }\nrules: []\n',
    /^this quote is never closed: add " at the end/,
  ],
  'an open bracket': ['version: 1\nlists: { a: ["x" }\nrules: []\n', /^a bracket is not closed: write \]/],
  'two documents': ['version: 1\nrules: []\n---\nversion: 1\n', /^a policy is one YAML document/],
  'a wrong column': ['version: 1\nrules:\n  - id: a\n     for: transaction\n', /at the wrong column/],
  'an alias of nothing': [
    'version: 1\nlists: { a: *x }\nrules: []\n',
    /^"\*" refers to the anchor &x, which is not/,
  ],
};

for (const [name, [text, message]] of Object.entries(FILES)) {
  t.test(`explains ${name}`, (t) => {
    t.match(reportOn(text).split('\n')[1]?.trim(), message);
    t.end();
  });
}

t.test('accepts many keys, and an anchor with its alias', (t) => {
  const keys = Array.from({ length: 20_000 }, (_, index) => `k${index}: "1"`).join(', ');
  t.equal(reportOn(`version: 1\ntables: { t: { ${keys} } }\nrules: []\n`), '');
  t.equal(reportOn('version: 1\nlists: { a: &a ["x"], b: *a }\nrules: []\n'), '');
  t.end();
});

t.test('takes a policy that begins with many comments', (t) => {
  t.equal(reportOn(`${'# a\r\n'.repeat(60)}version: 1\r\nrules: []\r\n`), '');
  t.end();
});

t.test('reports on hostile text in little time', (t) => {
  const word = 'a'.repeat(400_000);
  for (const text of [
    `version: 1\nrules: []\n${word}: 1\n`,
    `version: 1\nlists: { a: [${word}\n`,
    `version: 1\nlists: { a: [${']'.repeat(50_000)}`,
    `version: 1\nlists: { a: [${'*a '.repeat(50_000)}] }`,
    `#${'\r'.repeat(400_000)}`,
    `#${'\u2028'.repeat(400_000)}`,
    withRule(`"${'and '.repeat(100_000)}"`),
    withRule(`"${'and '.repeat(4900)}"`),
  ]) {
    t.not(reportOn(text), '');
    const ms = cpuTime(() => reportOn(text));
    t.ok(ms < 2000, `${Math.round(ms)} ms`);
  }
  t.end();
});
