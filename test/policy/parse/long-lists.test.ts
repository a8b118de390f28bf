import t from 'tap';
import { parsePolicy } from '../../../src/policy/parse/file.js';
import { takeOutLongLists } from '../../../src/policy/parse/long-lists.js';
import { problemsOf } from '../../helpers/policy.js';

const entries = Array.from({ length: 1500 }, (_, index) => `0x${index}`);
const quoted = ['"a b: # c"', "'it'", 'plain-1.x', '"ü"'];
const lines = [...quoted, ...entries].map((entry) => `    - ${entry}  \n`).join('');
const expected = ['a b: # c', 'it', 'plain-1.x', 'ü', ...entries];

t.test('a long list is read as YAML reads it', (t) => {
  const text = `version: 1\nlists:\n  short: [x]\n  long:\n    # first\n    - before\n${lines}    # last\n    - 'it''s'\nrules: []\n`;
  t.ok(takeOutLongLists(text));
  const { lists } = parsePolicy(text, 'x');
  t.strictSame(
    [...lists],
    [
      ['short', ['x']],
      ['long', ['before', ...expected, "it's"]],
    ],
  );
  t.strictSame(
    parsePolicy(text.replaceAll('\n', '\r\n'), 'x').lists.get('long')?.length,
    expected.length + 2,
  );
  t.end();
});

t.test('what only looks like a list is left where it is', (t) => {
  const when = `  - id: a\n    for: transaction\n    action: reject\n    when: |\n      tx.note == """\n${lines.replaceAll('    - ', '      - ')}      """\n`;
  const { rules } = parsePolicy(`version: 1\nlists: { other: [x] }\nrules:\n${when}`, 'x');
  t.match(rules[0]?.when, /- 0x7 {2}\n- 0x8/);
  t.end();
});

t.test('problems are told where they are, in front of a long list and behind it', (t) => {
  const text = `version: 1\nlists:\n  long:\n    - ""\n${lines}rules:\n  - { id: a, for: transaction, when: tx.foo, action: reject }\n`;
  t.match(problemsOf(text), [
    { line: 4, column: 7, message: 'entry 1 is empty' },
    { line: 6 + expected.length, column: 41, rule: 'a', message: /no fact "foo"/ },
  ]);
  t.end();
});
