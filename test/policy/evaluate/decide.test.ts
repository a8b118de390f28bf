import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { type Decide, decideSafely } from '../../../src/policy/evaluate/decide.js';
import { parseRequest } from '../../../src/protocol/request.js';

const signing = parseRequest({ requestId: 'r', txId: 't', fee: '1' });

t.test('waits for an asynchronous decision', async (t) => {
  const decide: Decide = async () => {
    await sleep(20);
    return { action: 'APPROVE' };
  };
  t.strictSame(await decideSafely(decide, signing, { timeoutMs: 1000 }), { decision: { action: 'APPROVE' } });
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
  [
    'blocks for too long',
    () => {
      const end = performance.now() + 60;
      while (performance.now() < end);
      return { action: 'APPROVE' };
    },
    /within 50 ms/,
  ],
  [
    'rejects without a reason',
    () => new Promise((_resolve, reject) => setImmediate(reject)),
    /without giving a reason/,
  ],
  ['returns nothing', () => undefined as never, /undefined/],
  ['returns an unknown action', () => ({ action: 'MAYBE' }) as never, /not one of/],
  ['ignores a signing request', () => ({ action: 'IGNORE' }), /IGNORE/],
];

for (const [what, decide, message] of faults) {
  t.test(`returns RETRY when the decision function ${what}`, async (t) => {
    const { decision, fault } = await decideSafely(decide, signing, { timeoutMs: 50 });
    t.equal(decision.action, 'RETRY');
    t.match(String(fault), message);
  });
}

t.test('returns RETRY for a decision that is still pending when the process stops', async (t) => {
  const stop = new AbortController();
  const limits = { timeoutMs: 10_000, signal: stop.signal };
  const open = decideSafely(() => new Promise(() => undefined), signing, limits);
  stop.abort();
  t.match(await open, { decision: { action: 'RETRY' }, fault: { message: /process is stopping/ } });
  const late = await decideSafely(() => new Promise(() => undefined), signing, limits);
  t.match(late, { decision: { action: 'RETRY' }, fault: { message: /process is stopping/ } });
});
