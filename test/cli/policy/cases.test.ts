import { join } from 'node:path';
import t, { type Test } from 'tap';
import { readCases, runCases } from '../../../cli/policy/cases.js';
import type { Kind } from '../../../src/protocol/request.js';
import { policyOf } from '../../helpers/policy.js';

t.test('reads cases with inline payloads or payload files, changed by `set`', (t) => {
  const directory = t.testdir({
    'payload.json': '{"requestId":"r-1","operation":"TRANSFER","destinations":[{"amountUSD":1}]}',
    'cases.yaml': `
cases:
  - name: from a file
    file: payload.json
    set: { destinations.0.amountUSD: 2, asset: ETH }
    now: 2026-03-03T10:00:00+01:00
    expect: { action: reject, rule: limit }
  - name: in place
    for: configuration
    payload: { extraInfo: {} }
    expect: { action: ignore }
`,
  });
  t.match(readCases(join(directory, 'cases.yaml')).cases, [
    {
      name: 'from a file',
      request: {
        kind: 'transaction',
        requestId: 'r-1',
        payload: { asset: 'ETH', destinations: [{ amountUSD: 2 }] },
      },
      now: new Date('2026-03-03T09:00:00Z'),
      expected: { action: 'REJECT', rule: 'limit' },
    },
    {
      name: 'in place',
      request: { kind: 'configuration', requestId: 'in place' },
      expected: { action: 'IGNORE', rule: undefined },
    },
  ]);
  t.end();
});

t.test('reads cases with a byte order mark', (t) => {
  const file = join(
    t.testdir({ 'cases.yaml': '\ufeffcases: [{ name: a, payload: {}, expect: { action: retry } }]' }),
    'cases.yaml',
  );
  t.match(readCases(file).cases, [{ name: 'a', request: { kind: 'transaction' } }]);
  t.end();
});

t.test('`for` is used for a payload that does not show which kind it is', (t) => {
  const kinds = (payload: string): readonly string[] =>
    ['', 'for: transaction, ', 'for: configuration, '].map((kind) => {
      const text = `cases: [{ name: a, ${kind}payload: ${payload}, expect: { action: retry } }]`;
      try {
        return (
          readCases(join(t.testdir({ 'cases.yaml': text }), 'cases.yaml')).cases[0]?.request.kind ?? 'refused'
        );
      } catch {
        return 'broken';
      }
    });
  t.strictSame(kinds('{ txId: t }'), ['transaction', 'transaction', 'configuration']);
  t.strictSame(kinds('{ asset: ETH }'), ['transaction', 'transaction', 'refused']);
  t.strictSame(kinds('{ type: X, txId: t }'), ['configuration', 'refused', 'configuration']);
  t.strictSame(kinds('{ type: X, asset: ETH }'), ['refused', 'refused', 'refused']);
  t.end();
});

/** Runs cases against a policy with one rule, whose id is `rule`. */
function run(t: Test, text: string, when = '"true" == "true"', kind: Kind = 'transaction') {
  const cwd = t.testdir({ 'cases.yaml': text, 'junk.json': '{' });
  return runCases(policyOf(when, { kind }), readCases(join(cwd, 'cases.yaml')));
}

t.test('rejects invalid cases and gives a reason', (t) => {
  const expect = 'expect: { action: approve }';
  for (const [text, message] of [
    ['cases: [', /cases\.yaml is not valid YAML/],
    ['cases: []', /\n {2}line 1: cases: Too small/],
    ['cases: *x', /cases\.yaml is not valid YAML/],
    [
      'cases:\n  - name: a\n    payload: {}\n    expect: { action: maybe }',
      /\n {2}line 4, case "a": expect\.action: .*approve/,
    ],
    [`cases: [{ name: a, ${expect} }]`, /line 1, case "a": needs either "payload" or "file"/],
    [`cases: [{ name: a, payload: {}, file: x, ${expect} }]`, /needs either "payload" or "file"/],
    [`cases: [{ payload: {}, ${expect} }]`, /\n {2}line 1: cases\.0\.name: /],
    [`cases: [{ name: a, file: nowhere.json, ${expect} }]`, /nowhere\.json can't be read/],
    [`cases: [{ name: a, file: junk.json, ${expect} }]`, /junk\.json is not JSON/],
    [
      `cases: [{ name: a, payload: {}, set: { destinations.0.amountUSD: 1 }, ${expect} }]`,
      /sets "destinations\.0\.amountUSD", but its payload has no "destinations\.0"/,
    ],
    [
      `cases: [{ name: a, payload: { destinations: [] }, set: { destinations.1: {} }, ${expect} }]`,
      /but its payload has no "destinations\.1"/,
    ],
    [
      `cases: [{ name: a, for: configuration, payload: { asset: ETH }, ${expect} }]`,
      /case "a": it is not a Co-signer request: a transaction request on the path for configuration requests/,
    ],
  ] as const) {
    t.throws(() => run(t, text), { code: 'INPUT_UNUSABLE', message }, text);
  }
  t.end();
});

t.test('reports all cases at once that do not test what they seem to, with their lines', (t) => {
  const text = `cases:
  - name: a
    payload: &base { operation: TRANSFER, destinations: [{ dstType: VAULT }], custom: 1 }
    set:
      amuontStr: "1"
      custom: 2
      destinations.0.amountUsd: 5
      destination.0.amountUSD: 5
    expect: { action: approve, rule: rul }
  - name: b
    payload: *base
    set: { extraParameters.contractCallDat: x }
    expect: { action: approve, rule: integrity }
  - name: a
    payload: *base
    expect: { action: approve, rule: otherwise }
  - name: c
    payload: { type: ADD_USER }
    expect: { action: approve, rule: rule }
`;
  t.throws(() => run(t, text), {
    message: `cases.yaml has invalid test cases:
  line 2, case "a": it sets "destination.0.amountUSD", but its payload has no "destination.0"`,
  });
  t.throws(() => run(t, text.replace(/\n +destination\.0.*/, '')), {
    message: `has invalid test cases:
  line 5, case "a": sets "amuontStr", but a transaction request has no field "amuontStr"; did you mean "amountStr"?
  line 7, case "a": sets "destinations.0.amountUsd", but destinations.0 has no field "amountUsd"; did you mean "destinations.0.amountUSD"?
  line 8, case "a": expects the rule rul, which the policy does not have; did you mean "rule"?
  line 9, case "b": it sets "extraParameters.contractCallDat", but its payload has no "extraParameters"
  line 13, case "a": the case in line 2 has the same name
  line 18, case "c": expects the rule rule, which is for transaction requests; this one is for configuration`,
  });
  t.end();
});

t.test('a field that a rule reads is known, although no document names it', (t) => {
  const text = (field: string): string =>
    `cases: [{ name: a, payload: { type: X, extraInfo: {} }, set: { extraInfo.${field}: 1 }, expect: { action: reject } }]`;
  const when = 'config.extraInfo.colour == "red"';
  t.equal(run(t, text('colour'), when, 'configuration').results.length, 1);
  t.throws(() => run(t, text('color'), when, 'configuration'), {
    message: /did you mean "extraInfo\.colour"\?/,
  });
  t.end();
});

t.test('demands the time of a case for which a rule reads it', (t) => {
  const when = 'tx.asset == "ETH" && now.getHours("UTC") < 8';
  const cases = (now: string, top = ''): string =>
    `${top}cases: [{ name: a, payload: { asset: ETH }, ${now}expect: { action: approve } }]`;
  t.throws(() => run(t, cases(''), when), {
    message: /line 1, case "a": the rule rule reads the time: add now: 2026-03-02T10:00:00Z/,
  });
  for (const text of [cases('now: 2026-03-02T07:59:59Z, '), cases('', 'now: 2026-03-02T05:00:00Z\n')]) {
    t.match(run(t, text, when).results, [{ passed: true }]);
  }
  const later = cases('now: 2026-03-02T08:00:00Z, ', 'now: 2026-03-02T05:00:00Z\n');
  t.match(run(t, later, when).results, [{ passed: false }], 'the time of the case comes first');
  t.match(run(t, cases(''), 'tx.asset == "ETH"').results, [{ passed: true }], 'no rule reads it');
  t.end();
});

t.test('counts for each rule the cases that it matched, and those that tried it', (t) => {
  const text = `cases:
  - { name: a, payload: { asset: ETH }, expect: { action: approve } }
  - { name: b, payload: { asset: BTC }, expect: { action: reject } }
  - { name: c, payload: { asset: null }, expect: { action: retry } }
`;
  t.match(run(t, text, 'tx.asset == "ETH"'), {
    coverage: [{ rule: 'rule', matched: 1, notMatched: 1, failed: 1 }],
    unmatched: [],
  });
  t.end();
});

t.test('runs thousands of cases quickly', (t) => {
  const cases = Array.from({ length: 3000 }, (_, index) => ({
    name: `case ${index}`,
    payload: { asset: 'ETH', amountStr: String(index) },
    set: { note: 'n' },
    expect: { action: 'approve' },
  }));
  t.equal(run(t, JSON.stringify({ cases }), 'tx.asset == "ETH"').results.length, 3000);
  t.end();
});
