// Property test: a simulation decides any sequence of requests as the service does with its store.
import fc from 'fast-check';
import t from 'tap';
import { occasionOf, Simulation } from '../../../cli/policy/simulation.js';
import { signedBy } from '../../../src/policy/evaluate/rules.js';
import { parseRequest } from '../../../src/protocol/request.js';
import { expectedKey } from '../../../src/store/keys.js';
import { initiator, proof } from '../../helpers/announced.js';
import { HOUR, memoryWorld, payment, signing } from '../../helpers/memory-world.js';

const payouts = initiator();
const POLICY = JSON.stringify({
  version: 1,
  initiators: { payouts: { key: payouts.pem } },
  limits: { daily: { amount: 'tx.amount', per: ['tx.asset'], window: '24h', max: '10', over: 'retry' } },
  rules: [
    { id: 'refused', for: 'transaction', when: 'has(tx.note) && tx.note == "refuse"', action: 'reject' },
    { id: 'known', for: 'transaction', when: 'has(tx.expected) && tx.expected.matches', action: 'approve' },
    { id: 'proven', for: 'transaction', when: 'has(tx.initiator)', action: 'approve' },
    { id: 'small', for: 'transaction', when: 'tx.amount < decimal("4")', action: 'approve' },
  ],
});

const payee = (amount: string) => ({
  asset: 'COIN',
  amount,
  destinations: [{ address: 'somewhere', amount }],
});
const ANNOUNCED = ['3', '5'].map((amount) => ({ externalTxId: `payout-${amount}`, ...payee(amount) }));
const proofFor = (amount: string, externalTxId: string) =>
  proof(payouts, {
    ...{ initiator: 'payouts', externalTxId, expires: '2026-11-27T12:00:00Z', operation: 'TRANSFER' },
    ...{ source: { type: 'VAULT', id: '0' }, ...payee(amount) },
  });

/** Few ids and amounts, so that requests are often about the same. */
const step = fc.record({
  txId: fc.constantFrom('a', 'b'),
  suffix: fc.constantFrom('', '', '-1', '-2'),
  amount: fc.constantFrom('3', '5'),
  make: fc.constantFrom(payment, signing),
  announcedAs: fc.constantFrom(undefined, 'payout-3', 'payout-5'),
  isProven: fc.boolean(),
  note: fc.constantFrom(undefined, undefined, 'refuse'),
  hours: fc.constantFrom(0, 0, 1, 20),
});

t.test('a simulation decides as the service', async (t) => {
  const answers = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 14 }), async (steps) => {
      const { process, state, table } = memoryWorld(t, POLICY);
      const { ask } = process();
      const simulation = new Simulation(state.policy);
      const announced = ANNOUNCED.map((each) => ({
        ...{ id: each.externalTxId, data: JSON.stringify(each), expires: undefined },
      }));
      simulation.announce(announced);
      await table.write(
        announced.map(({ id, data }) => ({ type: 'put', ...expectedKey(id), data }) as const),
      );
      for (const { txId, suffix, amount, make, announcedAs, isProven, note, hours } of steps) {
        state.now += hours * HOUR;
        const payload = make(txId, amount, {
          ...{ requestId: `${txId}${suffix}`, externalTxId: announcedAs, note },
          ...(isProven && { extraParameters: proofFor(amount, announcedAs ?? '') }),
        });
        const { decision, repeated } = await ask(payload);
        const request = parseRequest(payload);
        const occasion = occasionOf(request, new Date(state.now), signedBy(state.policy, request));
        const { decision: simulated } = simulation.decide(occasion);
        if (simulated.action !== decision.action) return false;
        if (!repeated && simulated.rule !== decision.rule) return false;
        const name = repeated ? 'repeated' : simulated.rule;
        answers.set(name, (answers.get(name) ?? 0) + 1);
      }
      return true;
    }),
    { numRuns: 100 },
  );
  const rules = ['refused', 'known', 'proven', 'small', 'changed', 'limits.daily', 'otherwise', 'repeated'];
  for (const rule of rules) t.ok((answers.get(rule) ?? 0) > 0, `${rule}: ${answers.get(rule)}`);
});
