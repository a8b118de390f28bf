// Tests which rules of hand-written policies are found to be dead, and which are not.
import t from 'tap';
import { reachingRequest, unreachableRules } from '../../../../../cli/policy/advice/reach/index.js';
import { decideBy, type Policy } from '../../../../../src/policy/evaluate/rules.js';
import { parsePolicy } from '../../../../../src/policy/parse/file.js';
import { LISTS, TABLES } from './generate.js';

/** The conditions of rules for transactions that approve; `reject: …` and the like begin with another action or kind. */
function policyWith(conditions: readonly string[]): Policy {
  const rules = conditions.map((text, index) => {
    const [, prefix = 'approve', when] = /^(?:([a-z ]+): )?(.*)$/s.exec(text) ?? [];
    const [action, kind = 'transaction'] = prefix.split(' ').reverse();
    return { id: `r${index + 1}`, for: kind, when, action };
  });
  const assets = { GOLD: { chain: 'evm/1', decimals: '18', price: '2000' } };
  return parsePolicy(
    JSON.stringify({ version: 1, assets, lists: { ...LISTS, none: [] }, tables: TABLES, rules }),
    'test.yaml',
  );
}

const has = (fact: string, test: string): string => `has(${fact}) && ${fact} ${test}`;

/** Policies whose last rule is dead, with the reason. */
const DEAD: readonly (readonly [rules: readonly string[], why: string])[] = [
  [['false'], 'never matches: the condition is always false'],
  [
    ['tx.amount <= decimal("10") && tx.amount > decimal("20")'],
    'never matches: tx.amount <= 10 and tx.amount > 20 can’t both be true',
  ],
  [
    ['tx.asset == "ETH" && tx.sourceId == "0" && tx.asset == "BTC"'],
    'never matches: tx.asset == "ETH" and tx.asset == "BTC" can’t both be true',
  ],
  [
    ['tx.asset in ["ETH", "BTC"] && tx.asset != "ETH" && tx.asset != "BTC"'],
    'never matches: tx.asset in ["ETH", "BTC"], tx.asset != "ETH" and tx.asset != "BTC" can’t all be true',
  ],
  [['tx.note == ""'], 'never matches: an empty tx.note counts as absent'],
  [
    ['tx.sourceId in lists.none'],
    'never matches: tx.sourceId in lists.none is never true; is lists.none empty?',
  ],
  [['!has(tx.operation)'], 'never matches: !has(tx.operation) is never true'],
  [
    ['!has(tx.note) && tx.note.startsWith("INV")'],
    'never matches: !has(tx.note) and tx.note.startsWith("INV") can’t both be true',
  ],
  [
    ['tx.note.startsWith("INV-1") && !tx.note.startsWith("INV-")'],
    'never matches: tx.note.startsWith("INV-1") and !tx.note.startsWith("INV-") can’t both be true',
  ],
  [
    ['tx.stage == "approval" && has(tx.fee)'],
    'never matches: tx.stage == "approval" and has(tx.fee) can’t both be true',
  ],
  [
    ['ignore: tx.stage == "signing"'],
    'never decides: it matches only requests at the signing stage, and those can’t be ignored',
  ],
  [
    ['tx.destinations.size() == 2 && has(tx.destType)'],
    'never matches: tx.destinations.size() == 2 and has(tx.destType) can’t both be true',
  ],
  [
    ['tx.destinations.all(d, d.type == "VAULT") && tx.destinations.exists(d, d.type != "VAULT")'],
    'never matches: tx.destinations.all(d, d.type == "VAULT") and tx.destinations.exists(d, d.type != "VAULT") can’t both be true',
  ],
  [
    [
      'tx.destinations.all(d, d.amountUsd <= decimal("10")) && tx.destinations.size() == 2 && tx.amountUsd > decimal("20")',
    ],
    'never matches: tx.destinations.all(d, d.amountUsd <= 10), tx.destinations.size() == 2 and tx.amountUsd > 20 can’t all be true',
  ],
  [
    ['tx.asset == "ETH" && tx.amount <= tables.limits[tx.asset] && tx.amount > decimal("10")'],
    'never matches: tx.asset == "ETH", tx.amount <= tables.limits[tx.asset] and tx.amount > 10 can’t all be true',
  ],
  [
    ['tx.asset == "USDC" && tx.amount <= tables.limits[tx.asset]'],
    'never matches: tx.asset == "USDC" and tx.amount <= tables.limits[tx.asset] can’t both be true',
  ],
  [
    ['now.getHours("UTC") < 8 && now.getHours("UTC") >= 18'],
    'never matches: now.getHours("UTC") < 8 and now.getHours("UTC") >= 18 can’t both be true',
  ],
  [
    ['now.getDayOfWeek("Asia/Tokyo") == 7'],
    'never matches: now.getDayOfWeek("Asia/Tokyo") == 7 is never true',
  ],
  [
    ['date(now, "Asia/Tokyo") > "2026-12-31" && date(now, "Asia/Tokyo") < "2026-12-31"'],
    'never matches: date(now, "Asia/Tokyo") > "2026-12-31" and date(now, "Asia/Tokyo") < "2026-12-31" can’t both be true',
  ],
  [
    ['time(now, "UTC") < "08:00" && time(now, "UTC") >= "18:00"'],
    'never matches: time(now, "UTC") < "08:00" and time(now, "UTC") >= "18:00" can’t both be true',
  ],
  [
    ['reject: true', 'tx.asset == "ETH"'],
    'never reached: rule r1 ("true") before it matches every transaction',
  ],
  [
    ['ignore configuration: true', 'configuration approve: config.type == "USER"'].map((text) =>
      text.replace('ignore configuration', 'configuration ignore'),
    ),
    'never reached: rule r1 ("true") before it matches every configuration change',
  ],
  [
    ['reject: tx.operation != "RAW"', 'tx.operation == "TRANSFER" && tx.amount <= decimal("1")'],
    'never reached: every request that it matches is decided by rule r1 before it',
  ],
  [
    ['tx.amount <= decimal("10")', 'tx.amount < decimal("5") && tx.asset == "ETH"'],
    'never reached: every request that it matches is decided by rule r1 before it',
  ],
  [
    ['reject: tx.amount <= decimal("10")', 'retry: tx.amount > decimal("10")', 'tx.amount > decimal("0")'],
    'never reached: every request that it matches is decided by the rules r1 and r2 before it',
  ],
  [
    ['reject: tx.note == "x"', '!has(tx.note)'],
    'never reached: rule r1 before it can’t be evaluated for any request that it matches',
  ],
  [
    ['reject: tx.destinations.exists(d, d.tag == "1")', 'tx.destinations.all(d, !has(d.tag))'],
    'never reached: rule r1 before it can’t be evaluated for any request that it matches',
  ],
  [
    ['tx.operation == "TRANSFER" && !has(tx.destinations) && tx.amount < tx.requestedAmount'],
    'never matches: tx.operation == "TRANSFER", !has(tx.destinations) and tx.amount < tx.requestedAmount can’t all be true',
  ],
  [
    [
      'tx.destinations.all(d, d.address in lists.vaults)',
      'tx.destinations.all(d, d.address == "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8")',
    ],
    'never reached: every request that it matches is decided by rule r1 before it',
  ],
  [
    ['tx.sourceId in lists.desks', 'tx.sourceId in lists.treasury && tx.sourceId != "0"'],
    'never reached: every request that it matches is decided by rule r1 before it',
  ],
  [
    ['reject: tx.note.lowerAscii() == "x"', 'tx.note.lowerAscii() == "x" && tx.asset == "ETH"'],
    'never reached: every request that it matches is decided by rule r1 before it',
  ],
  [
    [
      'configuration reject: config.type in ["USER", "POLICY"]',
      'configuration approve: config.type == "USER" && has(config.extraInfo.tag)',
    ],
    'never reached: every request that it matches is decided by rule r1 before it',
  ],
];

/** Policies that look similar, and whose last rule decides about some request. */
const ALIVE: readonly (readonly string[])[] = [
  ['true'],
  ['tx.amount <= decimal("20") && tx.amount > decimal("10")'],
  ['tx.amount <= decimal("10") && tx.amount >= decimal("10")'],
  ['tx.amount > decimal("9.99") && tx.amount < decimal("9.991")'],
  ['tx.asset in ["ETH", "BTC"] && tx.asset != "ETH"'],
  [`!has(tx.note) || ${has('tx.note', '== "x"')}`],
  ['tx.note.startsWith("INV-") && !tx.note.startsWith("INV-1") && tx.note.contains("INV-1")'],
  ['tx.note.size() > 3 && tx.note.size() < 5 && tx.note != "abcd"'],
  ['tx.stage == "signing" && !has(tx.fee)'],
  ['ignore: tx.stage == "approval"'],
  ['reject: tx.stage == "signing"', 'ignore: true'],
  ['tx.destinations.size() == 1 && has(tx.destType) && tx.destType == "VAULT"'],
  ['tx.destinations.exists(d, d.type == "VAULT") && tx.destinations.exists(d, d.type != "VAULT")'],
  ['tx.destinations.all(d, d.amountUsd <= decimal("10")) && tx.amountUsd > decimal("20")'],
  ['tx.destinations.all(d, d.amountUsd <= decimal("10")) && tx.amountUsd > decimal("200")'],
  ['tx.destinations.size() > 7'],
  ['tx.destinations.filter(d, d.type == "VAULT").size() == 2 && tx.destinations.exists_one(d, d.tag == "1")'],
  ['tx.asset in tables.limits && tx.amount <= tables.limits[tx.asset] && tx.amount > decimal("10")'],
  ['now.getHours("Europe/Berlin") == 3 && now.getDayOfWeek("Asia/Tokyo") == 0'],
  ['date(now, "Asia/Tokyo") == "2027-02-28" && weekday(now, "UTC") == "Saturday"'],
  ['time(now, "Europe/Berlin") >= "02:00" && time(now, "Europe/Berlin") < "02:01"'],
  ['now >= timestamp("2030-01-01T00:00:00Z") && now < timestamp("2030-01-01T00:00:01Z")'],
  ['now.getMonth("UTC") == 1 && now.getDate("UTC") == 29 && now.getDayOfWeek("UTC") == 2'],
  ['reject: tx.amount <= decimal("10")', 'tx.amount <= decimal("10.000000000000000001")'],
  ['reject: tx.operation == "TRANSFER"', 'tx.operation == "RAW"'],
  ['reject: has(tx.note) && tx.note == "x"', '!has(tx.note)'],
  [
    'reject: tx.destinations.exists(d, d.address in lists.blocked)',
    'tx.destinations.all(d, d in lists.payees)',
  ],
  ['tx.sourceId in lists.treasury', 'tx.sourceId in lists.desks'],
  [
    'reject: has(tx.destinations) && tx.destinations.exists(d, has(d.tag) && d.tag == "1")',
    'tx.destinations.all(d, !has(d.tag))',
  ],
  ['tx.amount < tx.requestedAmount && tx.asset == "ETH"'],
  ['tx.operation == "TRANSFER" && tx.amount < tx.requestedAmount'],
  ['reject: tx.sourceId == "0"', 'tx.sourceType == tx.destType && tx.sourceId != "0"'],
  ['tx.amountUsd == decimal("0") && tx.amount == decimal("0")'],
  ['tx.amountUsd == decimal("0") && tx.amount > decimal("5")'],
  [
    'configuration reject: has(config.type) && config.type == "USER"',
    'configuration approve: !has(config.type) && !has(config.extraInfo.tag)',
  ],
  ['configuration approve: config.extraInfo.address in lists.payees && config.extraInfo.asset == "XRP"'],
  ['tx.extraParameters.ok == true && tx.extraParameters.count == 3'],
];

const byId = (policy: Policy) => new Map(unreachableRules(policy).map((each) => [each.rule, each]));

t.test('finds rules that never decide, and says why', (t) => {
  for (const [conditions, why] of DEAD) {
    const policy = policyWith(conditions);
    const last = `r${conditions.length}`;
    const found = byId(policy);
    t.same([...found.keys()], [last], conditions.join(' | '));
    t.equal(found.get(last)?.why, why);
    t.match(found.get(last)?.advice, /\w/);
    t.equal(reachingRequest(policy, last), undefined);
  }
  t.end();
});

t.test('leaves rules alone that decide about some request, which it can show', (t) => {
  for (const conditions of ALIVE) {
    const policy = policyWith(conditions);
    t.same(unreachableRules(policy), [], conditions.join(' | '));
    for (const { id } of policy.rules) {
      const reaching = reachingRequest(policy, id);
      t.ok(reaching, `${id} of ${conditions.join(' | ')}`);
      if (reaching === undefined) continue;
      const decision = decideBy(policy, reaching.request, reaching.now);
      t.match(decision, { rule: id, ruleError: undefined });
    }
  }
  t.end();
});

t.test('advises to delete a rule that repeats another, and to move one that does something else', (t) => {
  const repeated = policyWith(['tx.asset == "ETH"', 'tx.asset == "ETH" && tx.amount > decimal("1")']);
  t.equal(byId(repeated).get('r2')?.advice, 'delete it: r1 already does the same');
  const hidden = policyWith(['tx.asset == "ETH"', 'reject: tx.asset == "ETH" && tx.amount > decimal("1")']);
  t.equal(byId(hidden).get('r2')?.advice, 'move it before r1, or make r1 match less, or delete it');
  t.end();
});

t.test('does not report a rule that depends on what it does not understand', (t) => {
  const policy = policyWith([
    'reject: tx.note.lowerAscii() == "x"',
    'tx.note.upperAscii() == "X"',
    'tx.raw.verified && tx.call.args[0] == "x" && tx.call.args[0] == "y"',
    'tx.note.indexOf("x") > 3',
  ]);
  t.same(unreachableRules(policy), []);
  t.end();
});
