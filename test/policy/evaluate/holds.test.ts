// Holds in decisions: what people decide counts under the policy in force, for as long as the hold lasts.
import t from 'tap';
import { decideBy, type RuleDecision } from '../../../src/policy/evaluate/rules.js';
import { ANNOUNCED_REQUEST, initiator, memoryOf, MESSAGE, NOW, proof } from '../../helpers/announced.js';
import {
  approve,
  decideAmong,
  decideHeldWith,
  enrolled,
  HELD,
  holding,
  MINUTE,
  reject,
} from '../../helpers/holds.js';
import { request } from '../../helpers/policy.js';

const BOTH = [approve('alice'), approve('bob')];

t.test('the first try is answered with RETRY, and says who is asked and until when', (t) => {
  const decision = decideAmong(holding(), undefined, { after: 0 });
  t.match(decision, { action: 'RETRY', rule: 'transaction' });
  t.equal(decision.reason, 'Waiting for 2 of Alice Example, Bob Example, Carol Example.');
  t.strictSame(decision.hold, {
    ...{ name: 'treasury', state: 'waiting', quorum: 2, approvals: [] },
    ...{ since: '2026-03-02T10:00:00.000Z', expires: '2026-03-02T10:50:00.000Z' },
  });
  t.end();
});

t.test('without a memory, nothing is approved', (t) => {
  const decision = decideBy(holding({ quorum: 1 }), request({}), new Date(HELD));
  t.match(decision, { action: 'RETRY', hold: { state: 'waiting' } });
  t.end();
});

t.test('votes about what was not held before count for nothing', (t) => {
  const people = { votes: BOTH, carried: [] };
  t.match(decideAmong(holding(), people), { action: 'RETRY', hold: { approvals: [] } });
  t.end();
});

t.test('the quorum approves, and not one less', (t) => {
  const one = decideHeldWith(holding(), [approve('alice')]);
  t.match(one, { action: 'RETRY', hold: { state: 'waiting', approvals: ['alice'] } });
  t.match(one.reason, /^Waiting for 2 of .*: approved by Alice Example\.$/);
  const two = decideHeldWith(holding(), BOTH);
  t.match(two, { action: 'APPROVE', rule: 'transaction', hold: { state: 'approved' } });
  t.equal(two.reason, 'Approved by Alice Example, Bob Example.');
  t.equal(two.hold?.carried, undefined);
  t.end();
});

t.test('the same approver twice counts once', (t) => {
  t.match(decideHeldWith(holding(), [approve('alice'), approve('alice')]), { action: 'RETRY' });
  t.end();
});

t.test('one rejection rejects, whoever has approved', (t) => {
  const decision = decideHeldWith(holding(), [...BOTH, reject('carol', 'Not  our\r\naccount\u202e!')]);
  t.match(decision, { action: 'REJECT', hold: { state: 'rejected', rejectedBy: 'carol' } });
  t.equal(decision.reason, 'Rejected by Carol Example: Not our account !');
  t.equal(decideHeldWith(holding(), [reject('bob')]).reason, 'Rejected by Bob Example.');
  const long = decideHeldWith(holding(), [reject('bob', `${'x'.repeat(199)}😀…`)]);
  t.equal(long.reason, `Rejected by Bob Example: ${'x'.repeat(199)}…`);
  t.end();
});

t.test('who is not in the hold, or has lost the passkey, does not count', (t) => {
  const few = { of: ['alice', 'bob'] };
  t.match(decideHeldWith(holding(few), [approve('alice'), approve('carol')]), { action: 'RETRY' });
  t.match(decideHeldWith(holding(few), [reject('carol')]), { action: 'RETRY' });
  const policy = enrolled(holding(), ['alice', 'carol']);
  t.match(decideHeldWith(policy, BOTH), { action: 'RETRY', hold: { approvals: ['alice'] } });
  t.match(decideHeldWith(policy, [reject('bob')]), { action: 'RETRY' });
  t.match(decideHeldWith(policy, [{ ...approve('bob'), credentialId: 'alice' }]), {
    action: 'RETRY',
    hold: { approvals: [] },
  });
  t.end();
});

t.test('after the expiry, the hold answers, whatever people decided', (t) => {
  const after = 50 * MINUTE;
  t.match(decideHeldWith(holding(), BOTH, { after: after - 1 }), { action: 'APPROVE' });
  const expired = decideHeldWith(holding(), BOTH, { after });
  t.match(expired, { action: 'REJECT', hold: { state: 'expired', approvals: ['alice', 'bob'] } });
  t.equal(
    expired.reason,
    'Hold treasury has expired: 2 of 2 approvals by Alice Example, Bob Example since 2026-03-02T10:00:00.000Z.',
  );
  const retrying = holding({ onExpiry: 'retry' });
  t.match(decideHeldWith(retrying, [reject('bob')], { after }), {
    action: 'RETRY',
    hold: { state: 'expired' },
  });
  t.end();
});

t.test('a quorum at the approval counts at the signing', (t) => {
  const carried = { votes: [], carried: BOTH };
  t.match(decideAmong(holding(), carried), { action: 'APPROVE', hold: { state: 'approved', carried: true } });
  t.test('as far as its passkeys are still in the policy, and others may add to it', (t) => {
    const policy = enrolled(holding(), ['alice', 'carol']);
    t.match(decideAmong(policy, carried), { action: 'RETRY', hold: { approvals: ['alice'] } });
    const decision = decideAmong(policy, { since: HELD, votes: [approve('carol')], carried: BOTH });
    t.match(decision, { action: 'APPROVE', hold: { approvals: ['alice', 'carol'] } });
    t.equal(decision.hold?.carried, undefined);
    t.end();
  });
  t.test('unless somebody rejects the signing', (t) => {
    t.match(decideAmong(holding(), { since: HELD, votes: [reject('carol')], carried: BOTH }), {
      action: 'REJECT',
    });
    t.end();
  });
  t.end();
});

t.test('without a verified initiator, those in notInitiator may not approve, but reject', (t) => {
  const policy = holding({ notInitiator: ['alice', 'bob'] });
  const decision = decideHeldWith(policy, BOTH);
  t.match(decision, { action: 'RETRY', hold: { approvals: [], excluded: ['alice', 'bob'] } });
  t.equal(decision.reason, 'Waiting for 2, but only Carol Example may approve.');
  t.match(decideHeldWith(policy, [reject('alice')]), { action: 'REJECT' });
  t.match(decideHeldWith(policy, BOTH, { kind: 'configuration' }), { hold: { excluded: ['alice', 'bob'] } });
  t.end();
});

t.test('who initiated a request, as is verified, may not approve it', (t) => {
  const alice = initiator();
  const initiators = { alice: { key: alice.pem }, dave: { key: alice.pem } };
  const votes = [approve('alice'), approve('bob')];
  const decideFor = (name: 'alice' | 'dave', expires: string): RuleDecision => {
    const policy = holding(
      { notInitiator: ['alice', 'carol'] },
      { initiators: { [name]: initiators[name] } },
    );
    const extraParameters = proof(alice, { ...MESSAGE, initiator: name, expires });
    const memory = { ...memoryOf(), people: { since: NOW.getTime() - MINUTE, votes, carried: [] } };
    return decideBy(
      policy,
      request({ ...ANNOUNCED_REQUEST, extraParameters }),
      NOW,
      undefined,
      undefined,
      memory,
    );
  };
  const later = new Date(NOW.getTime() + 60 * MINUTE).toISOString().replace('.000Z', 'Z');
  t.match(decideFor('alice', later), { action: 'RETRY', hold: { excluded: ['alice'], approvals: ['bob'] } });
  const other = decideFor('dave', later);
  t.match(other, { action: 'APPROVE', hold: { approvals: ['alice', 'bob'] } });
  t.equal(other.hold?.excluded, undefined);
  const earlier = new Date(NOW.getTime() - MINUTE).toISOString().replace('.000Z', 'Z');
  t.match(decideFor('dave', earlier), { action: 'RETRY', hold: { excluded: ['alice', 'carol'] } }, 'expired');
  t.end();
});

t.test('what integrity, an earlier approval or an earlier rule refuses is not held', (t) => {
  const memory = { since: HELD, votes: BOTH, carried: [] };
  const display = {
    ...{ operation: 'TRANSFER', destAddress: '0x000000000000000000000000000000000000dEaD', asset: 'ETH' },
    destinations: [{ displayDstAddress: '0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8' }],
  };
  const refused = decideAmong(holding(), memory, { payload: display });
  t.match(refused, { action: 'REJECT', rule: 'integrity' });
  t.equal(refused.hold, undefined);
  const blocking = holding(
    {},
    {
      rules: [
        { id: 'blocked', for: 'transaction', when: 'tx.note == "x"', action: 'reject' },
        { id: 'held', for: 'transaction', when: 'true', action: 'hold', hold: 'treasury' },
      ],
    },
  );
  t.match(decideAmong(blocking, memory, { payload: { note: 'x' } }), { action: 'REJECT', rule: 'blocked' });
  t.match(decideAmong(blocking, memory, { payload: { note: 'y' } }), { action: 'APPROVE', rule: 'held' });
  t.end();
});

t.test('limits refuse what people approve, and nothing that waits', (t) => {
  const limits = { daily: { amount: 'tx.amount', window: '24h', max: '100' } };
  const policy = holding({}, { limits });
  const payload = { amountStr: '101' };
  const waiting = decideHeldWith(policy, [], { payload });
  t.match(waiting, { action: 'RETRY', rule: 'transaction', limits: { daily: { amount: '101' } } });
  const refused = decideHeldWith(policy, BOTH, { payload });
  t.match(refused, { action: 'REJECT', rule: 'limits.daily', hold: { state: 'approved' } });
  t.match(decideHeldWith(policy, BOTH, { payload: { amountStr: '100' } }), { action: 'APPROVE' });
  t.end();
});

t.test('configuration changes are held as well', (t) => {
  t.match(decideHeldWith(holding(), BOTH, { kind: 'configuration', payload: { type: 'ADD_USER' } }), {
    action: 'APPROVE',
    rule: 'configuration',
  });
  t.end();
});
