// Tests that check finds habits that any rule can have, and what lists and tables can have.
import t from 'tap';
import { approve, policyOf, reject, rule, testHabits } from './policies.js';

const PAY = 'tx.operation == "TRANSFER" && tx.destinations.all(d, d in lists.payees)';
const LIMITED = 'tx.amount <= tables.limits[tx.asset]';
const GOOD = approve(`${PAY} && ${LIMITED}`);
const CALL =
  'tx.operation == "CONTRACT_CALL" && tx.amount == decimal("0") && tx.call.contract in lists.tokens';
const TO = 'tx.call.signature == "transfer(address,uint256)"';
const SENT = 'tx.call.transfers.all(t, t.to in lists.payees && t.amount <= tables.limits[t.asset])';
const GOOD_CALL = approve(`${CALL} && ${TO} && ${SENT}`);
const BLOCK =
  'has(tx.destinations) && tx.destinations.exists(d, has(d.address) && d.address in lists.blocked)';
const config = (action: string, when: string): string => policyOf(rule(action, when, 'configuration'));
const withLists = (lists: string): string =>
  `version: 1\nlists: ${lists}\nrules:\n${rule('reject', BLOCK)}\n`;

testHabits(t, {
  'an empty string': {
    code: 'empty-string',
    bad: reject('has(tx.note) && ¦tx.note == ""'),
    advice: /write !has\(tx\.note\)/,
    good: reject('!has(tx.note)'),
  },
  'an empty list': {
    code: 'empty-string',
    bad: reject('has(tx.destinations) && ¦tx.destinations.size() == 0'),
    advice: /write !has\(tx\.destinations\)/,
    good: reject('!has(tx.destinations)'),
  },
  'a misspelled operation': {
    code: 'unknown-value',
    bad: reject('tx.operation in ["RAW", ¦"TYPED_MESAGE"]'),
    advice: /write "TYPED_MESSAGE"/,
    good: reject('tx.operation in ["RAW", "TYPED_MESSAGE"]'),
  },
  'a type that does not exist': {
    code: 'unknown-value',
    bad: reject('tx.sourceType == ¦"VAULT_ACCOUNT"'),
    advice: /write "VAULT"/,
    good: reject('tx.sourceType == "VAULT"'),
  },
  'a change that does not exist': {
    code: 'unknown-value',
    bad: config('reject', 'config.type == ¦"ADD_USERS"'),
    advice: /write "ADD_USER"/,
    good: config('reject', 'config.type == "ADD_USER"'),
  },
  'a signature with names': {
    code: 'unknown-value',
    bad: approve(`${CALL} && tx.call.signature == ¦"transfer(address to, uint value)" && ${SENT}`),
    advice: /write "transfer\(address,uint256\)"/,
    good: GOOD_CALL,
  },
  'an unknown asset': {
    code: 'unknown-asset',
    bad: reject('tx.asset == ¦"USDT"'),
    advice: /write USDT_ERC20, or name it under assets/,
    good: reject('tx.asset == "USDT_ERC20"'),
  },
  'an unknown asset in a table': {
    code: 'unknown-asset',
    bad: GOOD.replace('ETH: "5"', '¦ETHER: "5"'),
    advice: /under assets: ETHER: \{ chain/,
    good: GOOD,
  },
  'a list that nothing reads': {
    code: 'unused-list',
    bad: GOOD.replace('lists:\n', 'lists:\n  ¦sanctioned: ["0x000000000000000000000000000000000000dEaD"]\n'),
    advice: /lists\.sanctioned\), or delete it/,
    good: GOOD,
  },
  'a table that nothing reads': {
    code: 'unused-table',
    bad: GOOD.replace('tables:\n', 'tables:\n  ¦old: { ETH: "1" }\n'),
    advice: /tables\.old\[tx\.asset\], or delete it/,
    good: GOOD,
  },
  'an entry that is there twice': {
    code: 'duplicate-entry',
    bad: withLists(
      '{ blocked: ["0x000000000000000000000000000000000000dEaD", "¦0x000000000000000000000000000000000000dead"] }',
    ),
    advice: /delete one/,
    good: withLists('{ blocked: ["0x000000000000000000000000000000000000dEaD"] }'),
  },
  'the same part twice': {
    code: 'duplicate-part',
    bad: reject('tx.asset == "ETH" && tx.operation == "RAW" && ¦tx.asset == "ETH"'),
    advice: /delete it/,
    good: reject('tx.asset == "ETH" && tx.operation == "RAW"'),
  },
  'a wrong checksum': {
    code: 'address',
    bad: withLists('{ blocked: ["¦0x5DC69B1Fbb13Bafd09af88a782F0F285772Ad5f8"] }'),
    advice: /copy the address again/,
    good: withLists('{ blocked: ["0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8"] }'),
  },
  'a digit too few': {
    code: 'address',
    bad: withLists('{ blocked: ["¦0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f"] }'),
    advice: /copy the address again/,
    good: withLists('{ blocked: ["0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8"] }'),
  },
  'a wrong address in a condition': {
    code: 'address',
    bad: reject(
      'has(tx.destinations) && tx.destinations.exists(d, has(d.address) && d.address == ¦"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5")',
    ),
    advice: /copy the address again/,
    good: reject(
      'has(tx.destinations) && tx.destinations.exists(d, has(d.address) && d.address == "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4")',
    ),
  },
  'an address of another chain': {
    code: 'address',
    bad: approve(
      'tx.operation == "TRANSFER" && tx.asset == "BTC" && tx.amount <= decimal("1") && tx.destinations.all(d, d.address in [¦"0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8"])',
    ),
    advice: /copy the address again/,
    good: approve(
      'tx.operation == "TRANSFER" && tx.asset == "ETH" && tx.amount <= decimal("1") && tx.destinations.all(d, d.address in ["0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8"])',
    ),
  },
  'ignore at signing': {
    code: 'ignore-at-signing',
    bad: policyOf(rule('ignore', '¦tx.amountUsd > decimal("100000")')),
    advice: /tx\.stage == "approval" &&/,
    good: policyOf(rule('ignore', 'tx.stage == "approval" && tx.amountUsd > decimal("100000")')),
  },
  'ignore if no rule matches': {
    code: 'ignore-at-signing',
    bad: `${reject('tx.operation == "RAW"')}otherwise: ¦ignore\n`,
    advice: /otherwise: reject/,
    good: reject('tx.operation == "RAW"'),
  },
  'a fee compared with the amount': {
    code: 'fee-of-other-asset',
    bad: reject('has(tx.fee) && ¦tx.fee > tx.amount * decimal("0.1")'),
    advice: /tx\.fee > tables\.maxFee\[tx\.asset\]/,
    good: reject('has(tx.fee) && tx.fee > tables.maxFee[tx.asset]'),
  },
  'a fee compared with the limit of amounts': {
    code: 'fee-of-other-asset',
    bad: policyOf(
      rule('reject', 'has(tx.fee) && ¦tx.fee > tables.limits[tx.asset]'),
      rule('approve', `${PAY} && ${LIMITED}`),
    ),
    advice: /tx\.fee > tables\.maxFee\[tx\.asset\]/,
    good: policyOf(
      rule('reject', 'has(tx.fee) && tx.fee > tables.maxFee[tx.asset]'),
      rule('approve', `${PAY} && ${LIMITED}`),
    ),
  },
  'one limit for the fees of all chains': {
    code: 'fee-of-any-asset',
    bad: reject('has(tx.fee) && ¦tx.fee > decimal("0.01")'),
    advice: /tables\.maxFee\[tx\.asset\]/,
    good: reject('tx.asset == "BTC" && has(tx.fee) && tx.fee > decimal("0.01")'),
  },
  'dollars compared with coins': {
    code: 'mixed-units',
    bad: reject('¦tx.amountUsd > tx.amount'),
    advice: /a limit of its own/,
    good: reject('tx.amountUsd > decimal("100")'),
  },
  'working hours in UTC': {
    code: 'time-in-utc',
    bad: reject('¦now.getHours() < 8'),
    advice: /write now\.getHours\("Europe\/Berlin"\)/,
    good: reject('now.getHours("Europe/Berlin") < 8'),
  },
  'a month that does not exist': {
    code: 'impossible-time',
    bad: reject('now.getMonth("UTC") == ¦12'),
    advice: /./,
    good: reject('now.getMonth("UTC") == 11'),
  },
  'a check that is turned off': {
    code: 'integrity-off',
    bad: `integrity: { recipient: ¦off }\n${GOOD}`,
    advice: /delete the line/,
    good: GOOD,
  },
  'a block list that one more destination evades': {
    code: 'all-in-reject',
    bad: reject('has(tx.destinations) && ¦tx.destinations.all(d, d.address in lists.blocked)'),
    advice: /exists/,
    good: reject(BLOCK),
  },
  'a block list for one destination': {
    code: 'first-destination-only',
    bad: reject('has(tx.destAddress) && ¦tx.destAddress in lists.blocked'),
    advice: /tx\.destinations\.exists/,
    good: reject(BLOCK),
  },
  'a block list that comes too late': {
    code: 'approved-before',
    bad: policyOf(rule('approve', `${PAY} && ${LIMITED}`), rule('reject', BLOCK).replace('id: ', 'id: ¦')),
    advice: /move this rule above r\d+/,
    good: policyOf(rule('reject', BLOCK), rule('approve', `${PAY} && ${LIMITED}`)),
  },
  'a fact that is often absent': {
    code: 'may-be-absent',
    bad: reject('¦tx.note.contains("test")'),
    advice: /write has\(tx\.note\) &&/,
    good: reject('has(tx.note) && tx.note.contains("test")'),
  },
  'an address in a list of ids': {
    code: 'wrong-list',
    bad: approve(`tx.operation == "TRANSFER" && ${LIMITED} && tx.destinations.all(d, ¦d in lists.vaults)`),
    advice: /d\.id in lists\.vaults/,
    good: approve(`tx.operation == "TRANSFER" && ${LIMITED} && tx.destinations.all(d, d.id in lists.vaults)`),
  },
  'an id in a list of addresses': {
    code: 'wrong-list',
    bad: reject('has(tx.destId) && ¦tx.destId in lists.blocked').replace('reject', 'retry'),
    advice: /d in lists\.blocked/,
    good: reject(BLOCK),
  },
  'a fee added to an amount of a token': {
    code: 'fee-of-other-asset',
    bad: reject('has(tx.fee) && ¦tx.amount + tx.fee > tables.limits[tx.asset]'),
    advice: /tables\.maxFee/,
    good: reject('tx.asset == "ETH" && has(tx.fee) && tx.amount + tx.fee > decimal("5")'),
  },
  'an empty string in a list': {
    code: 'empty-string',
    bad: reject('has(tx.note) && tx.note in [¦"", "test"]'),
    advice: /write !has\(tx\.note\)/,
    good: reject('!has(tx.note) || tx.note in ["test"]'),
  },
  'a table without the asset': {
    code: 'missing-key',
    bad: approve(`${PAY} && tx.asset in ["ETH", "BTC"] && tx.amount <= ¦tables.limits[tx.asset]`),
    advice: /add to tables: limits: \{ BTC: "…" \}/,
    good: approve(`${PAY} && tx.asset in ["ETH", "XRP"] && tx.amount <= tables.limits[tx.asset]`),
  },
  'a table without the name': {
    code: 'missing-key',
    bad: approve(`${PAY} && tx.asset == "ETH" && tx.amount <= ¦tables.limits.ETC`),
    advice: /add to tables: limits: \{ ETC: "…" \}/,
    good: approve(`${PAY} && tx.asset == "ETH" && tx.amount <= tables.limits.ETH`),
  },
  'a condition that is never true': {
    code: 'dead-rule',
    bad: reject('¦tx.asset == "ETH" && tx.asset == "BTC"'),
    advice: /./,
    good: reject('tx.asset == "ETH" || tx.asset == "BTC"'),
  },
  'a rule after one for everything': {
    code: 'dead-rule',
    bad: policyOf(rule('retry', 'true'), rule('reject', '¦tx.operation == "RAW"')),
    advice: /./,
    good: policyOf(rule('reject', 'tx.operation == "RAW"'), rule('retry', 'true')),
  },
  'the condition of an earlier rule': {
    code: 'dead-rule',
    bad: policyOf(rule('retry', 'tx.operation == "RAW"'), rule('reject', '¦tx.operation == "RAW"')),
    advice: /./,
    good: policyOf(rule('retry', 'tx.operation == "RAW"'), rule('reject', 'tx.operation == "MINT"')),
  },
});
