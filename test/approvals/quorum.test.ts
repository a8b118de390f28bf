// Tests how people's decisions are counted.
import t from 'tap';
import { tally, type Vote } from '../../src/approvals/quorum.js';

const vote = (approver: string, verdict: Vote['verdict'] = 'approve', reason?: string): Vote => ({
  ...{ approver, verdict, credentialId: approver },
  reason,
});
const rules = { of: ['alice', 'bob', 'carol'], quorum: 2, excluded: [] };

t.test('waits until enough have approved', (t) => {
  t.strictSame(tally([], rules), { state: 'waiting', approvals: [] });
  t.strictSame(tally([vote('bob')], rules), { state: 'waiting', approvals: ['bob'] });
  t.strictSame(tally([vote('carol'), vote('alice')], rules), {
    state: 'approved',
    approvals: ['alice', 'carol'],
  });
  t.end();
});

t.test('counts an approver once, and only those of the hold', (t) => {
  t.strictSame(tally([vote('bob'), vote('bob')], rules).state, 'waiting');
  t.strictSame(tally([vote('bob'), vote('dave')], rules).state, 'waiting');
  t.strictSame(tally([vote('bob')], { ...rules, of: ['bob', 'bob'] }).state, 'waiting');
  t.end();
});

t.test('one rejection rejects, whatever others say', (t) => {
  const votes = [vote('alice'), vote('bob'), vote('carol', 'reject', 'No.')];
  t.strictSame(tally(votes, rules), { state: 'rejected', by: 'carol', reason: 'No.' });
  t.equal(tally([vote('dave', 'reject')], rules).state, 'waiting', 'but not of those who may not decide');
  t.equal(tally([vote('alice'), vote('alice', 'reject')], rules).state, 'rejected');
  t.end();
});

t.test('does not count approvals of the excluded, but their rejections', (t) => {
  const without = { ...rules, excluded: ['alice'] };
  t.strictSame(tally([vote('alice'), vote('bob')], without), { state: 'waiting', approvals: ['bob'] });
  t.equal(tally([vote('alice', 'reject')], without).state, 'rejected');
  t.end();
});

t.test('nobody is no quorum', (t) => {
  for (const quorum of [0, -1, NaN]) t.equal(tally([vote('bob')], { ...rules, quorum }).state, 'waiting');
  t.end();
});
