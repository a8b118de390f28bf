// What is logged of a request and its decision.
import t from 'tap';
import { type Payload, samplePayload } from '../../cli/cosigner/request.js';
import { testApp } from '../helpers/app.js';
import { NO_MEMORY } from '../../src/policy/evaluate/memory.js';
import { decideBy } from '../../src/policy/evaluate/rules.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import { createPeople, heldPolicy } from '../helpers/held-people.js';
import { policyOf } from '../helpers/policy.js';
import { memoryLog } from '../helpers/log.js';
import { claimsOf, post, signed } from '../helpers/post.js';

t.test('logs one line per decision, without secrets', async (t) => {
  const { app, of, lines } = await testApp(t);
  const payload: Payload = {
    ...samplePayload('transaction'),
    signerId: 's-1',
    extraParameters: { k: 'hush-1' },
  };
  await post(app, '/v2/tx_sign_request', signed(payload), {
    'x-amzn-trace-id': 'Root=1-67891233-abcdef012345678912345678',
  });
  await post(
    app,
    '/v2/config_change_sign_request',
    signed({ requestId: 'c-1', type: 'EXCHANGE', extraInfo: { apiKey: 'hush-2' } }),
  );
  const [transaction, configuration] = of('decision');
  t.match(transaction, {
    level: 'info',
    kind: 'transaction',
    requestId: payload['requestId'],
    txId: payload['txId'],
    signerId: 's-1',
    operation: 'TRANSFER',
    asset: 'ETH',
    amount: '0.010000000000000000',
    source: 'VAULT:0',
    destination: 'VAULT:1',
    action: 'REJECT',
    reason: /Everything/,
    durationMs: Number,
    cosignerKey: /^[0-9a-f]{64}$/,
    traceId: 'Root=1-67891233-abcdef012345678912345678',
  });
  t.match(configuration, { kind: 'configuration', requestId: 'c-1', type: 'EXCHANGE', action: 'REJECT' });
  t.equal(of('decision').length, 2);
  t.notMatch(JSON.stringify(lines), /hush/);
});

t.test('logs the address of a destination that has no id', async (t) => {
  const { app, of } = await testApp(t);
  const payload = {
    requestId: 'r',
    destType: 'ONE_TIME_ADDRESS',
    destId: '',
    destAddress: '0xabc',
    amountStr: 5,
  };
  await post(app, '/callback', signed(payload));
  t.match(of('decision'), [{ destination: 'ONE_TIME_ADDRESS:0xabc' }]);
  t.equal(of('decision')[0]?.['amount'], undefined, 'a field of an undocumented type is left out');
});

t.test('logs the operation as it was sent', async (t) => {
  const policy = policyOf('tx.operation == "TRANSFER"');
  const { app, of } = await testApp(t, { decide: (request) => decideBy(policy, request, new Date()) });
  await post(app, '/callback', signed({ requestId: 'r', asset: 'ETH' }));
  t.match(of('decision'), [{ action: 'APPROVE', rule: 'rule' }]);
  t.equal(of('decision')[0]?.['operation'], undefined);
});

t.test('does not log names of undocumented fields of extraInfo', async (t) => {
  const { app, lines, of } = await testApp(t);
  const extraInfo = { subType: 'X', 'hush-3': 'hush-4' };
  await post(app, '/callback', signed({ requestId: 'r', type: 'EXCHANGE', extraInfo }));
  t.match(of('decision'), [{ facts: { extraInfo: { subType: 'X' } }, omitted: ['extraInfo.*'] }]);
  t.notMatch(JSON.stringify(lines), /hush/);
});

t.test('logs where a request stands with the limits that concern it', async (t) => {
  const limits = { l: { amount: 'tx.amount', per: ['tx.asset'], window: '1h', max: '5' } };
  const policy = policyOf('true', { policy: { limits } });
  const { app, of } = await testApp(t, {
    decide: (request) => decideBy(policy, request, new Date(), undefined, undefined, NO_MEMORY),
  });
  await post(app, '/callback', signed({ requestId: 'r', asset: 'ETH', amountStr: '2.50' }));
  await post(app, '/callback', signed({ requestId: 's', asset: 'ETH', amountStr: '5.01' }));
  t.match(of('decision'), [
    {
      action: 'APPROVE',
      rule: 'rule',
      limits: { l: { key: 'ETH', amount: '2.5', spent: '0', max: '5', remaining: '5' } },
    },
    {
      action: 'REJECT',
      rule: 'limits.l',
      reason: /^Limit l: 0 of 5 are spent/,
      limits: { l: { amount: '5.01' } },
    },
  ]);
});

t.test('logs where a held request stands with people', async (t) => {
  const policy = parsePolicy(heldPolicy(createPeople()), 'test');
  const { app, of } = await testApp(t, {
    decide: (request) => decideBy(policy, request, new Date(), undefined, undefined, NO_MEMORY),
  });
  await post(app, '/callback', signed({ requestId: 'r', asset: 'ETH', amountStr: '2.50' }));
  t.match(of('decision'), [
    {
      action: 'RETRY',
      rule: 'large',
      hold: { name: 'treasury', state: 'waiting', quorum: 2, approvals: [], since: String, expires: String },
    },
  ]);
});

t.test('logs the rule, the policy and the facts of a decision', async (t) => {
  const policy = policyOf('tx.note == "x"');
  const { app, of } = await testApp(t, { decide: (request) => decideBy(policy, request, new Date()) });
  await post(
    app,
    '/v2/tx_sign_request',
    signed({ requestId: 'r', note: 'x', extraParameters: {}, rawTx: ['hush'] }),
  );
  t.match(of('decision')[0], {
    action: 'APPROVE',
    rule: 'rule',
    policy: policy.hash,
    tried: ['rule'],
    facts: { requestId: 'r', note: 'x', extraParameters: {}, rawTx: [null] },
    msg: 'APPROVE transaction by rule rule',
  });
  t.notMatch(JSON.stringify(of('decision')), 'hush');
});

/** The published transfer, which signs what it displays, with changes. */
const published = (changes: Payload): Payload => ({ ...samplePayload('transaction'), ...changes });

t.test('logs whether a signing request signs what it displays', async (t) => {
  const policy = policyOf('true');
  const { app, of } = await testApp(t, { decide: (request) => decideBy(policy, request, new Date()) });
  const send = (changes: Payload) => post(app, '/v2/tx_sign_request', signed(published(changes)));
  await send({});
  await send({ asset: 'UNKNOWN' });
  await send({ rawTx: undefined });
  const [verified, unknown, displayed] = of('decision');
  t.match(verified, { action: 'APPROVE', verified: true, problem: undefined });
  t.match(unknown, { action: 'APPROVE', verified: false, problem: String });
  t.notOk('verified' in (displayed ?? {}), 'without a raw transaction there is nothing to compare');
});

t.test('rejects a request that contradicts what it signs, and logs an error', async (t) => {
  const policy = policyOf('true');
  const { app, of } = await testApp(t, { decide: (request) => decideBy(policy, request, new Date()) });
  const stranger = '0x00000000219ab540356cBB839Cbe05303d7705Fa';
  const destinations = [{ amountNativeStr: '0.01', displayDstAddress: stranger }];
  const reply = await post(
    app,
    '/v2/tx_sign_request',
    signed(published({ requestId: 'r', destAddress: stranger, destinations })),
  );
  t.match(claimsOf(reply.body), { action: 'REJECT', rejectionReason: /^recipient: .*0x0{8}219ab540/i });
  t.match(of('integrity_failed'), [{ level: 'error', requestId: 'r', check: 'recipient', reason: String }]);
  t.match(of('decision'), [
    { action: 'REJECT', rule: 'integrity', verified: false, problem: String, facts: { rawTx: [{}] } },
  ]);
});

t.test('logs what a list calls the destination', async (t) => {
  const policy = policyOf('tx.destinations.all(d, d in lists.payees)', {
    lists: { payees: [{ address: '0x5dc69b1fbb13bafd09af88a782f0f285772ad5f8', name: 'Network deposits' }] },
  });
  const { app, of } = await testApp(t, { decide: (request) => decideBy(policy, request, new Date()) });
  await post(app, '/v2/tx_sign_request', signed(published({})));
  t.match(of('decision'), [{ action: 'APPROVE', destinationName: 'Network deposits' }]);
});

t.test('logs the evaluated rules only at debug level', async (t) => {
  const memory = memoryLog('info');
  const policy = policyOf('true');
  const { app } = await testApp(t, {
    log: memory.log,
    decide: (request) => decideBy(policy, request, new Date()),
  });
  await post(app, '/v2/tx_sign_request', signed({ requestId: 'r' }));
  t.match(memory.of('decision'), [{ rule: 'rule' }]);
  t.notOk('tried' in (memory.of('decision')[0] ?? {}));
});

t.test('responds with the onError action and logs an error if a rule can’t be evaluated', async (t) => {
  const policy = policyOf('tx.note == "x"', { onError: 'reject' });
  const { app, of } = await testApp(t, { decide: (request) => decideBy(policy, request, new Date()) });
  const reply = await post(app, '/v2/tx_sign_request', signed({ requestId: 'r' }));
  t.match(claimsOf(reply.body), {
    action: 'REJECT',
    rejectionReason: 'Rule rule could not be evaluated for this request.',
  });
  t.match(of('rule_failed'), [{ level: 'error', requestId: 'r', rule: 'rule', reason: 'tx.note is absent' }]);
  t.match(of('decision'), [{ rule: 'rule', ruleError: 'tx.note is absent' }]);
});
