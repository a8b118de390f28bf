// Limits in decisions: every approval must fit.
import t from 'tap';
import { NO_MEMORY } from '../../../src/policy/evaluate/memory.js';
import { decideBy, type RuleDecision } from '../../../src/policy/evaluate/rules.js';
import { parsePolicy } from '../../../src/policy/parse/file.js';
import { type Payload, request } from '../../helpers/policy.js';
import { at, DAY, HOUR, policyWith, Service } from '../limits/helpers.js';

const DAILY = { amount: 'tx.amount', window: '24h', max: '100' };

/** The decision without earlier ones. */
function first(limit: Payload, payload: Payload, more: Payload = {}): RuleDecision {
  return decideBy(policyWith({ l: limit }, more), request(payload), at(0), undefined, undefined, NO_MEMORY);
}

const amount = (amountStr: string, more: Payload = {}): Payload => ({ amountStr, ...more });

t.test('approves up to the maximum and not beyond, whichever rule approves', (t) => {
  const policy = parsePolicy(
    JSON.stringify({
      version: 1,
      limits: { daily: DAILY },
      rules: [
        { id: 'eth', for: 'transaction', when: 'tx.asset == "ETH"', action: 'approve' },
        { id: 'note', for: 'transaction', when: 'tx.note == "x"', action: 'retry' },
        { id: 'rest', for: 'transaction', when: 'true', action: 'approve' },
      ],
    }),
    'test.yaml',
  );
  const service = new Service(policy);
  t.match(service.decide('a', amount('60', { asset: 'ETH' }), at(0)), { action: 'APPROVE', rule: 'eth' });
  t.match(service.decide('b', amount('40', { asset: 'BTC', note: 'y' }), at(1)), {
    action: 'APPROVE',
    rule: 'rest',
  });
  const least = '0.000000000000000001';
  for (const payload of [amount(least, { asset: 'ETH' }), amount(least, { asset: 'BTC', note: 'y' })]) {
    t.match(service.decide('c', payload, at(2)), {
      action: 'REJECT',
      rule: 'limits.daily',
      reason: `Limit daily: 100 of 100 are spent, and ${least} more does not fit.`,
      limits: { daily: { key: '', amount: least, spent: '100', max: '100', remaining: '0' } },
    });
  }
  t.match(service.decide('c', amount('1', { asset: 'BTC', note: 'x' }), at(2)), {
    action: 'RETRY',
    rule: 'note',
  });
  t.match(service.decide('c', amount('100', { asset: 'ETH' }), at(DAY + HOUR)), { action: 'APPROVE' });
  t.end();
});

t.test('over: retry asks again later', (t) => {
  t.match(first({ ...DAILY, over: 'retry' }, amount('101')), { action: 'RETRY', rule: 'limits.l' });
  t.match(first(DAILY, amount('101')), { action: 'REJECT', rule: 'limits.l' });
  t.end();
});

t.test('counts transactions if it has no amount', (t) => {
  const service = new Service(policyWith({ few: { window: '1h', max: '2' } }));
  const actions = ['a', 'b', 'c'].map((id) => service.decide(id, {}, at(0)).action);
  t.strictSame(actions, ['APPROVE', 'APPROVE', 'REJECT']);
  t.end();
});

t.test('a transaction is counted once in both stages', (t) => {
  const service = new Service(policyWith({ daily: DAILY }));
  for (const payload of [
    amount('100'),
    amount('100'),
    amount('100', { fee: '1' }),
    amount('99', { fee: '1' }),
  ]) {
    t.match(service.decide('a', payload, at(HOUR)), {
      action: 'APPROVE',
      limits: { daily: { spent: '0', amount: '100', remaining: '100' } },
    });
  }
  t.match(
    service.decide('a', amount('100.1', { fee: '1' }), at(HOUR)),
    { action: 'REJECT' },
    'a larger amount',
  );
  t.match(service.decide('b', amount('0.1'), at(HOUR)), { action: 'REJECT' });
  t.end();
});

t.test('approvals of several days can’t be signed on one', (t) => {
  const limits = { daily: { ...DAILY, window: undefined, calendar: 'day', zone: 'Europe/Berlin' } };
  for (const service of [new Service(policyWith({ daily: DAILY })), new Service(policyWith(limits))]) {
    const days = [0, 1, 2].map((day) => 2 * day * DAY);
    for (const time of days) {
      t.match(service.decide(`day ${time}`, amount('100'), at(time)), { action: 'APPROVE' });
    }
    const [one, two, three] = days.map((time) => `day ${time}`);
    const signing = (id = '', time = 0): string =>
      service.decide(id, amount('100', { fee: '1' }), at(time)).action;
    t.equal(signing(one, 4 * DAY), 'REJECT', 'that day has its approval already');
    t.equal(signing(three, 4 * DAY + 1000), 'APPROVE');
    t.equal(signing(two, 6 * DAY), 'APPROVE', 'on another day');
  }
  t.end();
});

t.test('a counter for each combination of per', (t) => {
  const service = new Service(policyWith({ daily: { ...DAILY, per: ['tx.sourceId', 'tx.asset'] } }));
  const of = (sourceId: string, asset: string) =>
    service.decide(sourceId + asset, { ...amount('60'), sourceId, asset }, at(0));
  t.match(
    [of('0', 'ETH'), of('1', 'ETH'), of('0', 'BTC')],
    [{ action: 'APPROVE' }, { action: 'APPROVE' }, { action: 'APPROVE' }],
  );
  t.match(service.decide('x', { ...amount('60'), sourceId: '0', asset: 'ETH' }, at(0)), {
    action: 'REJECT',
    limits: { daily: { key: '0 / ETH', spent: '60' } },
  });
  t.equal(service.counters.size, 3);
  t.match(
    of('0 / ETH', 'x').limits,
    { daily: { key: '0 \\/ ETH / x' } },
    'values can’t imitate the key of others',
  );
  t.end();
});

t.test('addresses are one counter in all their spellings', (t) => {
  const address = '0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8';
  const max = { [address]: '50', default: '10' };
  const policy = policyWith({ daily: { ...DAILY, per: ['tx.destAddress'], max } });
  const service = new Service(policy);
  const to = (id: string, destAddress: string) =>
    service.decide(id, { ...amount('30'), asset: 'ETH', destAddress }, at(0));
  t.match(to('a', address), { action: 'APPROVE', limits: { daily: { max: '50' } } });
  t.match(to('b', address.toLowerCase()), {
    action: 'REJECT',
    limits: { daily: { spent: '30', max: '50' } },
  });
  t.match(to('c', `${address.slice(0, -1)}9`), { action: 'REJECT', limits: { daily: { max: '10' } } });
  t.end();
});

t.test('a maximum by key; without an entry and a default, the limit can’t be evaluated', (t) => {
  const per = ['tx.sourceId', 'tx.asset'];
  const max = { '0 / ETH': '5', '0 / BTC': '7' };
  const maxOf = (sourceId: string, asset: string, more: Payload = {}) => {
    const { limits, ruleError } = first(
      { ...DAILY, per, max: { ...max, ...more } },
      { ...amount('1'), sourceId, asset },
    );
    return limits?.['l']?.max ?? ruleError;
  };
  t.equal(maxOf('0', 'ETH'), '5');
  t.equal(maxOf('0', 'BTC'), '7');
  t.equal(maxOf('1', 'BTC'), 'max has no entry for the values of per, and no default');
  t.equal(maxOf('1', 'BTC', { default: '9' }), '9');
  t.end();
});

t.test('a limit that can’t be evaluated keeps the request from being approved', (t) => {
  const unusable: readonly (readonly [Payload, Payload, string])[] = [
    [DAILY, {}, 'tx.amount is absent'],
    [DAILY, { amountStr: 'much' }, 'tx.amount is not a decimal number such as 0.01'],
    [{ ...DAILY, amount: 'tx.amountUsd' }, amount('1', { destinations: [{}] }), 'tx.amountUsd is absent'],
    [{ ...DAILY, amount: 'tx.amount - decimal("5")' }, amount('1'), 'the amount is negative'],
    [{ ...DAILY, per: ['tx.sourceId'] }, amount('1'), 'tx.sourceId is absent'],
    [{ ...DAILY, per: ['tx.note'] }, amount('1', { note: 5 }), 'tx.note is not a string'],
    [{ ...DAILY, when: 'tx.note == "x"' }, amount('1'), 'tx.note is absent'],
  ];
  for (const [limit, payload, ruleError] of unusable) {
    for (const onError of ['retry', 'reject']) {
      const decision = first(limit, payload, { onError });
      t.match(decision, { action: onError.toUpperCase(), rule: 'limits.l', ruleError });
      t.equal(decision.reason, 'Limit l could not be evaluated for this request.');
    }
  }
  t.end();
});

t.test('a limit does not concern what its when leaves out', (t) => {
  const limit = { ...DAILY, when: 'tx.operation == "TRANSFER"' };
  t.match(first(limit, amount('101', { operation: 'STAKE' })), { action: 'APPROVE', limits: undefined });
  t.match(first(limit, amount('101')), { action: 'REJECT', rule: 'limits.l' });
  t.end();
});

t.test('limits do not concern configuration changes', (t) => {
  const rules = [{ id: 'change', for: 'configuration', when: 'true', action: 'approve' }];
  const policy = policyWith({ l: { window: '1h', max: '0' } }, { rules });
  t.match(decideBy(policy, request({ type: 'X' }, 'configuration'), at(0)), {
    action: 'APPROVE',
    rule: 'change',
  });
  t.end();
});

t.test('the first limit that does not hold decides', (t) => {
  const limits = { a: { ...DAILY, max: '1000' }, b: { ...DAILY, over: 'retry' }, c: DAILY };
  const decide = (amountStr: string) =>
    decideBy(policyWith(limits), request({ amountStr }), at(0), undefined, undefined, NO_MEMORY);
  t.match(decide('101'), { action: 'RETRY', rule: 'limits.b', limits: { a: {}, b: {}, c: {} } });
  t.match(decide('100'), { action: 'APPROVE', rule: 'all' });
  t.end();
});

t.test('without memory, a policy with limits approves no transaction', (t) => {
  const policy = policyWith({ l: { when: 'false', window: '1h', max: '1' } });
  t.match(decideBy(policy, request({}), at(0)), {
    action: 'RETRY',
    rule: 'limits.l',
    ruleError: 'there is no store that counts: set STORE_TABLE or STORE_PATH',
  });
  t.end();
});

t.test('rules read what others have spent, what remains, and the maximum', (t) => {
  const rules = [
    {
      id: 'large',
      for: 'transaction',
      when: 'limits.daily.spent + tx.amount > limits.daily.max * decimal("0.5")',
      action: 'retry',
    },
    { id: 'all', for: 'transaction', when: 'limits.daily.remaining >= tx.amount', action: 'approve' },
  ];
  const service = new Service(policyWith({ daily: DAILY }, { rules }));
  t.match(service.decide('a', amount('50'), at(0)), { rule: 'all' });
  t.match(
    service.decide('a', amount('50', { fee: '1' }), at(0)),
    { rule: 'all' },
    'its own share is not spent',
  );
  t.match(service.decide('b', amount('1'), at(0)), { rule: 'large' });
  t.end();
});

t.test(
  'the facts of a limit are absent where it does not concern the request, and unusable where it fails',
  (t) => {
    const decide = (when: string, payload: Payload) => {
      const rules = [{ id: 'rule', for: 'transaction', when, action: 'reject' }];
      const limits = { l: { ...DAILY, when: 'tx.operation == "TRANSFER"' } };
      const policy = policyWith(limits, { rules });
      const { rule, ruleError } = decideBy(policy, request(payload), at(0), undefined, undefined, NO_MEMORY);
      return ruleError ?? rule === 'rule';
    };
    const has = 'has(limits.l.spent)';
    t.equal(decide(has, amount('1')), true);
    t.equal(decide(has, amount('1', { operation: 'STAKE' })), false);
    t.equal(decide(has, {}), 'limits.l can’t be evaluated: tx.amount is absent');
    t.equal(
      decide('limits.l.spent > decimal("0")', amount('1', { operation: 'STAKE' })),
      'limits.l is absent',
    );
    t.equal(decide('limits.l.remaining == decimal("100")', amount('1')), true);
    t.end();
  },
);

t.test('a transaction that is not the one approved before is rejected before any rule', (t) => {
  const policy = policyWith({ daily: DAILY }, { rules: [], otherwise: 'retry' });
  const memory = { ...NO_MEMORY, changed: 'The asset differs.' };
  t.strictSame(decideBy(policy, request(amount('1')), at(0), undefined, undefined, memory), {
    policy: policy.hash,
    tried: [],
    action: 'REJECT',
    rule: 'changed',
    reason: 'The asset differs.',
  });
  const [one, two] = ['1', '2'].map((digit) => `0x${digit.repeat(40)}`);
  const contradicting = { asset: 'ETH', destinations: [{ displayDstAddress: one, dstAddress: two }] };
  t.match(decideBy(policy, request(contradicting), at(0), undefined, undefined, memory), {
    rule: 'integrity',
  });
  t.end();
});
