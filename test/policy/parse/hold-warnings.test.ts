// What an author of holds is warned of.
import t from 'tap';
import { parsePolicy } from '../../../src/policy/parse/file.js';
import { initiator } from '../../helpers/announced.js';
import { passkeyOf } from '../../helpers/holds.js';
import type { Payload } from '../../helpers/policy.js';

const KEY = initiator().pem;
const PEOPLE = {
  alice: { name: 'Alice Example', passkeys: [passkeyOf('alice')] },
  bob: { name: 'Bob Example', passkeys: [passkeyOf('bob')] },
};
const RULE = { id: 'r', for: 'transaction', when: 'true', action: 'hold', hold: 'h' };

/** @returns code and message of each warning */
function warnings(hold: Payload, more: Payload = {}): readonly string[] {
  const holds = { h: { of: ['alice', 'bob'], quorum: 2, ...hold } };
  const text = JSON.stringify({ version: 1, approvers: PEOPLE, holds, rules: [RULE], ...more });
  return parsePolicy(text, 'x').warnings.map(({ code, message, advice }) => {
    t.ok(advice);
    return `${code ?? ''}: ${message}`;
  });
}

t.test('nothing is odd about a hold whose people can approve in time', (t) => {
  t.strictSame(warnings({}), []);
  t.strictSame(warnings({ expires: '60m' }), []);
  t.strictSame(warnings({ expires: '2h' }, { retries: { for: '3h' } }), []);
  t.end();
});

t.test('what nobody uses', (t) => {
  t.match(warnings({}, { rules: [] }), [/^hold-unused: no rule holds for h/]);
  t.match(warnings({ of: ['alice'], quorum: 1 }), [/^approver-unused: bob is in no hold/]);
  t.end();
});

t.test('a hold that too few can approve', (t) => {
  const one = { ...PEOPLE, bob: { name: 'Bob Example' } };
  t.match(warnings({}, { approvers: one }), [
    /^hold-too-few: hold h can't be approved until .* it needs 2, and only alice has one$/,
  ]);
  t.strictSame(warnings({ quorum: 1 }, { approvers: one }), []);
  t.end();
});

t.test('times that do not fit the retries of the Co-signer', (t) => {
  t.match(warnings({ expires: '61m' }), [
    /^hold-after-retries: hold h expires after 61m, .* after 1h \(retries.for\)/,
  ]);
  t.match(warnings({ expires: '3m' }), [
    /^hold-before-retry: hold h expires after 3m, before .* again after 3m/,
  ]);
  t.end();
});

t.test('initiators who are not known', (t) => {
  const initiators = { alice: { key: KEY } };
  const all = { quorum: 1, notInitiator: 'alice' };
  t.strictSame(warnings(all, { initiators }), []);
  t.match(warnings(all), [/^hold-initiator: the policy names no initiators.*: alice can approve nothing/]);
  t.match(warnings({ ...all, notInitiator: ['bob'] }, { initiators: { bbo: { key: KEY } } }), [
    /^hold-initiator: initiators has no "bob"/,
  ]);
  const rules = [{ ...RULE, for: 'configuration' }];
  t.match(warnings(all, { initiators, rules }), [/^hold-initiator: who initiates a configuration change/]);
  t.match(warnings({ ...all, quorum: 2 }, { initiators }), [
    /^hold-quorum: what one of them initiates can't be approved: without alice/,
  ]);
  t.end();
});

t.test('passkeys for several hosts', (t) => {
  const approvers = { ...PEOPLE, bob: { name: 'B', passkeys: [passkeyOf('bob', 'callback.internal')] } };
  t.match(warnings({}, { approvers }), [/^passkey-hosts: .*\(callback\.internal, localhost\)/]);
  t.end();
});
