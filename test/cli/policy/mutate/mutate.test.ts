// Tests which changes a mutation test makes, and which cases notice them.
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { readCases, runCases } from '../../../../cli/policy/cases.js';
import { changesIn } from '../../../../cli/policy/mutate/expression.js';
import { mutate, type Survivor } from '../../../../cli/policy/mutate/mutate.js';
import { parsePolicy } from '../../../../src/policy/parse/file.js';
import { policyOf } from '../../../helpers/policy.js';

/** `before -> after` of each change to an expression. */
function changes(when: string): readonly string[] {
  const [rule] = policyOf(when, { lists: { l: ['0xAB'] }, tables: { t: { ETH: '1' } } }).rules;
  if (rule === undefined) throw new Error('no rule');
  return [...changesIn(rule.ast, when)].map(({ before, after }) => `${before} -> ${after}`).sort();
}

t.test('changes each comparison and each bound', (t) => {
  t.strictSame(changes('tx.amount <= decimal("0.50")'), [
    'tx.amount <= decimal("0.50") -> tx.amount < decimal("0.50")',
    'tx.amount <= decimal("0.50") -> tx.amount <= decimal("0.49")',
    'tx.amount <= decimal("0.50") -> tx.amount <= decimal("0.51")',
  ]);
  t.strictSame(changes('tx.asset == "ETH"'), ['tx.asset == "ETH" -> tx.asset != "ETH"']);
  t.end();
});

t.test('does not make the same change to a whole number twice', (t) => {
  const hour = 'now.getHours("UTC")';
  for (const [comparison, operator, bound] of [
    [`${hour} < 8`, `${hour} <= 8`, `${hour} < 7`],
    [`${hour} <= 8`, `${hour} < 8`, `${hour} <= 9`],
    [`${hour} > 8`, `${hour} >= 8`, `${hour} > 9`],
    [`${hour} >= 8`, `${hour} > 8`, `${hour} >= 7`],
    [`8 < ${hour}`, `8 <= ${hour}`, `9 < ${hour}`],
    [`8 >= ${hour}`, `8 > ${hour}`, `9 >= ${hour}`],
  ] as const) {
    t.strictSame(changes(comparison), [`${comparison} -> ${operator}`, `${comparison} -> ${bound}`].sort());
  }
  t.end();
});

t.test('changes connectives, leaves out conditions, adds and removes negations', (t) => {
  t.strictSame(changes('has(tx.note) && !(tx.asset == "ETH")'), [
    '!(tx.asset == "ETH") -> (left out)',
    '!(tx.asset == "ETH") -> tx.asset == "ETH"',
    '&& -> ||',
    'has(tx.note) -> !(has(tx.note))',
    'has(tx.note) -> (left out)',
    'tx.asset == "ETH" -> tx.asset != "ETH"',
  ]);
  t.end();
});

t.test('changes memberships and quantifiers', (t) => {
  t.strictSame(changes('tx.sourceId in lists.l'), [
    'tx.sourceId in lists.l -> !(tx.sourceId in lists.l)',
    'tx.sourceId in lists.l -> tx.sourceId in []',
  ]);
  t.strictSame(changes('tx.asset in ["A", "B"]'), [
    'tx.asset in ["A", "B"] -> !(tx.asset in ["A", "B"])',
    'tx.asset in ["A", "B"] -> tx.asset in ["A"]',
    'tx.asset in ["A", "B"] -> tx.asset in ["B"]',
  ]);
  const all = 'tx.destinations.all(d, d in lists.l)';
  t.strictSame(changes(all), [
    'd in lists.l -> !(d in lists.l)',
    'd in lists.l -> d in []',
    `${all} -> !(${all})`,
    `${all} -> tx.destinations.exists(d, d in lists.l)`,
  ]);
  t.end();
});

const POLICY = `version: 1
tables: { limits: { ETH: "5" } }
rules:
  - id: blocked
    for: transaction
    when: tx.note == "bad"
    action: reject
  - id: small
    for: transaction
    when: >
      tx.asset == "ETH"
      && tx.amount <= tables.limits[tx.asset]
    action: approve
`;

const GOOD = `
  - { name: bad, payload: { note: bad, asset: ETH, amountStr: "1" }, expect: { action: reject, rule: blocked } }
  - { name: at the limit, payload: { note: a, asset: ETH, amountStr: "5" }, expect: { action: approve } }
  - { name: small, payload: { note: a, asset: ETH, amountStr: "1" }, expect: { action: approve } }
  - { name: above it, payload: { note: a, asset: ETH, amountStr: "5.1" }, expect: { action: reject } }
  - { name: other asset, payload: { note: a, asset: BTC, amountStr: "5" }, expect: { action: reject } }
  - { name: no note, payload: { asset: ETH, amountStr: "1" }, expect: { action: retry } }
`;

async function survivorsOf(t: Test, cases: string): Promise<readonly Survivor[]> {
  const file = join(t.testdir({ 'cases.yaml': `cases:${cases}` }), 'cases.yaml');
  const policy = parsePolicy(POLICY, 'p.yaml');
  const { results } = runCases(policy, readCases(file));
  t.ok(results.every(({ passed }) => passed));
  let progress = 0;
  const mutation = await mutate(
    { policy, text: POLICY, file: 'p.yaml', results },
    (changes) => (progress = changes),
  );
  t.equal(progress, mutation.changes);
  return mutation.survivors;
}

t.test('good cases notice every change', async (t) => {
  t.strictSame(await survivorsOf(t, GOOD), []);
});

t.test('shows what no case notices, with its place in the file', async (t) => {
  const without = (name: string): string => GOOD.replace(new RegExp(`.*name: ${name},.*\n`), '');
  t.match(await survivorsOf(t, without('at the limit')), [
    { kind: 'table', line: 2, column: 21, before: 'ETH: "5"', after: 'ETH: "4"' },
    { kind: 'comparison', rule: 'small', before: /^tx\.amount <=/, after: /^tx\.amount < / },
  ]);
  t.match(await survivorsOf(t, without('above it')), [
    { kind: 'table', before: 'ETH: "5"', after: 'ETH: "6"' },
    { kind: 'condition', rule: 'small', line: 12, column: 10, before: /^tx\.amount <=/, after: '(left out)' },
  ]);
  t.match(await survivorsOf(t, without('bad')), [
    { kind: 'action', rule: 'blocked', line: 7, column: 13, excerpt: '    action: reject', caret: 12 },
  ]);
  t.strictSame(
    (await survivorsOf(t, without('no note'))).map(({ kind, before, after }) => [kind, before, after]),
    [['onError', 'retry', 'reject']],
  );
});

t.test('does not exchange rules that no request can match both', async (t) => {
  const text = `version: 1
rules:
  - { id: a, for: transaction, when: tx.operation == "TRANSFER", action: approve }
  - { id: b, for: transaction, when: 'tx.operation in ["RAW", "MINT"]', action: retry }
`;
  const policy = parsePolicy(text, 'p.yaml');
  const { survivors } = await mutate({ policy, text, file: 'p.yaml', results: [] }, () => undefined);
  t.notOk(survivors.some(({ kind }) => kind === 'order'));
  t.ok(
    survivors.some(({ kind }) => kind === 'rule'),
    'without cases, nothing is noticed',
  );
});
