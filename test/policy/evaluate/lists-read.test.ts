import t from 'tap';
import { listsReadBy } from '../../../src/policy/evaluate/lists-read.js';
import { policyOf } from '../../helpers/policy.js';

const lists = {
  payees: ['0x5DC69B1Fbb13Bafd09af88a782F0F285772Ad5f8'],
  others: ['0x5DC69B1Fbb13Bafd09af88a782F0F285772Ad5f8'],
};

function readBy(when: string): readonly string[] | 'all' {
  const [rule] = policyOf(when, { lists }).rules;
  if (rule === undefined) throw new Error('no rule');
  const read = listsReadBy(rule.ast);
  return read === 'all' ? read : [...read].sort();
}

for (const [when, expected] of [
  ['tx.asset == "ETH"', []],
  ['tx.destinations.all(d, d.address in lists.payees)', ['payees']],
  ['tx.destinations.all(d, d in lists.payees)', ['payees']],
  ['tx.destinations.all(d, d.address in lists["payees"])', ['payees']],
  ["tx.destinations.all(d, d.address in lists['payees'])", ['payees']],
  ['tx.asset in lists["\\x70ayees"]', ['payees']],
  ['tx.asset in lists.payees || !(tx.asset in lists["others"])', ['others', 'payees']],
  ['tx.destinations.exists(d, tx.asset in lists.others && d.address in lists.payees)', ['others', 'payees']],
  ['tx.asset == "lists.payees"', []],
] as const) {
  t.test(`finds the lists in ${when}`, (t) => {
    t.strictSame(readBy(when), expected);
    t.end();
  });
}

for (const when of [
  '[lists].all(l, tx.asset in l.payees)',
  'tx.asset in (true ? lists : lists).payees',
  'tx.asset in cel.bind(l, lists, l.payees)',
  'tx.asset in lists.payees && [lists].all(l, tx.asset in l.others)',
]) {
  t.test(`takes every list for read in ${when}`, (t) => {
    t.equal(readBy(when), 'all');
    t.end();
  });
}
