import { readFileSync } from 'node:fs';
import t from 'tap';
import { parsePolicy } from '../../../src/policy/parse/file.js';
import { PolicyError } from '../../../src/policy/parse/problem.js';
import { problemsOf } from '../../helpers/policy.js';

const SHIPPED = new URL('../../../policy.yaml', import.meta.url);

t.test('parses a policy', (t) => {
  const text = `version: 1
lists:
  treasury: ["0", 12, 0x1F]
rules:
  - id: one
    for: transaction
    when: tx.asset == "ETH"
    action: reject
    reason: Why not.
  - id: two
    for: configuration
    when: true
    action: ignore
otherwise: retry
onError: reject
`;
  const policy = parsePolicy(text, 'x');
  t.match(policy, {
    hash: /^[0-9a-f]{64}$/,
    otherwise: 'RETRY',
    onError: 'REJECT',
    rules: [
      { id: 'one', for: 'transaction', when: 'tx.asset == "ETH"', action: 'REJECT', reason: 'Why not.' },
      { id: 'two', for: 'configuration', when: 'true', action: 'IGNORE', reason: undefined },
    ],
  });
  t.strictSame([...policy.lists], [['treasury', ['0', '12', '0x1F']]], 'all scalars are strings');
  t.not(parsePolicy(`${text}\n`, 'x').hash, policy.hash);
  t.end();
});

t.test('parses a policy with a byte order mark, which belongs to the hash of the file', (t) => {
  const text = 'version: 1\nrules: [{ id: a, for: transaction, when: "true", action: retry }]\n';
  const policy = parsePolicy(`\ufeff${text}`, 'x');
  t.match(policy, { rules: [{ id: 'a' }] });
  t.not(policy.hash, parsePolicy(text, 'x').hash);
  t.end();
});

t.test('by default, rejects if no rule matches and retries on errors', (t) => {
  t.match(parsePolicy('version: 1\nrules:\n', 'x'), { rules: [], otherwise: 'REJECT', onError: 'RETRY' });
  t.end();
});

t.test('the initial production policy approves nothing', (t) => {
  const text = readFileSync(SHIPPED, 'utf8');
  t.match(parsePolicy(text, 'policy.yaml'), { rules: [], otherwise: 'REJECT', onError: 'RETRY' });
  t.end();
});

t.test('the commented-out examples in that policy are valid', (t) => {
  const text = readFileSync(SHIPPED, 'utf8').replace(/^( +)# /gm, '$1');
  t.strictSame(
    parsePolicy(text, 'policy.yaml').rules.map(({ id }) => id),
    ['blocked-address', 'small-internal', 'configuration-changes'],
  );
  t.end();
});

/** A policy with these lines under `rules`, which start at line 5. */
const withRules = (...lines: readonly string[]): string =>
  ['version: 1', 'lists:', '  treasury: ["0"]', 'rules:', ...lines].join('\n');

/** Invalid policies with their problems: line, column, rule, message. */
const invalid: readonly (readonly [
  string,
  string,
  readonly (readonly [number, number, string | undefined, string])[],
])[] = [
  [
    'an empty file',
    '',
    [
      [
        1,
        1,
        undefined,
        'the file is empty: a policy begins with version: 1, and its rules follow below rules:',
      ],
    ],
  ],
  [
    'a list instead of an object',
    '- a',
    [
      [
        1,
        1,
        undefined,
        'not a policy: a policy has the keys version, assets, contracts, own, tables, integrity, lists, initiators, approvers, viewers, holds, retries, limits, rules, otherwise and onError',
      ],
    ],
  ],
  ['broken YAML', 'version: 1\nrules: [', [[2, 9, undefined, 'a bracket is not closed: write ] at its end']]],
  [
    'a duplicate key',
    'version: 1\nrules: []\nrules: []',
    [[3, 1, undefined, 'the key "rules" is written twice: only one of the two can count']],
  ],
  ['another version', 'version: 2\nrules: []', [[1, 10, undefined, 'version must be 1: write version: 1']]],
  ['no version', 'rules: []', [[1, 1, undefined, 'version is missing; it must be 1: write version: 1']]],
  [
    'an unknown key',
    'version: 1\nrules: []\nonErorr: retry',
    [[3, 1, undefined, 'unknown key "onErorr"; did you mean "onError"?']],
  ],
  [
    'an otherwise that approves',
    'version: 1\nrules: []\notherwise: approve',
    [[3, 12, undefined, 'otherwise must be one of reject, retry, ignore']],
  ],
  [
    'an onError that approves',
    'version: 1\nrules: []\nonError: approve',
    [[3, 10, undefined, 'onError must be one of retry, reject']],
  ],
  [
    'a list that is not a list',
    'version: 1\nlists: { a: x }\nrules: []',
    [[2, 13, undefined, 'a must be a list of strings, and this is one string: put it in brackets']],
  ],
  [
    'an empty entry',
    'version: 1\nlists:\n  a: [x, ""]\nrules: []',
    [[3, 10, undefined, 'entry 2 must not be empty']],
  ],
  [
    'an invalid list name',
    'version: 1\nlists: { a-b: [] }\nrules: []',
    [[2, 10, undefined, 'invalid list name "a-b": use letters, digits and _']],
  ],
  [
    'an unknown key in a rule',
    withRules('- { id: a, for: transaction, when: "true", action: reject, unless: x }'),
    [[5, 60, 'a', 'unknown key "unless"; the keys here are id, for, when, action, hold, reason']],
  ],
  [
    'an unknown action',
    withRules('- { id: a, for: transaction, when: "true", action: aprove }'),
    [[5, 52, 'a', 'action must be one of approve, reject, retry, ignore, hold; did you mean "approve"?']],
  ],
  [
    'an unknown kind',
    withRules('- { id: a, for: tx, when: "true", action: reject }'),
    [[5, 17, 'a', 'for must be one of transaction, configuration; did you mean "transaction"?']],
  ],
  [
    'a duplicate id',
    withRules(
      '- { id: a, for: transaction, when: "true", action: reject }',
      '- { id: a, for: transaction, when: "true", action: reject }',
    ),
    [[6, 9, 'a', 'duplicate rule id "a"']],
  ],
  [
    'invalid ids',
    withRules(
      '- { id: a b, for: transaction, when: "true", action: reject }',
      '- { id: otherwise, for: transaction, when: "true", action: reject }',
    ),
    [
      [5, 9, 'a b', 'id must consist of 1 to 64 letters, digits and _ . -'],
      [6, 9, 'otherwise', 'id must not be "otherwise", which stands for "no rule matched"'],
    ],
  ],
  [
    'a rule without an id or an expression',
    withRules('- for: transaction', '  action: reject'),
    [
      [5, 3, 'number 1', 'id is missing; it must be a string'],
      [5, 3, 'number 1', 'when is missing; it must be an expression'],
    ],
  ],
  [
    'an unknown fact',
    withRules(
      '- id: a',
      '  for: transaction',
      '  when: tx.asset == "ETH" && tx.amout > decimal("1")',
      '  action: reject',
    ),
    [[7, 33, 'a', 'unknown fact "amout" in tx; did you mean "amount"?']],
  ],
  [
    'an unknown list, in a folded expression',
    withRules(
      '- id: a',
      '  for: transaction',
      '  when: >-',
      '    tx.asset == "ETH"',
      '      && tx.sourceId in lists.treasry',
      '  action: reject',
    ),
    [[9, 31, 'a', 'unknown list "treasry"; did you mean "treasury"?']],
  ],
  [
    'an amount compared with a float, in quotes',
    withRules(
      '- id: a',
      '  for: transaction',
      '  when: "tx.asset == \\"ETH\\" && tx.amount < 1.0"',
      '  action: reject',
    ),
    [[7, 33, 'a', 'an amount can’t be compared with a number; write an amount as decimal("1.0")']],
  ],
  [
    'an amount compared with a float, in single quotes',
    withRules(
      '- id: a',
      '  for: transaction',
      "  when: 'tx.note == \"it''s\" && tx.amount < 1.0'",
      '  action: reject',
    ),
    [[7, 32, 'a', 'an amount can’t be compared with a number; write an amount as decimal("1.0")']],
  ],
  [
    'a problem after escape sequences',
    withRules(
      '- id: a',
      '  for: transaction',
      '  when: "tx.note == \\x22\\u0061\\"\\n && tx.amout > decimal(\'1\')"',
      '  action: reject',
    ),
    [[7, 42, 'a', 'unknown fact "amout" in tx; did you mean "amount"?']],
  ],
  [
    'an incomplete expression over several lines',
    withRules(
      '- id: a',
      '  for: transaction',
      '  when: |',
      '    tx.asset == "ETH" &&',
      '    tx.amount <',
      '  action: reject',
    ),
    [[10, 1, 'a', 'the expression ends too early']],
  ],
  [
    'a string instead of true or false',
    withRules('- { id: a, for: configuration, when: config.type, action: reject }'),
    [[5, 38, 'a', 'expected true or false, but this is of type string']],
  ],
  [
    'facts of the other kind of request',
    withRules('- { id: a, for: configuration, when: tx.asset == "ETH", action: reject }'),
    [[5, 38, 'a', '"tx" is not available here: a rule for configuration changes uses "config"']],
  ],
  [
    'many problems at once',
    'version: 0\nlist: {}\nrules:\n  - id: a\n    for: transaction\n    when: tx.foo == "x" || tx.amount == 1\n    action: no\nonError: ignore',
    [
      [1, 10, undefined, 'version must be 1: write version: 1'],
      [2, 1, undefined, 'unknown key "list"; did you mean "lists"?'],
      [6, 14, 'a', 'unknown fact "foo" in tx'],
      [6, 28, 'a', 'an amount can’t be compared with a whole number; write an amount as decimal("1")'],
      [7, 13, 'a', 'action must be one of approve, reject, retry, ignore, hold'],
      [8, 10, undefined, 'onError must be one of retry, reject'],
    ],
  ],
];

t.ok(invalid.length >= 20);
for (const [what, text, expected] of invalid) {
  t.test(`refuses ${what}`, (t) => {
    t.strictSame(
      problemsOf(text).map(({ line, column, rule, message }) => [line, column, rule, message]),
      expected,
    );
    t.end();
  });
}

t.test('the report marks the position of each problem with a caret', (t) => {
  const text =
    'version: 1\nrules:\n  - id: a\n    for: transaction\n    when: tx.amout < decimal("1")\n    action: aprove\n';
  try {
    parsePolicy(text, 'mine.yaml');
    t.fail();
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    t.equal(
      error.message,
      `mine.yaml:5:14  rule a
  unknown fact "amout" in tx; did you mean "amount"?
     5 |     when: tx.amout < decimal("1")
       |              ^

mine.yaml:6:13  rule a
  action must be one of approve, reject, retry, ignore, hold; did you mean "approve"?
     6 |     action: aprove
       |             ^

2 problems. This policy can't be used.`,
    );
  }
  t.end();
});

t.test('the report shortens a long line around the problem', (t) => {
  const when = `${Array(30).fill('tx.asset == "ETH"').join(' || ')} || tx.amout > decimal("1")`;
  const text = withRules('- id: a', '  for: transaction', `  when: ${when}`, '  action: reject');
  try {
    parsePolicy(text, 'x');
    t.fail();
  } catch (error) {
    const [line = '', caret = ''] = (error as Error).message.split('\n').slice(2);
    t.ok(line.length < 120);
    t.match(line.slice(caret.indexOf('^')), /^amout/);
  }
  t.end();
});

t.test('does not quote a value that is not a policy, such as a key', (t) => {
  for (const text of [
    '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----\n',
    'version: 1\nrules: []\n# -----BEGIN PRIVATE KEY-----\n',
    'api-secret: hush',
    'hush: [',
  ]) {
    t.throws(() => parsePolicy(text, '/p/policy'), {
      message:
        /^\/p\/policy:1:1\n {2}not a policy: [\w .:,]+ has the keys version, [\w, ]+ onError\n\n1 problem\./i,
    });
  }
  t.end();
});

t.test('reports an undefined alias', (t) => {
  t.match(problemsOf('version: 1\nlists: { a: *b }\nrules: []\n'), [
    { message: /^"\*" refers to the anchor &b, which is not there$/ },
  ]);
  t.end();
});

t.test('shortens the report for a log line', (t) => {
  const text = `version: 1\nlists:\n  a:\n${'    - ""\n'.repeat(50)}rules: []\n`;
  try {
    parsePolicy(text, 'x');
    t.fail();
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    t.equal(error.problems.length, 50);
    t.match(error.message, /\n50 problems\. This policy/);
    t.equal(error.brief.problems.length, 20);
    t.match(error.brief.report, /\n50 problems; the first 20 are shown\. This policy/);
  }
  t.end();
});

t.test('parses long lists in any notation, and reports problems around them', (t) => {
  const entries = Array.from({ length: 1500 }, (_, index) => `0x${index}`);
  const quoted = ['"a b: # c"', "'it''s'", 'plain-1.x', '"ü"'];
  const lines = [...quoted, ...entries].map((entry) => `    - ${entry}  \n`).join('');
  const text = `version: 1\nlists:\n  long:\n    # first\n${lines}    # last\nrules: []\n`;
  const expected = ['a b: # c', "it's", 'plain-1.x', 'ü', ...entries];
  t.strictSame(parsePolicy(text, 'x').lists.get('long'), expected);
  t.equal(parsePolicy(text.replaceAll('\n', '\r\n'), 'x').lists.get('long')?.length, expected.length);

  const broken = `version: 1\nlists:\n  long:\n    - ""\n${lines}rules:\n  - { id: a, for: transaction, when: tx.foo, action: reject }\n`;
  t.match(problemsOf(broken), [
    { line: 4, column: 7, message: 'entry 1 must not be empty' },
    { line: 6 + expected.length, column: 41, rule: 'a', message: /unknown fact "foo"/ },
  ]);
  t.end();
});
