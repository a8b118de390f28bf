// Tests that check finds what a rule that approves leaves open.
import t from 'tap';
import { advise, approve, policyOf, reject, rule, testHabits } from './policies.js';

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
const config = (action: string, when: string): string => policyOf(rule(action, when, 'configuration'));
const WALLET =
  'config.type == "UNMANAGED_WALLET" && !has(config.extraInfo.tag) && config.extraInfo.address in lists.payees';

testHabits(t, {
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
  'who may decide': {
    code: 'governance-open',
    bad: config('approve', '¦config.type in ["ADD_USER", "POLICY_CHANGE"]'),
    advice: /action: ignore/,
    good: config('ignore', 'config.type in ["ADD_USER", "POLICY_CHANGE"]'),
  },
});

t.test('what your own system announced or signed is not open', (t) => {
  const codes = (when: string, more = ''): readonly string[] =>
    advise(`${approve(when)}${more}`).advice.map(({ code }) => code);
  t.strictSame(codes('has(tx.expected) && tx.expected.matches'), []);
  t.ok(codes('has(tx.expected) && !tx.expected.matches').includes('amount-open'));
  t.ok(codes('has(tx.expected)').includes('amount-open'));
  const initiators = `initiators:
  payouts: { key: MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE= }
`;
  t.strictSame(codes('has(tx.initiator) && tx.initiator == "payouts"', initiators), []);
  t.ok(codes('has(tx.initiator) && tx.initiator != "payouts"', initiators).includes('amount-open'));
  t.end();
});

t.test('a limit of the amounts of each asset bounds a rule', (t) => {
  const codes = (limit: string): readonly string[] =>
    advise(`${approve(`${PAY} && tx.asset == "ETH"`)}limits:\n  daily: ${limit}\n`).advice.map(
      ({ code }) => code,
    );
  const max = 'window: 24h, max: "10"';
  t.strictSame(codes(`{ amount: tx.amount, per: [tx.sourceId, tx.asset], ${max} }`), []);
  t.strictSame(
    codes(`{ when: 'tx.operation == "TRANSFER"', amount: tx.amount, per: [tx.asset], ${max} }`),
    [],
  );
  t.ok(codes(`{ amount: tx.amount, ${max} }`).includes('amount-open'));
  t.ok(codes(`{ per: [tx.asset], ${max} }`).includes('amount-open'));
  t.ok(
    codes(`{ when: 'tx.asset == "BTC"', amount: tx.amount, per: [tx.asset], ${max} }`).includes(
      'amount-open',
    ),
  );
  t.end();
});
