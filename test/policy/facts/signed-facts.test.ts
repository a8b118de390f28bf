import t from 'tap';
import { AddressValue, type CallFacts, type Reading } from '../../../src/chain/facts.js';
import { readSigned, type Signed } from '../../../src/chain/read.js';
import { toInteger } from '../../../src/chain/units.js';
import { decideBy } from '../../../src/policy/evaluate/rules.js';
import { FACT_CLASSES } from '../../../src/policy/facts/facts.js';
import { Decimal } from '../../../src/protocol/decimal.js';
import { messagesAbout, policyOf, type PolicyParts, request } from '../../helpers/policy.js';

const TOKEN = '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48';
const PAYEE = '0x5dc69b1fbb13bafd09af88a782f0f285772ad5f8';
const STRANGER = '0x00000000219ab540356cbb839cbe05303d7705fa';
const five = toInteger(5);

/** @returns whether a rule matches a transaction that signs this, or why it can't be evaluated */
function evaluate(when: string, reading: Partial<Signed>, parts: PolicyParts = {}): boolean | string {
  const policy = policyOf(when, parts);
  const transaction = request({ asset: 'ETH' });
  const nothing = readSigned(transaction, policy.catalog);
  const signed: Signed = { ...nothing, chain: 'evm/1', ...reading };
  const { ruleError, rule } = decideBy(policy, transaction, new Date(0), signed);
  return ruleError ?? rule === 'rule';
}

const evm: NonNullable<Reading['evm']> = {
  chainId: toInteger(1),
  to: PAYEE,
  value: new Decimal('0.5'),
  maxFee: new Decimal('0.01'),
  nonce: toInteger(7),
  delegates: [STRANGER],
};
const transfer = {
  token: TOKEN,
  asset: 'USDC',
  from: STRANGER,
  to: PAYEE,
  amount: new Decimal('0.000005'),
  units: five,
  id: five,
};
const approval = {
  token: TOKEN,
  asset: 'USDC',
  spender: PAYEE,
  amount: new Decimal('0.000005'),
  units: five,
  unlimited: false,
};
const effects = { transfers: [transfer], approvals: [approval], complete: true };
const call: CallFacts = {
  contract: TOKEN,
  selector: '0xa9059cbb',
  method: 'transfer',
  signature: 'transfer(address,uint256)',
  args: [
    { name: 'to', value: new AddressValue(PAYEE, 'evm/1') },
    { name: 'amount', value: five },
    { name: '', value: [true, { inner: 'x' }] },
  ],
  effects,
};
const bitcoin: Reading['bitcoin'] = {
  outputs: [{ address: PAYEE, amount: new Decimal('0.1'), isChange: false }],
  change: new Decimal('0.2'),
  fee: new Decimal('0.0001'),
  inputs: [{ txId: 'ab', index: five, amount: new Decimal('0.3001') }],
};
const solana: Reading['solana'] = {
  instructions: [{ program: PAYEE, name: 'system.transfer', accounts: [STRANGER], data: '0x01' }],
  transfers: [transfer],
  complete: true,
};
const typedData: Reading['typedData'] = {
  primaryType: 'Permit',
  domain: { chainId: toInteger(1), verifyingContract: new AddressValue(TOKEN, 'evm/1') },
  message: { spender: new AddressValue(PAYEE, 'evm/1'), value: five },
  effects,
};

const own = (fact: string): string => `tx.call.transfers.all(t, ${fact})`;
const approved = (fact: string): string => `tx.call.approvals.all(a, ${fact})`;
/** For each fact, what is read and an expression that is true for it. */
const present: Readonly<Record<string, readonly [Partial<Signed>, string]>> = {
  'Raw.verified': [{ verified: true }, 'tx.raw.verified'],
  'Raw.problem': [{ problem: 'p' }, 'tx.raw.problem == "p"'],
  'Raw.chain': [{}, 'tx.raw.chain == "evm/1"'],
  'Evm.chainId': [{ evm }, 'tx.evm.chainId == decimal("1")'],
  'Evm.to': [{ evm }, `tx.evm.to == "${PAYEE.toUpperCase()}"`],
  'Evm.value': [{ evm }, 'tx.evm.value == decimal("0.5")'],
  'Evm.maxFee': [{ evm }, 'tx.evm.maxFee <= decimal("0.01")'],
  'Evm.nonce': [{ evm }, 'tx.evm.nonce == decimal("7")'],
  'Evm.delegates': [{ evm }, `tx.evm.delegates.exists(e, e == "${STRANGER}")`],
  'Call.contract': [{ call }, 'tx.call.contract in lists.tokens'],
  'Call.selector': [{ call }, 'tx.call.selector == "0xa9059cbb"'],
  'Call.method': [{ call }, 'tx.call.method == "transfer"'],
  'Call.signature': [{ call }, 'tx.call.signature == "transfer(address,uint256)"'],
  'Call.args': [{ call }, 'tx.call.args.to in lists.payees && tx.call.args[1] <= decimal("5")'],
  'Call.transfers': [{ call }, 'tx.call.transfers.size() == 1'],
  'Call.approvals': [{ call }, 'tx.call.approvals.size() == 1'],
  'Call.complete': [{ call }, 'tx.call.complete'],
  'Transfer.token': [{ call }, own('t.token in lists.tokens')],
  'Transfer.asset': [{ call }, own('t.asset == "USDC"')],
  'Transfer.from': [{ call }, own(`t.from == "${STRANGER}"`)],
  'Transfer.to': [{ call }, own('t.to in lists.payees')],
  'Transfer.amount': [{ call }, own('t.amount == decimal("0.000005")')],
  'Transfer.units': [{ call }, own('t.units == decimal("5")')],
  'Transfer.id': [{ call }, own('t.id == decimal("5")')],
  'Approval.token': [{ call }, approved('a.token in lists.tokens')],
  'Approval.asset': [{ call }, approved('a.asset == "USDC"')],
  'Approval.spender': [{ call }, approved('a.spender in lists.payees')],
  'Approval.amount': [{ call }, approved('a.amount <= decimal("1")')],
  'Approval.units': [{ call }, approved('a.units == decimal("5")')],
  'Approval.unlimited': [{ call }, approved('!a.unlimited')],
  'Bitcoin.outputs': [{ bitcoin }, 'tx.btc.outputs.size() == 1'],
  'Bitcoin.change': [{ bitcoin }, 'tx.btc.change == decimal("0.2")'],
  'Bitcoin.fee': [{ bitcoin }, 'tx.btc.fee == decimal("0.0001")'],
  'Bitcoin.inputs': [{ bitcoin }, 'tx.btc.inputs.size() == 1'],
  'Output.address': [{ bitcoin }, 'tx.btc.outputs.all(o, o.address in lists.payees)'],
  'Output.amount': [{ bitcoin }, 'tx.btc.outputs[0].amount == decimal("0.1")'],
  'Output.isChange': [{ bitcoin }, 'tx.btc.outputs.all(o, !o.isChange)'],
  'Input.txId': [{ bitcoin }, 'tx.btc.inputs.all(i, i.txId == "ab")'],
  'Input.index': [{ bitcoin }, 'tx.btc.inputs.all(i, i.index == decimal("5"))'],
  'Input.amount': [{ bitcoin }, 'tx.btc.inputs[0].amount == decimal("0.3001")'],
  'Solana.instructions': [{ solana }, 'tx.solana.instructions.size() == 1'],
  'Solana.transfers': [{ solana }, 'tx.solana.transfers.all(t, t.to in lists.payees)'],
  'Solana.complete': [{ solana }, 'tx.solana.complete'],
  'Instruction.program': [{ solana }, 'tx.solana.instructions.all(i, i.program in lists.payees)'],
  'Instruction.name': [{ solana }, 'tx.solana.instructions.all(i, i.name == "system.transfer")'],
  'Instruction.accounts': [{ solana }, 'tx.solana.instructions[0].accounts.size() == 1'],
  'Instruction.data': [{ solana }, 'tx.solana.instructions[0].data == "0x01"'],
  'TypedData.primaryType': [{ typedData }, 'tx.typedData.primaryType == "Permit"'],
  'TypedData.domain': [{ typedData }, 'tx.typedData.domain.verifyingContract in lists.tokens'],
  'TypedData.message': [{ typedData }, 'tx.typedData.message.value <= decimal("5")'],
  'TypedData.transfers': [{ typedData }, 'tx.typedData.transfers.all(t, t.to in lists.payees)'],
  'TypedData.approvals': [{ typedData }, 'tx.typedData.approvals.all(a, a.spender in lists.payees)'],
  'TypedData.complete': [{ typedData }, 'tx.typedData.complete'],
};
const lists = {
  payees: [PAYEE.toUpperCase().replace('0X', '0x')],
  tokens: [{ address: TOKEN.slice(2), name: 'USDC' }],
};

for (const [fact, [reading, when]] of Object.entries(present)) {
  t.test(`reads ${fact}`, (t) => {
    t.equal(evaluate(when, reading, { lists }), true, when);
    t.not(evaluate(when, { chain: undefined }, { lists }), true, 'not without it');
    t.end();
  });
}

t.test('tests every fact about what is signed', (t) => {
  const tested = new Set(['Transaction', 'Destination', 'Configuration', 'Expected']);
  const facts = Object.entries(FACT_CLASSES).flatMap(([name, { facts: own }]) =>
    tested.has(name) ? [] : Object.keys(own).map((fact) => `${name}.${fact}`),
  );
  t.strictSame(Object.keys(present).sort(), facts.sort());
  t.end();
});

t.test('what could not be read is absent, except for tx.raw', (t) => {
  for (const fact of ['evm', 'call', 'btc', 'solana', 'typedData']) {
    t.equal(evaluate(`has(tx.${fact})`, {}), false, fact);
  }
  t.equal(evaluate('tx.call.method == "transfer"', {}), 'tx.call is absent');
  t.equal(evaluate('has(tx.raw) && !tx.raw.verified', {}), true);
  t.equal(evaluate('has(tx.call.method)', {}), false, 'a fact of what is absent is absent');
  t.equal(evaluate('has(tx.evm.to)', { evm: { ...evm, to: undefined } }), false);
  t.end();
});

t.test('an unknown method has no effects that a rule could take for none', (t) => {
  const unknown = { call: { contract: TOKEN, selector: '0x12345678' } };
  for (const fact of ['method', 'signature', 'args', 'transfers', 'approvals']) {
    t.equal(evaluate(`has(tx.call.${fact})`, unknown), false, fact);
  }
  t.equal(evaluate('tx.call.complete', unknown), false);
  t.equal(evaluate('tx.call.transfers.all(t, true)', unknown), 'tx.call.transfers is absent');
  t.equal(evaluate('tx.call.approvals.size() == 0', unknown), 'tx.call.approvals is absent');
  t.end();
});

t.test('a rule can’t take a list for complete of which a part can’t be read', (t) => {
  const error = 'a part of what is signed can’t be read: check .complete first';
  const partly = { call: { ...call, effects: { ...effects, complete: false } } };
  const nothing = { call: { ...call, effects: { transfers: [], approvals: [], complete: false } } };
  t.equal(evaluate('tx.call.complete', partly), false);
  t.equal(evaluate('tx.call.transfers.all(t, t.to in lists.payees)', partly, { lists }), error);
  t.equal(evaluate('tx.call.approvals.all(a, has(a.spender))', partly), error);
  t.equal(evaluate('tx.call.transfers.exists(t, t.to in lists.payees)', partly, { lists }), true);
  t.equal(evaluate(`tx.call.transfers.exists(t, t.to == "${TOKEN}")`, partly), error);
  t.equal(evaluate('tx.call.transfers.all(t, t.to in lists.payees)', nothing, { lists }), error);
  t.equal(evaluate('tx.call.approvals.size() == 0', nothing), false);
  t.equal(
    evaluate('tx.solana.transfers.all(t, has(t.to))', { solana: { ...solana, complete: false } }),
    error,
  );
  t.equal(
    evaluate('tx.typedData.approvals.all(a, !a.unlimited)', {
      typedData: { ...typedData, effects: { ...effects, complete: false } },
    }),
    error,
  );
  t.end();
});

t.test('reads arguments of a call by name and by position', (t) => {
  for (const when of [
    'tx.call.args["to"] in lists.payees',
    'tx.call.args[0] in lists.payees',
    'tx.call.args[2][0] == true && tx.call.args[2][1].inner == "x"',
    'tx.call.args.size() == 3',
    'has(tx.call.args.amount) && !has(tx.call.args.other)',
    'decimal(tx.call.args.amount) == decimal("5")',
    'tx.call.args.to != "0x1"',
  ]) {
    t.equal(evaluate(when, { call }, { lists }), true, when);
  }
  t.equal(evaluate('tx.call.args.other == "x"', { call }), 'tx.call.args.other is absent');
  t.equal(evaluate('tx.call.args[3] == "x"', { call }), 'tx.call.args[3] is absent');
  const named = { call: { ...call, args: [{ name: '__proto__', value: 'x' }] } };
  t.equal(evaluate('tx.call.args[0] == "x" && tx.call.args["__proto__"] == "x"', named), true);
  t.end();
});

t.test('a number of a call or message is never taken for unequal to a string or another number', (t) => {
  const error = 'a number is compared with something else: write decimal("…") on both sides';
  for (const when of [
    'tx.call.args.amount == "5"',
    'tx.call.args.amount != "5"',
    'tx.call.args.amount == 5',
    'tx.call.args.amount != 5.0',
    '"5" == tx.call.args.amount',
    'tx.call.args.amount in ["5"]',
    'tx.call.args.amount in [5]',
  ]) {
    t.equal(evaluate(when, { call }), error, when);
  }
  t.equal(evaluate('tx.call.args.amount == decimal("5")', { call }), true);
  t.equal(evaluate('tx.call.args.amount != decimal("5")', { call }), false);
  t.match(messagesAbout('tx.call.args.amount in [decimal("5")]'), [/write decimal\(…\) around the value$/]);
  t.end();
});

t.test('refuses unknown facts about what is signed when the policy is loaded', (t) => {
  for (const [when, message] of [
    ['tx.cal.method == "x"', /^unknown fact "cal" in tx; did you mean "call"\?$/],
    ['tx.call.methd == "x"', /^unknown fact "methd" in tx\.call; did you mean "method"\?$/],
    ['has(tx.evm.maxfees)', /^unknown fact "maxfees" in tx\.evm; did you mean "maxFee"\?$/],
    ['tx.call.transfers.all(t, t.too == "x")', /^unknown fact "too" in t; did you mean "to"\?$/],
    ['tx.call.approvals[0].spenders == "x"', /^unknown fact "spenders" .*did you mean "spender"\?$/],
    ['tx.btc.outputs.all(o, o.addres == "x")', /^unknown fact "addres" in o; did you mean "address"\?$/],
    ['tx.solana.instructions.all(i, i.nam == "x")', /did you mean "name"\?$/],
    ['tx.typedData.primarytype == "x"', /did you mean "primaryType"\?$/],
    ['tx.raw.verified == "yes"', /true or false can’t be compared with a string/],
  ] as const) {
    t.match(messagesAbout(when)[0], message, when);
  }
  t.end();
});

t.test(
  'a list without entries is absent, so that a rule about all transfers matches no call that approves',
  (t) => {
    const only = (changes: object): Partial<Signed> => ({
      call: { ...call, effects: { transfers: [], approvals: [], complete: true, ...changes } },
    });
    const approves = only({ approvals: [approval] });
    t.equal(evaluate('tx.call.transfers.all(t, t.to == "0x1")', approves), 'tx.call.transfers is absent');
    t.equal(evaluate('!has(tx.call.transfers) && tx.call.approvals.size() == 1', approves), true);
    const transfers = only({ transfers: [transfer] });
    t.equal(evaluate('tx.call.approvals.all(a, !a.unlimited)', transfers), 'tx.call.approvals is absent');
    t.equal(evaluate('!has(tx.call.approvals) && tx.call.transfers.size() == 1', transfers), true);
    t.equal(
      evaluate('!has(tx.call.approvals) && !has(tx.call.transfers) && tx.call.complete', only({})),
      true,
    );
    t.end();
  },
);
