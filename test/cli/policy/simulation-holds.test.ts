// Tests that simulations know holds as the service does: since when a request is held, and what people approved before.
import t from 'tap';
import { occasionOf, Simulation } from '../../../cli/policy/simulation.js';
import type { Vote } from '../../../src/approvals/quorum.js';
import { signedBy } from '../../../src/policy/evaluate/rules.js';
import { parsePolicy } from '../../../src/policy/parse/file.js';
import { parseRequest } from '../../../src/protocol/request.js';
import { createPeople, heldPolicy, MINUTE, type PersonName } from '../../helpers/held-people.js';
import { payment, type Payload, signing } from '../../helpers/memory-world.js';

const people = createPeople();
const policy = parsePolicy(heldPolicy(people), 'test');
const START = Date.parse('2026-11-26T10:00:00Z');

function votes(verdict: Vote['verdict'], ...names: readonly PersonName[]): readonly Vote[] {
  return names.map((approver) => ({
    approver,
    verdict,
    credentialId: people[approver][0].passkey.credentialId,
  }));
}

/** @returns decides a request, some minutes after the first one */
function simulate() {
  const simulation = new Simulation(policy);
  return (payload: Payload, minutes: number, decided?: readonly Vote[]) => {
    const request = parseRequest(payload);
    const now = new Date(START + minutes * MINUTE);
    const given = decided === undefined ? {} : { people: decided };
    return simulation.decide(occasionOf(request, now, signedBy(policy, request), given)).decision;
  };
}

t.test('a request is held until enough people have approved it', (t) => {
  const decide = simulate();
  t.match(decide(payment('a'), 0), { action: 'RETRY', hold: { state: 'waiting' } });
  const since = new Date(START).toISOString();
  t.match(decide(payment('a'), 9, votes('approve', 'alice')), { action: 'RETRY', hold: { since } });
  t.match(decide(payment('a'), 49, votes('approve', 'alice', 'bob')), { action: 'APPROVE', hold: { since } });
  t.match(decide(payment('a'), 51), { action: 'APPROVE' }, 'the answer is final');
  t.end();
});

t.test('it expires after its first try', (t) => {
  const decide = simulate();
  decide(payment('a'), 0);
  t.match(decide(payment('a'), 50, votes('approve', 'alice', 'bob')), {
    action: 'REJECT',
    hold: { state: 'expired' },
  });
  t.match(
    decide(payment('b'), 50, votes('approve', 'alice', 'bob')),
    { action: 'APPROVE' },
    'asked for the first time',
  );
  t.end();
});

t.test('people’s approval counts for the signing with equal essentials', (t) => {
  const decide = simulate();
  t.match(decide(payment('a'), 0, votes('approve', 'alice', 'bob')), { action: 'APPROVE' });
  t.match(decide(signing('a', '5'), 1), { action: 'REJECT', rule: 'changed' });
  t.match(decide(signing('a'), 1), { action: 'APPROVE', hold: { carried: true } });
  t.match(decide(payment('b'), 0, votes('reject', 'alice')), {
    action: 'REJECT',
    hold: { rejectedBy: 'alice' },
  });
  t.end();
});
