// Warnings about holds that need to know what a condition can be true for.
import t from 'tap';
import { passkeyOf } from '../../../helpers/holds.js';
import { advise } from './policies.js';

const PASSKEY = passkeyOf('alice');

/** @param rules id, condition and action @returns codes and the rules that they are about */
function codes(rules: readonly (readonly [id: string, when: string, action: string])[], more = {}): string[] {
  const text = JSON.stringify({
    version: 1,
    approvers: { alice: { name: 'Alice Example', passkeys: [PASSKEY] } },
    holds: { h: { of: ['alice'], quorum: 1 } },
    ...more,
    rules: rules.map(([id, when, action]) => ({
      ...{ id, for: 'transaction', when, action, ...(action === 'hold' && { hold: 'h' }) },
    })),
  });
  return advise(text).advice.map(({ code, rule }) => `${code} ${rule ?? ''}`);
}

t.test('Solana transactions are not held at the signing', (t) => {
  const held = (when: string, more = {}): readonly string[] => codes([['r', when, 'hold']], more);
  const late = ['hold-at-signing r'];
  t.strictSame(held('tx.asset == "SOL"'), late);
  t.strictSame(held('tx.asset in ["ETH", "SOL"]'), late);
  t.strictSame(held('tx.asset == "SOL" && tx.stage == "signing"'), late);
  t.strictSame(held('tx.asset == "SOL" && tx.stage == "approval"'), []);
  t.strictSame(held('tx.asset == "SOL" && tx.stage != "signing"'), []);
  t.strictSame(held('tx.asset == "ETH"'), []);
  const assets = {
    USDC_SOL: { chain: 'solana', contract: 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v', decimals: 6 },
  };
  t.strictSame(held('tx.operation == "TRANSFER"'), []);
  t.strictSame(held('tx.operation == "TRANSFER"', { assets }), late, 'a policy for Solana');
  t.end();
});

t.test('a rule that holds before one that rejects may have people approve it', (t) => {
  const blocked = 'has(tx.note) && tx.note == "blocked"';
  const large = 'tx.operation == "TRANSFER" && tx.amountUsd > decimal("10000")';
  t.strictSame(
    codes([
      ['held', large, 'hold'],
      ['blocked', blocked, 'reject'],
    ]),
    ['approved-before blocked'],
  );
  t.strictSame(
    codes([
      ['blocked', blocked, 'reject'],
      ['held', large, 'hold'],
    ]),
    [],
  );
  t.end();
});

t.test('a rule for another hold is not the same', (t) => {
  const holds = { h: { of: ['alice'], quorum: 1 }, g: { of: ['alice'], quorum: 1 } };
  const text = JSON.stringify({
    version: 1,
    approvers: { alice: { name: 'Alice Example', passkeys: [PASSKEY] } },
    holds,
    rules: ['h', 'g'].map((hold, place) => ({
      ...{ id: `r${place}`, for: 'transaction', action: 'hold', hold },
      when: place === 0 ? 'true' : 'tx.asset == "ETH"',
    })),
  });
  const [dead] = advise(text).advice.filter(({ code }) => code === 'dead-rule');
  t.match(dead, { rule: 'r1', advice: /^move it before r0/ });
  t.end();
});
