// People in a policy: approvers, viewers, holds and retries.
import t from 'tap';
import { parsePolicy } from '../../../src/policy/parse/file.js';
import { passkeyOf } from '../../helpers/holds.js';
import { problemsOf } from '../../helpers/policy.js';

const [ALICE, BOB] = [passkeyOf('alice'), passkeyOf('bob')];
const RULE = 'rules: [{ id: r, for: transaction, when: "true", action: hold, hold: h }]';
const PEOPLE = `approvers:
  alice: { name: Alice Example, passkeys: ["${ALICE}"] }
  bob: { name: Bob Example, passkeys: ["${BOB}"] }
`;

/** @param hold of Alice and Bob, begins in line 5 */
function withHold(hold: string, more = RULE): string {
  return `version: 1\n${PEOPLE}holds:\n  h: ${hold}\n${more}\n`;
}

const messages = (text: string): readonly string[] =>
  problemsOf(text).map(({ line, column, message }) => `${line}:${column} ${message}`);

t.test('reads approvers, viewers, holds and retries', (t) => {
  const policy = parsePolicy(
    withHold(
      '{ of: [alice, bob], quorum: 2, expires: 90m, onExpiry: retry, notInitiator: alice }',
      `viewers:\n  dave: { name: Dave }\nretries: { every: 30s, for: 2h }\n${RULE}`,
    ),
    'x',
  );
  const alice = policy.approvers.get('alice');
  t.match(alice, { name: 'Alice Example', passkeys: [{ rpId: 'localhost' }] });
  t.equal(alice?.passkeys.length, 1);
  t.strictSame([...policy.viewers], [['dave', { name: 'Dave', passkeys: [] }]]);
  t.strictSame(policy.holds.get('h'), {
    ...{ name: 'h', of: ['alice', 'bob'], quorum: 2, expiresMs: 5_400_000, onExpiry: 'RETRY' },
    notInitiator: ['alice'],
  });
  t.strictSame(policy.retries, { everyMs: 30_000, forMs: 7_200_000 });
  t.match(policy.rules, [{ action: 'HOLD', hold: 'h' }]);
  t.end();
});

t.test('has defaults', (t) => {
  const { holds, retries } = parsePolicy(withHold('{ of: [alice, bob], quorum: 1 }'), 'x');
  t.match(holds.get('h'), { expiresMs: 3_000_000, onExpiry: 'REJECT', notInitiator: [] });
  t.strictSame(retries, { everyMs: 180_000, forMs: 3_600_000 });
  const empty = parsePolicy('version: 1\napprovers:\nviewers:\nholds:\nretries:\n', 'x');
  t.strictSame([empty.approvers.size, empty.viewers.size, empty.holds.size], [0, 0, 0]);
  t.strictSame(empty.retries, retries);
  t.strictSame([empty.needsStore, empty.needsConsole], [[], []]);
  t.end();
});

t.test('needs a store and a console where a rule holds', (t) => {
  const { needsStore, needsConsole } = parsePolicy(withHold('{ of: [alice], quorum: 1 }'), 'x');
  t.match(needsStore, [{ line: 7, rule: 'r', message: /^holds need a store: set STORE_TABLE/ }]);
  t.match(needsConsole, [{ line: 7, rule: 'r', message: /^holds need a console.*set CONSOLE_ORIGIN/ }]);
  t.end();
});

t.test('reports each problem of a hold at its place, and says what to do', (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['{ of: [alice], quorum: 1, qorum: 1 }', '6:32 unknown key "qorum"; did you mean "quorum"?'],
    ['{ quorum: 1 }', '6:6 of is missing; it must be a list of approvers, such as [alice, bob]'],
    ['{ of: [], quorum: 1 }', '6:12 of must name at least one approver'],
    ['{ of: [alice, bobby], quorum: 1 }', '6:20 "bobby" is not in "approvers"; they are alice, bob'],
    ['{ of: [alice, alice], quorum: 1 }', '6:20 "alice" is there twice'],
    [
      '{ of: [alice, bob] }',
      '6:6 quorum is missing; it must be a whole number: how many of them must approve',
    ],
    [
      '{ of: [alice], quorum: 0 }',
      '6:29 quorum must be a whole number from 1: how many of them must approve',
    ],
    ['{ of: [alice], quorum: 2 }', '6:29 quorum must be at most 1, the number of those in "of"'],
    [
      '{ of: [alice], quorum: 1, expires: 50 }',
      '6:41 expires must be a duration from 1m to 48h, such as 50m',
    ],
    [
      '{ of: [alice], quorum: 1, expires: 49h }',
      '6:41 expires must be a duration from 1m to 48h, such as 50m',
    ],
    ['{ of: [alice], quorum: 1, onExpiry: approve }', '6:42 onExpiry must be one of reject, retry'],
    ['{ of: [alice], quorum: 1, notInitiator: bob }', '6:46 "bob" is not in "of"; they are alice'],
    ['{ of: [alice, bob], quorum: 1, notInitiator: [bob, bob] }', '6:57 "bob" is there twice'],
    [
      '[alice]',
      '6:6 h must be a hold, with the keys of, quorum, expires, onExpiry and notInitiator, and this is a list',
    ],
  ];
  for (const [hold, message] of cases) t.strictSame(messages(withHold(hold)), [message], hold);
  t.end();
});

t.test('reports problems of people', (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['approvers: { alice: { passkeys: [] } }', /^2:21 name is missing; it must be the name of a person$/],
    ['approvers: { a b: { name: A } }', /^2:14 invalid key "a b" of a person: use letters, digits and/],
    ['approvers: { alice: { name: "" } }', /^2:29 name must not be empty$/],
    ['approvers: { alice: { name: "A\\u200b" } }', /^2:30 name must have no control characters$/],
    ['approvers: { alice: { name: A, passkeys: [x] } }', /^2:43 passkey 1 of alice can't be used: /],
    [
      'approvers: { alice: { name: A, passkeys: x } }',
      /^2:42 passkeys must be a list of passkeys, as the console’s/,
    ],
    [
      'approvers: { alice: { name: A, keys: [] } }',
      /^2:32 unknown key "keys"; the keys here are name, passkeys$/,
    ],
    [
      'approvers: { alice: { name: A } }\nviewers: { alice: { name: A } }',
      /^3:12 alice is an approver already/,
    ],
    [
      `approvers:\n  alice: { name: A, passkeys: ["${ALICE}"] }\n  bob: { name: B, passkeys: ["${passkeyOf('alice')}"] }`,
      /^4:31 passkey 1 of bob is that of alice as well: each person needs their own$/,
    ],
    [
      `approvers: { alice: { name: A, passkeys: ["${ALICE}", "${ALICE}"] } }`,
      /^2:\d+ passkey 2 of alice is there twice$/,
    ],
    [
      `approvers: { alice: { name: A, passkeys: ["${ALICE}"] } }\nviewers: { dave: { name: D, passkeys: ["${ALICE}"] } }`,
      /^3:41 passkey 1 of dave is that of alice as well/,
    ],
    ['retries: { every: 10s }', /^2:19 every must be a duration from 30s to 1h, such as 3m$/],
    ['retries: { for: 3d }', /^2:17 for must be a duration from 1m to 48h, such as 60m$/],
    ['retries: { evry: 3m }', /^2:12 unknown key "evry"; did you mean "every"\?$/],
  ];
  for (const [text, message] of cases) {
    const found = messages(`version: 1\n${text}\n`);
    t.equal(found.length, 1, found.join('; '));
    t.match(found[0], message);
  }
  t.end();
});

t.test('a rule names a hold if it holds, and only then', (t) => {
  const rule = (rest: string): readonly string[] =>
    messages(
      withHold(
        '{ of: [alice], quorum: 1 }',
        `rules:\n  - { id: r, for: transaction, when: "true", ${rest} }`,
      ),
    );
  t.match(rule('action: hold'), [/^8:\d+ hold is missing; it must be the name of one of the holds$/]);
  t.match(rule('action: approve, hold: h'), [/hold must only be there with action: hold$/]);
  t.match(rule('action: hold, hold: hh'), [/unknown hold "hh"; did you mean "h"\?$/]);
  t.match(rule('action: hold, hold: treasury'), [/unknown hold "treasury"; the holds are h$/]);
  t.match(messages(`version: 1\n${RULE}`), [/unknown hold "h"; the policy has no holds: write holds:/]);
  t.end();
});
