// Tests the messages that newcomers see: in the guide's words, with the fix, and never with a key.
import fc from 'fast-check';
import t from 'tap';
import { privatePemOf } from '../../helpers/keys.js';
import { reportOn, withRule } from './reports.js';

/** What follows `when:`, and the column and message of the report's first problem. */
const CONDITIONS: Readonly<Record<string, readonly [column: number, message: string]>> = {
  '!(tx.signerId in lists.payees)': [
    11,
    "put quotes around an expression that begins with `!`: when: '!(tx.signerId in lists.payees)'",
  ],
  '!has(tx.note)': [11, "put quotes around an expression that begins with `!`: when: '!has(tx.note)'"],
  '"ETH" == tx.asset': [
    11,
    `put quotes around an expression that begins with \`"\`: when: '"ETH" == tx.asset'`,
  ],
  "'ETH' == tx.asset": [
    11,
    "put quotes around an expression that begins with `'`: when: '''ETH'' == tx.asset'",
  ],
  '["ETH"].exists(a, a == tx.asset)': [
    11,
    `put quotes around an expression that begins with \`[\`: when: '["ETH"].exists(a, a == tx.asset)'`,
  ],
  '&& has(tx.note)': [11, "put quotes around an expression that begins with `&`: when: '&& has(tx.note)'"],
  '*note': [11, "put quotes around an expression that begins with `*`: when: '*note'"],
  '%x': [11, "put quotes around an expression that begins with `%`: when: '%x'"],
  '@x': [11, "put quotes around an expression that begins with `@`: when: '@x'"],
  '`x`': [11, "put quotes around an expression that begins with a backtick: when: '`x`'"],
  'tx.note == "a: b"': [
    11,
    `put quotes around an expression that contains \`: \`: when: 'tx.note == "a: b"'`,
  ],
  'tx.note == "a #1"': [
    11,
    'put quotes around an expression that contains ` #`: YAML takes what follows for a comment, and the rest is incomplete',
  ],
  'tx.asset == "ETH" and has(tx.note)': [29, 'write && for and'],
  'tx.asset == "ETH" OR has(tx.note)': [29, 'write || for OR'],
  'not has(tx.note)': [11, 'write ! for not, as in !has(tx.note)'],
  'tx.asset not in ["ETH"]': [20, 'write !(tx.asset in [ … ]) for not in'],
  'tx.asset = "ETH"': [20, 'write == for ='],
  'tx.asset === "ETH"': [20, 'write == for ==='],
  'tx.asset !== "ETH"': [20, 'write != for !=='],
  'tx.asset <> "ETH"': [20, 'write != for <>'],
  'tx.amount => decimal("1")': [21, 'write >= for =>'],
  'tx.amount =< decimal("1")': [21, 'write <= for =<'],
  'tx.asset == "ETH" & has(tx.note)': [29, 'write && for &'],
  'tx.asset == "ETH" | has(tx.note)': [29, 'write || for |'],
  'tx.asset is "ETH"': [20, 'write == for is'],
  'tx.asset is not "ETH"': [20, 'write != for is not'],
  'tx.amount > 10,000': [23, 'write decimal("10000") for 10,000'],
  'tx.amount > 10_000': [23, 'write decimal("10000") for 10_000'],
  'tx.amount <= 10 ETH': [24, 'write decimal("10") for 10 ETH, and the asset as tx.asset == "ETH"'],
  'tx.amountUsd <= $10': [27, 'write decimal("10") for $10, and compare it with tx.amountUsd'],
  'tx.amount <= 10': [
    11,
    'an amount can’t be compared with a whole number; write an amount as decimal("10")',
  ],
  'tx.amount <= 0.5': [11, 'an amount can’t be compared with a number; write an amount as decimal("0.5")'],
  'tx.amount <= "0.5"': [11, 'an amount can’t be compared with a string; write an amount as decimal("0.5")'],
  'tx.amount in [1, 2]': [
    11,
    'an amount is never equal to a number or a string: write in [decimal("1"), decimal("2")]',
  ],
  'tx.asset == “ETH”': [23, 'write straight quotes: " at the beginning and at the end of a string'],
  'tx.asset == "ETH': [23, 'this quote is never closed: add " at the end of the string'],
  '(tx.asset == "ETH"': [11, 'this ( is never closed: add )'],
  'tx.asset == "ETH")': [28, 'this ) closes nothing: delete it'],
  'tx.asset == "ETH", has(tx.note)': [28, 'write && between two conditions'],
  'tx.asset == "ETH";': [28, 'delete the semicolon: a condition is one expression'],
  'tx.note contains "x"': [19, 'write contains with a dot and parentheses: tx.note.contains("…")'],
  'tx.asset in ("ETH", "BTC")': [20, 'write brackets around the values: in ["ETH", "BTC"]'],
  'tx.asset in "ETH"': [
    11,
    '"in" can’t search a string for a string; write brackets around the values: in ["ETH", "BTC"]',
  ],
  'lists.payees.includes(tx.sourceId)': [
    23,
    'write tx.sourceId in lists.treasury to search a list, and tx.note.contains("…") to search a string',
  ],
  'tx.destinations.length == 1': [26, 'write .size() for the length'],
  'len(tx.destinations) == 1': [11, 'write .size() for len(): tx.destinations.size()'],
  'tx.destinations.every(d => d in lists.payees)': [
    26,
    'write the variable, a comma and the condition: .all(d, d in lists.payees)',
  ],
  'tx.destinations.some(d, d in lists.payees)': [26, 'write .exists(d, …): true if one of them is so'],
  'tx.destinations.all(d in lists.payees)': [26, 'write the variable first: .all(d, d in lists.payees)'],
  'tx.destinations in lists.payees': [
    11,
    '"in" can’t search a list of the policy for a list of destinations; write tx.destinations.all(d, d in lists.payees)',
  ],
  'tx.note == null': [22, 'a fact that is not there is absent: write !has(tx.note), or has(tx.note)'],
  'tx.note != None': [22, 'a fact that is not there is absent: write !has(tx.note), or has(tx.note)'],
  True: [11, 'write true for True'],
  'tx.note.startWith("x")': [11, 'there is no function .startWith() of a string; did you mean "startsWith"?'],
  'decimals("1") < tx.amount': [11, 'there is no function decimals(); did you mean "decimal"?'],
  'tx.sourceId in payees': [26, 'unknown name "payees"; write lists.payees'],
  'asset == "ETH"': [11, 'unknown name "asset"; write tx.asset'],
  'tx.asset == ETH': [23, 'unknown name "ETH"; write a string in quotes: "ETH"'],
  'transaction.asset == "ETH"': [11, 'unknown name "transaction"; did you mean "tx"?'],
};

for (const [when, [column, message]] of Object.entries(CONDITIONS)) {
  t.test(`explains when: ${when}`, (t) => {
    const [place, text] = reportOn(withRule(when)).split('\n');
    t.equal(place?.replace(/ {2}rule a$/, ''), `policy.yaml:7:${column}`);
    t.equal(text, `  ${message}`);
    t.end();
  });
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.split('');

t.test('never quotes a private key, wherever it stands', (t) => {
  const body = fc
    .array(fc.constantFrom(...BASE64), { minLength: 64, maxLength: 64 })
    .map((characters) => `MIIE${characters.join('')}`);
  const place = fc.constantFrom<(key: string) => string>(
    (key) => key,
    (key) => `version: 1\nrules: []\n${key}: 1\n`,
    (key) => `version: 1\nrules: ${key}\n`,
    (key) => `version: 1\nrules: []\n"d": "${key}\n`,
    (key) => `version: 1\nrules: []\n${key}\n`,
    (key) => `version: 1\nlists: { ${key}: [] }\nrules: []\n`,
    (key) => `version: 1\notherwise: ${key}\nrules: []\n`,
    (key) => `version: 1\nlists: { a: *${key} }\nrules: []\n`,
    (key) => withRule(`!${key}`),
    (key) => withRule(key),
    (key) => withRule(`tx.amount == "${key}"`),
    (key) => withRule(`tx.asset = "${key}"`),
    (key) => withRule(`tx.sourceId in lists["${key}"]`),
    (key) => withRule('"true"').replace('id: a', `id: "${key} "`),
    privatePemOf,
    (key) => `version: 1\nassets: { X: { chain: evm/1, contract: "${key}", decimals: 18 } }\nrules: []\n`,
  );
  fc.assert(
    fc.property(body, place, (key, inPolicy) => {
      const report = reportOn(inPolicy(key));
      return report !== '' && !report.includes(key.slice(4, 24)) && !report.includes(key.slice(-20));
    }),
    { numRuns: 500 },
  );
  t.end();
});
