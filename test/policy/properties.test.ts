// Tests properties of decisions that hold for any request.
import fc from 'fast-check';
import t from 'tap';
import { decideSafely } from '../../src/policy/evaluate/decide.js';
import { FACT_TYPES, factsOf, RECORDED_FIELDS } from '../../src/policy/facts/facts.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import { recordFacts } from '../../src/policy/evaluate/record.js';
import { decideBy, type Policy, type RuleDecision, signedBy } from '../../src/policy/evaluate/rules.js';
import { ACTIONS } from '../../src/protocol/decision.js';
import { type CallbackRequest, isSigning, type Kind } from '../../src/protocol/request.js';

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
    default:
      return `${fact} == "${fact === 'tx.stage' ? 'signing' : 'x'}"`;
  }
}

const rule = fc.constantFrom<Kind[]>('transaction', 'configuration').chain((kind) =>
  fc.record({
    for: fc.constant(kind),
    when: fc.constantFrom(...EXPRESSIONS[kind]),
    action: fc.constantFrom('approve', 'reject', 'retry', 'ignore'),
  }),
);
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
        lists: { known: ['0xAB', 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'] },
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
    fc.oneof(
      { weight: 4, arbitrary: fc.constant({}) },
      { weight: 1, arbitrary: fc.dictionary(fc.string(), fc.jsonValue()) },
    ),
  )
  .map(([fields, destinations, extraInfo, others]) => ({
    ...others,
    ...fields,
    ...destinations,
    ...extraInfo,
  }));
const requests: fc.Arbitrary<CallbackRequest> = fc.record({
  kind: fc.constantFrom<Kind[]>('transaction', 'configuration'),
  requestId: fc.string({ minLength: 1 }),
  payload,
});
const now = fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true });

/** A simple reference implementation: CEL evaluates each rule, up to the first that is true or fails. */
function expected(policy: Policy, request: CallbackRequest, at: Date): string {
  for (const each of policy.rulesFor[request.kind]) {
    try {
      if (
        each.evaluatePart(
          each.when,
          factsOf({ request, signed: signedBy(policy, request), catalog: policy.catalog }, at),
        ) === true
      )
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
