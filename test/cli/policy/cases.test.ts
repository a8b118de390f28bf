import { join } from 'node:path';
import t from 'tap';
import { readCases } from '../../../cli/policy/cases.js';

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

t.test('rejects invalid cases and gives a reason', (t) => {
  const expect = 'expect: { action: retry }';
  for (const [text, message] of [
    ['cases: [', /cases\.yaml is not valid YAML/],
    ['cases: []', /cases: Too small/],
    ['cases: *x', /cases\.yaml is not valid YAML/],
    ['cases: [{ name: a, payload: {}, expect: { action: maybe } }]', /cases\.0\.expect\.action: .*approve/],
    [`cases: [{ name: a, ${expect} }]`, /cases\.0: needs either "payload" or "file"/],
    [`cases: [{ name: a, payload: {}, file: x, ${expect} }]`, /cases\.0: needs either "payload" or "file"/],
    [`cases: [{ name: a, file: nowhere.json, ${expect} }]`, /nowhere\.json can't be read/],
    [`cases: [{ name: a, file: junk.json, ${expect} }]`, /junk\.json is not JSON/],
    [
      `cases: [{ name: a, payload: {}, set: { a.b: 1 }, ${expect} }]`,
      /sets "a\.b", but its payload has no "a"/,
    ],
    [
      `cases: [{ name: a, for: configuration, payload: { asset: ETH }, ${expect} }]`,
      /case "a" is not a Co-signer request: a transaction request on the path for configuration requests/,
    ],
  ] as const) {
    const cwd = t.testdir({ 'cases.yaml': text, 'junk.json': '{' });
    t.throws(() => readCases(join(cwd, 'cases.yaml')), { code: 'INPUT_UNUSABLE', message }, text);
  }
  t.end();
});
