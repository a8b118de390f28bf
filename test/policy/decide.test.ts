import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { type Decide, decideSafely, rejectEverything } from '../../src/policy/decide.js';
import { parseRequest } from '../../src/protocol/request.js';

const signing = parseRequest({ requestId: 'r', txId: 't', fee: '1' });

t.test('without rules everything is rejected, with a reason', async (t) => {
  const { decision, fault } = await decideSafely(rejectEverything, signing, 1000);
  t.match(decision, { action: 'REJECT', reason: /No policy/ });
  t.equal(fault, undefined);
});

t.test('a decision that takes its time is waited for', async (t) => {
  const decide: Decide = async () => {
    await sleep(20);
    return { action: 'APPROVE' };
  };
  t.strictSame(await decideSafely(decide, signing, 1000), { decision: { action: 'APPROVE' } });
});

const faults: readonly (readonly [string, Decide, RegExp])[] = [
  [
    'throws',
    () => {
      throw new Error('broken rule');
    },
    /broken rule/,
  ],
  ['rejects', () => Promise.reject(new Error('no answer')), /no answer/],
  ['takes too long', () => new Promise(() => undefined), /within 50 ms/],
  ['returns nothing', () => undefined as never, /undefined/],
  ['returns an unknown action', () => ({ action: 'MAYBE' }) as never, /none of/],
  ['ignores a signing request', () => ({ action: 'IGNORE' }), /IGNORE/],
];

for (const [what, decide, message] of faults) {
  t.test(`a decision that ${what} costs a RETRY`, async (t) => {
    const { decision, fault } = await decideSafely(decide, signing, 50);
    t.equal(decision.action, 'RETRY');
    t.match(String(fault), message);
  });
}
