import t from 'tap';
import { parsePolicy } from '../../../src/policy/parse/file.js';
import { problemsOf } from '../../helpers/policy.js';

const FINE = 'window: 24h, max: "100"';

function messages(limit: string, rules = ''): readonly string[] {
  return problemsOf(`version: 1\nlimits:\n  daily: ${limit}\n  other: { ${FINE} }\n${rules}`).map(
    ({ line, column, message }) => `${line}:${column} ${message}`,
  );
}

t.test('reads all parts of a limit', (t) => {
  const text = `version: 1
limits:
  daily:
    when: tx.operation == "TRANSFER"
    amount: tx.amountUsd * decimal("2")
    per: [tx.sourceId, tx.destAddress, tx.fee]
    window: 36h
    max: 0.5
    over: retry
  monthly: { calendar: month, zone: Asia/Tokyo, max: { ETH: 5, default: "1000000" }, per: [tx.asset] }
`;
  const { limits } = parsePolicy(text, 'x');
  t.match(limits, [
    { name: 'daily', over: 'RETRY', window: { type: 'sliding', ms: 129_600_000 }, when: { source: String } },
    { name: 'monthly', over: 'REJECT', window: { type: 'calendar', calendar: 'month', zone: 'Asia/Tokyo' } },
  ]);
  t.strictSame(
    limits.map(({ max }) => [
      [...max.byKey].map(([key, entry]) => `${key} ${entry.max.toFixed()}`),
      max.otherwise?.toFixed(),
    ]),
    [
      [[], '0.5'],
      [['ETH 5'], '1000000'],
    ],
  );
  t.end();
});

t.test('a policy needs a store where it has limits', (t) => {
  t.strictSame(parsePolicy('version: 1\nlimits:\n', 'x').needsStore, []);
  const [need] = parsePolicy(`version: 1\n\nlimits: { a: { ${FINE} } }\n`, 'x').needsStore;
  t.match(need, { line: 3, column: 1, excerpt: `limits: { a: { ${FINE} } }` });
  t.match(need?.message, /STORE_TABLE.*STORE_PATH/);
  t.end();
});

t.test('reports each problem at its place, and says what to do', (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['{ window: 24h, max: 1, whn: 1 }', '3:33 unknown key "whn"; did you mean "when"?'],
    [
      '{ max: 1 }',
      '3:10 window is missing; it must be a duration such as 24h, or write calendar: day and a zone',
    ],
    ['{ window: 24h }', '3:10 max is missing; it must be a decimal number, or a table of them by key'],
    [
      '{ window: 24h, calendar: day, zone: UTC, max: 1 }',
      '3:35 calendar must not be there beside window: a limit has one of the two',
    ],
    [
      '{ calendar: day, max: 1 }',
      '3:10 zone is missing; it must be the time zone of the calendar, such as Europe/Berlin or UTC',
    ],
    [`{ ${FINE}, zone: UTC }`, '3:43 zone must only be there beside calendar'],
    ['{ calendar: day, zone: Berlin, max: 1 }', '3:33 zone must be a time zone such as Europe/Berlin or UTC'],
    [
      '{ calendar: weak, zone: UTC, max: 1 }',
      '3:22 calendar must be one of day, week, month; did you mean "week"?',
    ],
    [`{ ${FINE}, over: approve }`, '3:43 over must be one of reject, retry'],
    [`{ ${FINE}, over: deny }`, '3:43 over must be one of reject, retry; did you mean "reject"?'],
    [`{ ${FINE}, per: tx.asset }`, '3:42 per must be a list of facts, such as [tx.sourceId, tx.asset]'],
    [
      `{ ${FINE}, per: [tx.destinations] }`,
      '3:43 expected a string, an address or an amount, but this is of type list<Destination>',
    ],
    [`{ ${FINE}, amount: tx.asset }`, '3:45 expected an amount, but this is of type string'],
    [`{ ${FINE}, amount: tx.amuont }`, '3:48 unknown fact "amuont" in tx; did you mean "amount"?'],
    [`{ ${FINE}, when: tx.amount }`, '3:43 expected true or false, but this is of type Decimal'],
    [`{ ${FINE}, when: tx.asset = "ETH" }`, '3:52 write == for ='],
    [
      `{ ${FINE}, when: limits.other.spent == decimal("0") }`,
      '3:43 "limits" is not available here: add limits to the policy under limits:; they can’t read each other',
    ],
    [
      '{ window: 24h, max: "250,000" }',
      '3:31 max must be a decimal number such as 250000, without separators',
    ],
    ['{ window: 24h, max: -1 }', '3:30 max must be a decimal number such as 250000, without separators'],
    ['{ window: 24h, max: { ETH: 1 } }', '3:25 a table of max needs per, which says what its keys are'],
    [
      '{ window: 24h, per: [tx.asset, tx.sourceId], max: { ETH: 1 } }',
      '3:62 the key "ETH" must have 2 values, one for each of per: write "a / b", or default',
    ],
    [
      '{ window: 24h, per: [tx.asset], max: { ETH: much } }',
      '3:54 ETH must be a decimal number such as 250000, without separators',
    ],
    [
      'yes',
      '3:10 daily must be a limit, with the keys when, amount, per, window, calendar, zone, max and over',
    ],
  ];
  for (const [limit, message] of cases) t.strictSame(messages(limit), [message], limit);
  t.end();
});

t.test('windows are from a minute to 400 days long', (t) => {
  for (const window of ['1m', '90m', '400d', '9600h'])
    t.strictSame(messages(`{ window: ${window}, max: 1 }`), []);
  for (const window of ['0m', '30s', '401d', '9601h', '1.5h', '24', '1 h', '1w', '01h', '-1h', '99999999d']) {
    t.strictSame(messages(`{ window: "${window}", max: 1 }`).length, 1, window);
  }
  t.end();
});

t.test('names of limits are names in rules, and no rule has the id of a limit', (t) => {
  const rule = (id: string, when = 'true') =>
    `rules:\n  - { id: ${id}, for: transaction, when: '${when}', action: approve }\n`;
  t.strictSame(messages(`{ ${FINE} }`, rule('daily')), []);
  t.match(messages(`{ ${FINE} }`, rule('limits.daily')), [/id must not begin with "limits\."/]);
  t.match(messages(`{ ${FINE} }`, rule('changed')), [/id must not be "changed"/]);
  t.match(problemsOf(`version: 1\nlimits: { h-h: { ${FINE} } }`), [
    { message: 'invalid limit name "h-h": use letters, digits and _' },
  ]);
  const reading = (when: string) => messages(`{ ${FINE} }`, rule('r', when));
  t.strictSame(reading('has(limits.daily.spent) && limits.other.remaining > decimal("1")'), []);
  t.match(reading('limits.dayly.spent > tx.amount'), [/unknown limit "dayly"; did you mean "daily"\?/]);
  t.match(reading('has(limits.daily.spend)'), [
    /unknown fact "spend" in limits\.daily; did you mean "spent"\?/,
  ]);
  t.match(reading('limits.daily.spent > 5'), [/write an amount as decimal\("5"\)/]);
  t.match(reading('limit.daily.spent > tx.amount'), [/did you mean "limits"\?/]);
  t.match(reading('daily.spent > tx.amount'), [/write limits\.daily/]);
  const change =
    'rules:\n  - { id: r, for: configuration, when: limits.daily.max == decimal("1"), action: approve }\n';
  t.match(messages(`{ ${FINE} }`, change), [/limits count transactions only/]);
  t.match(
    problemsOf(
      'version: 1\nrules:\n  - { id: r, for: transaction, when: limits.a.max == decimal("1"), action: approve }',
    ),
    [{ message: /add limits to the policy under limits:/ }],
  );
  t.end();
});

t.test('a policy has at most 32 limits, and a limit at most 8 values in per', (t) => {
  const limits = (count: number) =>
    JSON.stringify({
      version: 1,
      limits: Object.fromEntries(
        Array.from({ length: count }, (_, n) => [`l${n}`, { window: '1h', max: '1' }]),
      ),
    });
  t.strictSame(problemsOf(limits(32)), []);
  t.match(problemsOf(limits(33)), [{ message: 'limits must be at most 32 limits' }]);
  const per = (count: number) => messages(`{ ${FINE}, per: [${Array(count).fill('tx.asset').join(', ')}] }`);
  t.strictSame(per(8), []);
  t.match(per(9), [/per must be at most 8 facts/]);
  t.end();
});
