// Tests properties of decisions that hold for any request.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { samplePayload } from '../../cli/cosigner/request.js';
import { decideSafely } from '../../src/policy/evaluate/decide.js';
import { FACT_TYPES, factsOf, RECORDED_FIELDS } from '../../src/policy/facts/facts.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import { recordFacts } from '../../src/policy/evaluate/record.js';
import {
  decideBy,
  INTEGRITY,
  type Policy,
  type RuleDecision,
  signedBy,
} from '../../src/policy/evaluate/rules.js';
import { ACTIONS } from '../../src/protocol/decision.js';
import { type CallbackRequest, isSigning, type Kind } from '../../src/protocol/request.js';
import { Comparison } from '../../src/routes/comparison.js';
import { initiator } from '../helpers/announced.js';
import { memoryLog } from '../helpers/log.js';

const RUNS = 20_000;

/** Expressions that read every fact and may fail. */
const EXPRESSIONS: Readonly<Record<Kind, readonly string[]>> = {
  transaction: [
    'true',
    'false',
    ...Object.entries(FACT_TYPES.tx).map(([name, type]) => readingOf(`tx.${name}`, type)),
    ...Object.entries(FACT_TYPES.destination).map(
      ([name, type]) => `tx.destinations.exists(d, ${readingOf(`d.${name}`, type)})`,
    ),
    'tx.destinations.all(d, has(d.address) && d.address in lists.known)',
    'tx.destinations.filter(d, d in lists.payees).size() > 0',
    'tx.amount <= tables.max[tx.asset]',
    'tx.call.transfers.all(t, t.to in lists.known) && tx.call.args[0] == "x"',
    'has(tx.call.method) && decimal(tx.call.args[1]) > decimal("0")',
    'tx.evm.maxFee < decimal("1") || tx.raw.problem.contains("rawTx")',
    'tx.destAddress in lists.known || tx.note == "x"',
    'tx.extraParameters.a.b == 1 && tx.amount + tx.fee <= decimal("10")',
    'tx.operation == "x" && tx.asset == "x" && tx.note == "x" || tx.sourceId == "x"',
    'tx.operation == "x" && (tx.asset == "1" && tx.note == "x")',
    'has(tx.amountUsd) && tx.amountUsd <= decimal("10000")',
  ],
  configuration: [
    'true',
    'false',
    ...Object.entries(FACT_TYPES.config).map(([name, type]) => readingOf(`config.${name}`, type)),
    'config.extraInfo.address in lists.known',
    'has(config.extraInfo.tag) && config.extraInfo.tag == "x"',
    'config.type == "x" && config.signerId == "x"',
  ],
};

function readingOf(fact: string, type: string): string {
  switch (type) {
    case 'Decimal':
      return `${fact} >= decimal("1")`;
    case 'dyn':
      return `has(${fact}) && ${fact} != "x"`;
    case 'list<Destination>':
      return `${fact}.size() > 1`;
    case 'string':
    case 'Address':
      return `${fact} == "${fact === 'tx.stage' ? 'signing' : 'x'}"`;
    // An object with facts of its own.
    default:
      return `has(${fact}) && !tx.raw.verified`;
  }
}

const rule = fc.constantFrom<Kind[]>('transaction', 'configuration').chain((kind) =>
  fc.record({
    for: fc.constant(kind),
    when: fc.constantFrom(...EXPRESSIONS[kind]),
    action: fc.constantFrom('approve', 'reject', 'retry', 'ignore'),
  }),
);
const INITIATOR = initiator();
const policies = fc
  .record({
    rules: fc.array(rule, { maxLength: 6 }),
    otherwise: fc.constantFrom('reject', 'retry', 'ignore'),
    onError: fc.constantFrom('reject', 'retry'),
  })
  .map(({ rules, ...rest }) =>
    parsePolicy(
      JSON.stringify({
        version: 1,
        lists: {
          known: ['0xAB', 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'],
          payees: [{ address: '0xab', tag: 'x', name: 'X' }],
        },
        tables: { max: { x: '1', ETH: '5' } },
        initiators: { x: { key: INITIATOR.pem } },
        rules: rules.map((each, index) => ({ id: `r${index}`, ...each })),
        ...rest,
      }),
      'x',
    ),
  );
// Compiling is slow, so a few hundred policies each decide many requests.
const SAMPLED: readonly Policy[] = fc.sample(policies, 400);
const policyIndexes = fc.nat(SAMPLED.length - 1);

function sampled(index: number): Policy {
  const policy = SAMPLED[index];
  if (policy === undefined) throw new Error('no such policy');
  return policy;
}

/** Raw transactions and call data, as sent or broken. */
const signedParts = fc.record(
  {
    operation: fc.constantFrom<unknown[]>('TRANSFER', 'CONTRACT_CALL', 'RAW', 'TYPED_MESSAGE'),
    asset: fc.constantFrom<unknown[]>('ETH', 'BTC', 'SOL', 'x'),
    fee: fc.constant('0.001'),
    rawTx: fc.constantFrom<unknown[]>(
      samplePayload('transaction')['rawTx'],
      [{ rawTx: '02ef', payload: 'x' }],
      'x',
      [null],
    ),
    extraParameters: fc.constantFrom<unknown[]>(
      { contractCallData: `0xa9059cbb${'0'.repeat(24)}${'ab'.repeat(20)}${'0'.repeat(63)}1` },
      { contractCallData: '0xa9059cbb', memo: 'x' },
      { rawMessageData: { messages: [{ type: 'EIP712', content: {} }] } },
      { psbt: 'cHNidP8=' },
    ),
  },
  { requiredKeys: [] },
);

/** Any JSON value, most often one that occurs in the protocol. */
const value = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown[]>('x', '1', '0.5', '', ' 1', '1e3', 'NaN', '-1', '0xab', 'VAULT'),
  },
  { weight: 1, arbitrary: fc.jsonValue() },
  { weight: 1, arbitrary: fc.constantFrom<unknown[]>(null, 0, 1.5, -1, true, {}, [], { a: { b: 1 } }) },
);
const fieldsOf = (names: readonly string[]) =>
  fc.record(Object.fromEntries(names.map((name) => [name, value])), { requiredKeys: [] });
const destination = fieldsOf(RECORDED_FIELDS.destination);
const payload: fc.Arbitrary<Record<string, unknown>> = fc
  .tuple(
    fieldsOf([...RECORDED_FIELDS.transaction, ...RECORDED_FIELDS.configuration, 'extraParameters']),
    fc.oneof(
      fc.constant({}),
      fc.record({ destinations: fc.oneof(fc.array(destination, { maxLength: 3 }), value) }),
    ),
    fc.oneof(
      fc.constant({}),
      fc.record({ extraInfo: fc.oneof(fieldsOf(['address', 'tag', 'apiKey', 'addresses']), value) }),
    ),
    fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: signedParts }),
    fc.oneof(
      { weight: 4, arbitrary: fc.constant({}) },
      { weight: 1, arbitrary: fc.dictionary(fc.string(), fc.jsonValue()) },
    ),
  )
  .map(([fields, destinations, extraInfo, signed, others]) => ({
    ...others,
    ...fields,
    ...destinations,
    ...extraInfo,
    ...signed,
  }));
const requests: fc.Arbitrary<CallbackRequest> = fc.record({
  kind: fc.constantFrom<Kind[]>('transaction', 'configuration'),
  requestId: fc.string({ minLength: 1 }),
  payload,
});
const now = fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true });

/** A simple reference implementation: CEL evaluates each rule, up to the first that is true or fails. */
function expected(policy: Policy, request: CallbackRequest, at: Date): string {
  const signed = signedBy(policy, request);
  if (signed?.refusal !== undefined) return INTEGRITY;
  for (const each of policy.rulesFor[request.kind]) {
    try {
      if (each.evaluatePart(each.when, factsOf({ request, signed, catalog: policy.catalog }, at)) === true)
        return each.id;
    } catch {
      return 'error';
    }
  }
  return 'otherwise';
}

function assertCorrect(policy: Policy, request: CallbackRequest, at: Date, decision: RuleDecision): void {
  if (!ACTIONS.includes(decision.action)) throw new Error(`${decision.action} is not an action`);
  if (decision.action === 'IGNORE' && isSigning(request)) throw new Error('a signing request was ignored');
  const expectedRule = expected(policy, request, at);
  if (decision.action === 'APPROVE') {
    const approving = policy.rules.find(({ id }) => id === expectedRule);
    if (approving?.action !== 'APPROVE' || decision.rule !== expectedRule)
      throw new Error(`approved, but expected ${expectedRule}`);
  }
  if (expectedRule === 'error' && decision.action !== policy.onError)
    throw new Error('onError was not applied');
  if (expectedRule !== 'error' && decision.ruleError === undefined && decision.rule !== expectedRule) {
    throw new Error(`decided by ${decision.rule}, but expected ${expectedRule}`);
  }
}

t.test(
  'returns one of the four actions, and approves only if a rule is true and no earlier rule failed',
  (t) => {
    const seen = { APPROVE: 0, REJECT: 0, RETRY: 0, IGNORE: 0 };
    let errors = 0;
    fc.assert(
      fc.property(policyIndexes, requests, now, (index, request, at) => {
        const policy = sampled(index);
        const decision = decideBy(policy, request, at);
        seen[decision.action]++;
        if (decision.ruleError !== undefined) errors++;
        assertCorrect(policy, request, at, decision);
      }),
      { numRuns: RUNS },
    );
    t.comment(JSON.stringify({ ...seen, errors }));
    t.ok(Math.min(...Object.values(seen), errors) > RUNS / 200, 'every action and errors occur often');
    t.end();
  },
);

t.test('makes the same decision from the logged facts of a request, unless facts were omitted', (t) => {
  fc.assert(
    fc.property(policyIndexes, requests, now, (index, request, at) => {
      const policy = sampled(index);
      const { facts, omitted = [] } = recordFacts(request);
      if (omitted.length > 0) return;
      const logged = JSON.parse(JSON.stringify(facts)) as Record<string, unknown>;
      const again = decideBy(policy, { ...request, payload: logged }, at);
      const first = decideBy(policy, request, at);
      if (again.action !== first.action || again.rule !== first.rule) throw new Error('another decision');
    }),
    { numRuns: RUNS },
  );
  t.end();
});

t.test('decideSafely never reports an error for a policy decision', async (t) => {
  await fc.assert(
    fc.asyncProperty(policyIndexes, requests, now, async (index, request, at) => {
      const { decision, fault } = await decideSafely((each) => decideBy(sampled(index), each, at), request, {
        timeoutMs: 5000,
      });
      if (fault !== undefined) throw new Error('the decision failed', { cause: fault });
      if (!ACTIONS.includes(decision.action)) throw new Error('unknown action');
    }),
    { numRuns: 2000 },
  );
  t.end();
});

/** The same policies; every second one without integrity checks, so that it reads other things from what is signed. */
const CANDIDATES: readonly Policy[] = SAMPLED.map((policy, index) => {
  const { catalog } = policy;
  const off = {
    payload: 'off',
    recipient: 'off',
    amount: 'off',
    chain: 'off',
    fee: 'off',
    display: 'off',
  } as const;
  const integrity = { ...catalog.integrity, ...off };
  return index % 2 === 0 ? policy : { ...policy, catalog: { ...catalog, integrity } };
});

t.test('decides the same with and without a candidate, for any pair of policies', async (t) => {
  const state: { current: Policy | undefined } = { current: undefined };
  const { log, of } = memoryLog();
  const comparison = new Comparison({ candidate: state, log, allowance: () => performance.now() });
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(policyIndexes, policyIndexes, requests, now, async (index, other, request, at) => {
      const policy = sampled(index);
      state.current = CANDIDATES[other];
      const sent = JSON.stringify(request);
      const alone = decideBy(policy, request, at);
      const decision = comparison.decideBy(policy, request, at);
      if (!isDeepStrictEqual(decision, alone)) throw new Error('another decision with a candidate');
      const answered = JSON.stringify(decision);
      const before = of('candidate_differs').length;
      comparison.compareLater(request, decision, 1);
      await nextTurn();
      if (JSON.stringify(decision) !== answered) throw new Error('the decision was changed afterwards');
      if (JSON.stringify(request) !== sent) throw new Error('the request was changed');
      const again = decideBy(policy, request, at);
      if (!isDeepStrictEqual(again, alone)) throw new Error('another decision after the comparison');
      // What is logged is what the candidate decides by itself.
      const candidate = decideBy(state.current ?? policy, request, at);
      const [line] = of('candidate_differs').slice(before);
      const differs =
        candidate.action !== decision.action ||
        (candidate.ruleError !== undefined && decision.ruleError === undefined);
      if (differs !== (line !== undefined))
        throw new Error(`logged ${line === undefined ? 'no' : 'a'} difference`);
      if (line !== undefined) {
        compared++;
        const { action, rule } = line['candidate'] as RuleDecision;
        if (action !== candidate.action || rule !== candidate.rule)
          throw new Error('another candidate decision');
      }
    }),
    { numRuns: RUNS / 4 },
  );
  t.ok(compared > RUNS / 40, `${compared} differences`);
});
