// Tests what `npm run policy -- push` says about the difference between two policies, and what it keeps in the history.
import t from 'tap';
import { describeChange, readDescription } from '../../../cli/policy/change/description.js';
import { differenceOf, isWithoutEffect } from '../../../cli/policy/change/difference.js';
import { differenceLines, summaryOf } from '../../../cli/policy/change/difference-text.js';
import { nameOf } from '../../../cli/policy/change/history.js';
import type { Policy } from '../../../src/policy/evaluate/rules.js';
import { parsePolicy } from '../../../src/policy/parse/file.js';
import { passkeyOf } from '../../helpers/holds.js';

const SHA256 = 'ab'.repeat(32);
const ALICE = 'arn:aws:iam::123456789012:user/alice';

/** @param parts top-level keys */
function policy(ids: readonly string[], parts: Readonly<Record<string, unknown>> = {}): Policy {
  const rules = ids.map((id) => ({
    id,
    for: 'transaction',
    when: 'tx.operation == "RAW"',
    action: 'reject',
  }));
  return parsePolicy(
    JSON.stringify({ version: 1, rules, otherwise: 'reject', onError: 'retry', ...parts }),
    'p',
  );
}

const plain = (_style: unknown, text: string): string => text;

t.test('rules are added, removed, changed and moved', (t) => {
  const before = policy(['a', 'b', 'c', 'd']);
  const changed = {
    ...{ id: 'c', for: 'transaction', when: 'tx.operation ==\n  "BURN"', action: 'retry', reason: 'Later.' },
  };
  const after = policy([], {
    rules: [
      ...policy(['d', 'a', 'new']).rules.map(({ id, when }) => ({
        id,
        for: 'transaction',
        when,
        action: 'reject',
      })),
      changed,
    ],
  });
  const difference = differenceOf(before, after);
  t.match(difference.rules, {
    added: [{ id: 'new', position: 3, action: 'REJECT' }],
    removed: [{ id: 'b', position: 2 }],
    changed: [
      {
        id: 'c',
        changes: [
          { field: 'when', before: 'tx.operation == "RAW"', after: changed.when },
          { field: 'action', before: 'REJECT', after: 'RETRY' },
          { field: 'reason', before: undefined, after: 'Later.' },
        ],
      },
    ],
    moved: [{ id: 'd', before: 4, after: 1 }],
  });
  t.equal(summaryOf(difference), '1 rule added, 1 rule removed, 1 rule changed, 1 rule moved');
  t.strictSame(differenceLines(plain, difference), [
    '+ rule new  REJECT, for transaction, at position 3',
    '    when: tx.operation == "RAW"',
    '- rule b  REJECT, for transaction, at position 2',
    '    when: tx.operation == "RAW"',
    '~ rule c',
    '    - when: tx.operation == "RAW"',
    '    + when: tx.operation == "BURN"',
    '    - action: REJECT',
    '    + action: RETRY',
    '    - reason: none',
    '    + reason: Later.',
    '~ rule d moved from position 4 to 1',
  ]);
  t.end();
});

t.test('as few rules as possible count as moved', (t) => {
  const moved = (before: string, after: string): string =>
    differenceOf(policy(Array.from(before)), policy(Array.from(after)))
      .rules.moved.map(({ id }) => id)
      .join('');
  t.equal(moved('abcdef', 'fabcde'), 'f');
  t.equal(moved('abcdef', 'bcdefa'), 'a');
  t.equal(moved('abcdef', 'abxcdef'), '', 'a new rule moves nothing');
  t.equal(moved('abcdef', 'acdef'), '', 'nor does one that is gone');
  t.equal(moved('abc', 'cba').length, 2);
  t.equal(moved('', ''), '');
  t.end();
});

t.test('sections are compared entry by entry', (t) => {
  const address = (digit: string): string => `0x${digit.repeat(40)}`;
  const before = policy(['a'], {
    lists: {
      payees: [address('1'), { address: address('2'), tag: '7', name: 'Old name' }],
      gone: ['x'],
    },
    tables: { max: { ETH: '5', BTC: '1' } },
    integrity: { fee: 'off' },
  });
  const after = policy(['a'], {
    lists: {
      payees: [address('3'), { address: address('2'), tag: '7', name: 'New name' }],
      added: ['y'],
    },
    tables: { max: { ETH: '6', BTC: '1' } },
    assets: { USDT_ERC20: 'off' },
    contracts: { [address('4')]: { chain: 'evm/1', abi: ['function f(uint256 a)'] } },
    own: ['mine'],
    onError: 'reject',
  });
  const { sections } = differenceOf(before, after);
  t.strictSame(
    sections.map(({ section, change }) => `${change} ${section}`),
    [
      'changed list payees',
      'removed list gone',
      'changed table max',
      'changed assets',
      'changed contracts',
      'changed own',
      'changed integrity',
      'changed defaults',
      'added list added',
    ],
  );
  t.match(sections[0], {
    added: [{ key: address('3') }],
    removed: [{ key: address('1') }],
    changed: [{ key: `${address('2')}, tag 7`, before: 'Old name', after: 'New name' }],
  });
  t.match(
    sections.find(({ section }) => section === 'defaults'),
    {
      changed: [{ key: 'onError', before: 'retry', after: 'reject' }],
    },
  );
  t.match(
    sections.find(({ section }) => section === 'integrity'),
    {
      changed: [{ key: 'fee', before: 'off', after: 'reject' }],
    },
  );
  t.end();
});

t.test('without a policy in force everything is new, except what is built in', (t) => {
  const difference = differenceOf(undefined, policy(['a'], { lists: { l: ['x'] } }));
  t.equal(summaryOf(difference), '1 rule added; list l: new, with 1 entry; defaults: new, with 2 entries');
  t.end();
});

t.test('many sections are only counted in the summary, because what differs stands below', (t) => {
  const lists = { a: ['x'], b: ['x'], c: ['x'] };
  const difference = differenceOf(policy(['a']), policy(['a', 'b'], { lists }));
  t.equal(summaryOf(difference), '1 rule added; 3 other sections differ');
  t.match(differenceLines(plain, difference).join('\n'), /list c: new, with 1 entry/);
  t.end();
});

t.test('a comment changes nothing that decides', (t) => {
  const difference = differenceOf(policy(['a', 'b']), policy(['a', 'b']));
  t.ok(isWithoutEffect(difference));
  t.equal(summaryOf(difference), 'nothing that decides: only comments or the layout');
  t.strictSame(differenceLines(plain, difference), []);
  t.end();
});

t.test('at most 20 entries of a section are shown', (t) => {
  const numbers = Array.from({ length: 100 }, (_, index) => `vault-${index}`);
  const difference = differenceOf(
    policy(['a'], { lists: { l: [] } }),
    policy(['a'], { lists: { l: numbers } }),
  );
  const lines = differenceLines(plain, difference);
  t.equal(lines.length, 22);
  t.equal(lines.at(-1), '  … and 80 more; --json shows all');
  t.equal(difference.sections[0]?.added.length, 100);
  t.end();
});

t.test('the history keeps the reason, the person, and which policy they belong to', (t) => {
  const description = describeChange({ why: 'higher\n limit (payroll)', caller: ALICE, sha256: SHA256 });
  t.equal(description, `higher limit (payroll) (by ${ALICE}, policy abababababab)`);
  t.strictSame(readDescription(description, SHA256), {
    ...{ why: 'higher limit (payroll)', by: ALICE, rollbackTo: undefined },
  });
  const none = describeChange({ why: '', caller: ALICE, sha256: SHA256 });
  t.match(readDescription(none, SHA256), { why: '', by: ALICE });
  const back = describeChange({ why: 'wrong', caller: ALICE, sha256: SHA256, rollbackTo: 12 });
  t.match(readDescription(back, SHA256), { why: 'rollback to version 12: wrong', rollbackTo: 12 });
  t.match(readDescription(back, undefined), { rollbackTo: 12 });
  t.match(readDescription('by hand', SHA256), { why: 'by hand', by: undefined });
  t.match(readDescription('\u001b[1A', SHA256), { why: '\\u{1b}[1A' }, 'nothing that moves a cursor');
  t.match(readDescription(description.replace('higher', '\u202ehigher'), SHA256), {
    why: /^\\u\{202e\}higher/,
  });
  t.match(readDescription(description, 'cd'.repeat(32)), { why: '', by: undefined }, 'of an earlier policy');
  t.throws(() => describeChange({ why: 'x'.repeat(1000), caller: ALICE, sha256: SHA256 }), {
    code: 'USAGE',
    message: /shorten it by \d+ characters/,
  });
  t.end();
});

t.test('people are named without the parts of an ARN that are the same for all', (t) => {
  t.equal(nameOf(ALICE), 'alice');
  t.equal(
    nameOf('arn:aws:sts::123456789012:assumed-role/Admin/alice@example.com'),
    'Admin/alice@example.com',
  );
  t.equal(nameOf('arn:aws:iam::123456789012:root'), 'root');
  t.equal(nameOf('N/A'), 'N/A');
  t.end();
});

t.test('people, holds and retries are compared', (t) => {
  const holding = (hold: object, more: object = {}): Policy =>
    policy([], {
      approvers: { alice: { name: 'Alice' }, bob: { name: 'Bob' } },
      holds: { h: { of: ['alice'], quorum: 1, ...hold }, g: { of: ['bob'], quorum: 1 } },
      rules: [{ id: 'r', for: 'transaction', when: 'true', action: 'hold', hold: 'h' }],
      ...more,
    });
  const before = holding({});
  const after = holding(
    { of: ['alice', 'bob'], quorum: 2, expires: '30m' },
    {
      approvers: { alice: { name: 'Alice', passkeys: [passkeyOf('alice')] }, bob: { name: 'Bob' } },
      viewers: { dave: { name: 'Dave' } },
      rules: [{ id: 'r', for: 'transaction', when: 'true', action: 'hold', hold: 'g' }],
      retries: { for: '2h' },
    },
  );
  const difference = differenceOf(before, after);
  t.notOk(isWithoutEffect(difference));
  t.match(difference.rules.changed, [{ id: 'r', changes: [{ field: 'hold', before: 'h', after: 'g' }] }]);
  const sections = new Map(difference.sections.map((each) => [each.section, each]));
  t.strictSame([...sections.keys()].sort(), ['approver alice', 'hold h', 'retries', 'viewer dave']);
  t.match(sections.get('approver alice'), { added: [{ key: /^passkey localhost \S+$/ }] });
  t.match(sections.get('hold h'), {
    changed: [
      { key: 'of', before: 'alice', after: 'alice, bob' },
      { key: 'quorum', before: '1', after: '2' },
      { key: 'expires', before: '50 min', after: '30 min' },
    ],
  });
  t.match(differenceLines(plain, difference).join('\n'), /hold.*g/);
  t.end();
});
