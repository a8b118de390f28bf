// Tests that each bad habit is found with its place and with advice, and that the corrected policy has no warning.
import t from 'tap';
import { advise, approve, policyOf, reject, rule } from './policies.js';

interface Habit {
  readonly code: string;
  /** A policy in which ¦ marks the place. */
  readonly bad: string;
  readonly advice: RegExp;
  /** The same, corrected: without any warning. */
  readonly good: string;
}

const PAY = 'tx.operation == "TRANSFER" && tx.destinations.all(d, d in lists.payees)';
const LIMITED = 'tx.amount <= tables.limits[tx.asset]';
const GOOD = approve(`${PAY} && ${LIMITED}`);
const CALL =
  'tx.operation == "CONTRACT_CALL" && tx.amount == decimal("0") && tx.call.contract in lists.tokens';
const TO = 'tx.call.signature == "transfer(address,uint256)"';
const SENT = 'tx.call.transfers.all(t, t.to in lists.payees && t.amount <= tables.limits[t.asset])';
const APPROVED = 'tx.call.signature == "approve(address,uint256)"';
const SPENT =
  'tx.call.approvals.all(a, a.spender in lists.spenders && !a.unlimited && a.amount <= tables.limits[a.asset])';
const GOOD_CALL = approve(`${CALL} && ${TO} && ${SENT}`);
const GOOD_APPROVAL = approve(`${CALL} && ${APPROVED} && ${SPENT}`);
const MESSAGE = 'tx.operation == "TYPED_MESSAGE" && tx.typedData.primaryType == "Permit"';
const PERMIT = SPENT.replace('tx.call', 'tx.typedData.complete && tx.typedData');
const BLOCK =
  'has(tx.destinations) && tx.destinations.exists(d, has(d.address) && d.address in lists.blocked)';
const config = (action: string, when: string): string => policyOf(rule(action, when, 'configuration'));
const WALLET =
  'config.type == "UNMANAGED_WALLET" && !has(config.extraInfo.tag) && config.extraInfo.address in lists.payees';
const withLists = (lists: string): string =>
  `version: 1\nlists: ${lists}\nrules:\n${rule('reject', BLOCK)}\n`;

const HABITS: Readonly<Record<string, Habit>> = {
  'approves everything': {
    code: 'approves-everything',
    bad: approve('¦true'),
    advice: /A rule that approves/,
    good: GOOD,
  },
  'any operation': {
    code: 'operation-open',
    bad: approve(`¦tx.destinations.all(d, d in lists.payees) && ${LIMITED}`),
    advice: /tx\.operation == "TRANSFER" &&/,
    good: GOOD,
  },
  'an operation that is only excluded': {
    code: 'operation-open',
    bad: approve(`¦tx.operation != "RAW" && tx.destinations.all(d, d in lists.payees) && ${LIMITED}`),
    advice: /tx\.operation == "TRANSFER" &&/,
    good: GOOD,
  },
  'any asset': {
    code: 'asset-open',
    bad: approve(`¦${PAY} && tx.amount <= decimal("5")`),
    advice: /tx\.asset in \["ETH", "USDC"\]/,
    good: approve(`${PAY} && tx.asset == "XRP" && tx.amount <= decimal("5")`),
  },
  'any destination': {
    code: 'destinations-open',
    bad: approve(`¦tx.operation == "TRANSFER" && ${LIMITED}`),
    advice: /tx\.destinations\.all\(d, d in lists\.payees\)/,
    good: GOOD,
  },
  'one destination is enough': {
    code: 'destinations-open',
    bad: approve(`¦tx.operation == "TRANSFER" && tx.destinations.exists(d, d in lists.payees) && ${LIMITED}`),
    advice: /tx\.destinations\.all\(d, d in lists\.payees\)/,
    good: GOOD,
  },
  'the first destination': {
    code: 'destinations-open',
    bad: approve(`¦tx.operation == "TRANSFER" && tx.destinations[0] in lists.payees && ${LIMITED}`),
    advice: /tx\.destinations\.all/,
    good: approve(
      `tx.operation == "TRANSFER" && tx.destinations.size() == 1 && tx.destinations[0] in lists.payees && ${LIMITED}`,
    ),
  },
  'destAddress instead of every destination': {
    code: 'destinations-open',
    bad: approve(`¦tx.operation == "TRANSFER" && tx.destAddress in lists.payees && ${LIMITED}`),
    advice: /tx\.destinations\.all/,
    good: GOOD,
  },
  'a type instead of a destination': {
    code: 'destinations-open',
    bad: approve(`¦tx.operation == "TRANSFER" && tx.destinations.all(d, d.type == "VAULT") && ${LIMITED}`),
    advice: /tx\.destinations\.all\(d, d in/,
    good: approve(
      `tx.operation == "TRANSFER" && tx.destinations.all(d, d.type == "VAULT" && d.id in lists.vaults) && ${LIMITED}`,
    ),
  },
  'an address without its tag': {
    code: 'tag-open',
    bad: approve(
      `¦tx.operation == "TRANSFER" && tx.destinations.all(d, d.address in lists.payees) && ${LIMITED}`,
    ),
    advice: /write d in lists\.payees/,
    good: GOOD,
  },
  'any amount': {
    code: 'amount-open',
    bad: approve(`¦${PAY} && tx.asset == "XRP"`),
    advice: /&& tx\.amount <= /,
    good: GOOD,
  },
  'a lower limit only': {
    code: 'amount-open',
    bad: approve(`¦${PAY} && tx.asset == "XRP" && tx.amount > decimal("1")`),
    advice: /&& tx\.amount <= /,
    good: approve(`${PAY} && tx.asset == "XRP" && tx.amount < decimal("1")`),
  },
  'an amount compared with another of the request': {
    code: 'amount-open',
    bad: approve(`¦${PAY} && tx.asset == "XRP" && tx.amount <= tx.requestedAmount`),
    advice: /&& tx\.amount <= tables/,
    good: GOOD,
  },
  'a limit in US dollars only': {
    code: 'amount-in-usd-only',
    bad: approve(`¦${PAY} && tx.asset == "XRP" && tx.amountUsd <= decimal("100")`),
    advice: /&& tx\.amount <= tables/,
    good: approve(`${PAY} && ${LIMITED} && tx.amountUsd <= decimal("100")`),
  },
  'a way around the limits': {
    code: 'destinations-open',
    bad: approve(
      `tx.operation == "TRANSFER" && ${LIMITED} && (tx.destinations.all(d, d in lists.payees) || ¦tx.sourceId in lists.vaults)`,
    ),
    advice: /tx\.destinations\.all/,
    good: approve(
      `tx.operation == "TRANSFER" && ${LIMITED} && tx.destinations.all(d, d in lists.payees) && tx.sourceId in lists.vaults`,
    ),
  },
  'any method of a contract': {
    code: 'method-open',
    bad: approve(`¦${CALL} && ${SENT}`),
    advice: /tx\.call\.signature == "transfer\(address,uint256\)"/,
    good: GOOD_CALL,
  },
  'any contract': {
    code: 'contract-open',
    bad: approve(
      `¦tx.operation == "CONTRACT_CALL" && tx.amount == decimal("0") && tx.call.signature == "deposit()"`,
    ),
    advice: /tx\.call\.contract in/,
    good: approve(`${CALL} && tx.call.signature == "deposit()"`),
  },
  'any arguments': {
    code: 'arguments-open',
    bad: approve(`¦${CALL} && ${TO}`),
    advice: /tx\.call\.transfers\.all/,
    good: GOOD_CALL,
  },
  'any coins with a call': {
    code: 'coins-open',
    bad: approve(`¦${CALL.replace('tx.amount == decimal("0") && ', '')} && ${TO} && ${SENT}`),
    advice: /tx\.amount == decimal\("0"\)/,
    good: GOOD_CALL,
  },
  'tokens to anybody': {
    code: 'recipient-open',
    bad: approve(`¦${CALL} && ${TO} && ${SENT.replace('t.to in lists.payees && ', '')}`),
    advice: /t\.to in lists/,
    good: GOOD_CALL,
  },
  'any amount of tokens': {
    code: 'token-amount-open',
    bad: approve(`¦${CALL} && ${TO} && ${SENT.replace(' && t.amount <= tables.limits[t.asset]', '')}`),
    advice: /t\.amount <= tables/,
    good: GOOD_CALL,
  },
  'any spender': {
    code: 'spender-open',
    bad: approve(`¦${CALL} && ${APPROVED} && ${SPENT.replace('a.spender in lists.spenders && ', '')}`),
    advice: /a\.spender in lists\.spenders/,
    good: GOOD_APPROVAL,
  },
  'an approval without a limit': {
    code: 'approval-unlimited',
    bad: approve(`¦${CALL} && ${APPROVED} && tx.call.approvals.all(a, a.spender in lists.spenders)`),
    advice: /!a\.unlimited && a\.amount <= /,
    good: GOOD_APPROVAL,
  },
  'any typed message': {
    code: 'primary-type-open',
    bad: approve(`¦tx.operation == "TYPED_MESSAGE" && ${PERMIT}`),
    advice: /primaryType == "Permit"/,
    good: approve(`${MESSAGE} && ${PERMIT}`),
  },
  'whatever a message permits': {
    code: 'message-open',
    bad: approve(`¦${MESSAGE}`),
    advice: /tx\.typedData\.approvals\.all/,
    good: approve(`${MESSAGE} && ${PERMIT}`),
  },
  'raw signatures': {
    code: 'raw-open',
    bad: approve('¦tx.operation == "RAW" && tx.sourceId in lists.vaults'),
    advice: /do not approve RAW/,
    good: reject('tx.operation == "RAW" && tx.sourceId in lists.vaults'),
  },
  'any program': {
    code: 'program-open',
    bad: approve('¦tx.operation == "PROGRAM_CALL" && tx.sourceId in lists.vaults'),
    advice: /tx\.solana\.instructions\.all/,
    good: approve(
      'tx.operation == "PROGRAM_CALL" && tx.solana.instructions.all(i, i.program in ["11111111111111111111111111111111"])',
    ),
  },
  'any change of the workspace': {
    code: 'type-open',
    bad: config('approve', '¦config.signerId in lists.users'),
    advice: /config\.type == "UNMANAGED_WALLET"/,
    good: config('approve', WALLET),
  },
  'any new wallet': {
    code: 'wallet-open',
    bad: config('approve', '¦config.type == "UNMANAGED_WALLET"'),
    advice: /config\.extraInfo\.address in lists/,
    good: config('approve', WALLET),
  },
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
};

for (const [name, { code, bad, advice, good }] of Object.entries(HABITS)) {
  t.test(`warns of a habit: ${name}`, (t) => {
    const found = advise(bad);
    t.match(
      found.advice.filter((each) => each.code === code),
      [{ ...found.place, file: 'policy.yaml', message: /./, advice, excerpt: /./ }],
    );
    t.strictSame(advise(good).advice, []);
    t.end();
  });
}
