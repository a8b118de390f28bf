import fc from 'fast-check';
import t from 'tap';
import { TRAFFIC_CATALOG } from '../../bench/traffic/catalog.js';
import { month } from '../../bench/traffic/month.js';
import { approvalOf } from '../../bench/traffic/request.js';
import { type Payload, samplePayload } from '../../cli/cosigner/request.js';
import {
  approve,
  boundTo,
  NOTHING_APPROVED,
  reject,
  relate,
  type Relation,
  sharesOf,
  type SubjectState,
} from '../../src/memory/transaction.js';
import { subjectFromData, subjectToData } from '../../src/memory/transaction-data.js';
import type { Share } from '../../src/policy/limits/counter.js';
import { isSigning } from '../../src/protocol/request.js';
import { asSent, essentials } from '../helpers/essentials.js';

const SHARE: Share = { limit: 'daily', key: 'ETH', amount: '1', from: 0, to: 1000 };

/** Requests in their order, as the handler decides them. */
class Transaction {
  state: SubjectState = NOTHING_APPROVED;

  relation(payload: Payload): Relation {
    return relate(this.state, asSent(payload), essentials(payload, TRAFFIC_CATALOG));
  }

  /** @returns the relation; `changed` is rejected */
  approve(payload: Payload, shares: readonly Share[] = [SHARE]): Relation['kind'] {
    const relation = this.relation(payload);
    const request = asSent(payload);
    this.state =
      relation.kind === 'changed'
        ? reject(this.state, relation, request)
        : approve(this.state, relation, request, essentials(payload, TRAFFIC_CATALOG), shares, 5);
    // As it is stored between two requests.
    this.state = subjectFromData(subjectToData(this.state));
    return relation.kind;
  }

  reject(payload: Payload): Relation['kind'] {
    const relation = this.relation(payload);
    this.state = reject(this.state, relation, asSent(payload));
    return relation.kind;
  }

  get shares(): number {
    return this.state.entries.flatMap(({ shares }) => shares).length;
  }
}

/** Published by Fireblocks: both stages have its `txId` as their `requestId`. */
const SIGNING = samplePayload('transaction');
const APPROVAL = approvalOf(SIGNING);
const TX = String(SIGNING['txId']);

const reasonOf = (relation: Relation): string =>
  relation.kind === 'changed' ? relation.reason : relation.kind;

t.test('both stages of the published sample are approved under one requestId', (t) => {
  const transaction = new Transaction();
  t.equal(transaction.approve(APPROVAL), 'new');
  t.equal(transaction.approve(SIGNING), 'known');
  t.equal(
    transaction.approve({ ...SIGNING, fee: '0.0007' }),
    'known',
    'signed again under the same requestId',
  );
  t.match(transaction.state.entries, [{ id: '', approvedAs: TX, signedAs: TX, shares: [SHARE], at: 5 }]);
  t.equal(transaction.state.entries.length, 1);
  t.end();
});

t.test('both stages are approved under unrelated requestIds', (t) => {
  const transaction = new Transaction();
  transaction.approve({ ...APPROVAL, requestId: 'one' });
  t.equal(transaction.approve({ ...APPROVAL, requestId: 'another approver' }), 'known');
  t.equal(transaction.approve({ ...SIGNING, requestId: 'two' }), 'known');
  t.match(transaction.state.entries, [{ id: '', approvedAs: 'one', signedAs: 'two' }]);
  t.end();
});

t.test('one request that stands for both stages is a signing', (t) => {
  const transaction = new Transaction();
  t.equal(transaction.approve(SIGNING), 'new');
  t.strictSame(transaction.state.entries[0]?.signedAs, TX);
  t.notOk('approvedAs' in (transaction.state.entries[0] ?? {}));
  t.equal(transaction.approve(SIGNING), 'known');
  t.equal(transaction.approve({ ...SIGNING, sourceId: '9' }), 'changed');
  t.equal(transaction.approve({ ...SIGNING, requestId: 'x' }), 'changed', 'signed twice');
  t.end();
});

t.test('before any APPROVE, nothing is changed', (t) => {
  const transaction = new Transaction();
  transaction.reject(APPROVAL);
  for (const payload of [{ ...APPROVAL, asset: 'BTC' }, { ...SIGNING, sourceId: '9' }, SIGNING]) {
    t.equal(transaction.relation(payload).kind, 'new');
  }
  t.end();
});

t.test('after an APPROVE, another approval or signing is changed, and says how', (t) => {
  const transaction = new Transaction();
  transaction.approve(APPROVAL);
  t.equal(
    reasonOf(transaction.relation({ ...APPROVAL, asset: 'BTC' })),
    'asset is BTC, but ETH was approved',
  );
  const other = { ...SIGNING, requestId: 'x', sourceId: '9' };
  t.equal(reasonOf(transaction.relation(other)), 'sourceId is 9, but 0 was approved');
  t.equal(transaction.approve(SIGNING), 'known', 'what was approved can still be signed');
  t.end();
});

t.test('what was signed binds also where the approval carried less', (t) => {
  const transaction = new Transaction();
  const approval: Payload = { ...APPROVAL, destAddress: '', extraParameters: { psbt: 'cHNidA==' } };
  const signing: Payload = { ...SIGNING, destAddress: '' };
  const [destination] = signing['destinations'] as [Payload];
  const elsewhere = [{ ...destination, displayDstAddress: '0x000000000000000000000000000000000000dEaD' }];
  transaction.approve(approval);
  t.equal(transaction.relation({ ...signing, destinations: elsewhere }).kind, 'known');
  transaction.approve(signing);
  t.match(
    reasonOf(transaction.relation({ ...signing, destinations: elsewhere })),
    /^destination 1: address is/,
  );
  t.match(reasonOf(transaction.relation({ ...signing, extraParameters: { psbt: 'x' } })), /^psbt/);
  t.end();
});

t.test('a signing that was approved can’t be signed again under another requestId', (t) => {
  const transaction = new Transaction();
  transaction.approve(APPROVAL);
  transaction.approve(SIGNING);
  t.equal(
    reasonOf(transaction.relation({ ...SIGNING, requestId: 'x' })),
    `it was signed already, as request ${TX}`,
  );
  t.end();
});

/** The request for one entry of a batch. */
const entry = (payload: Payload, suffix: number, amount = '0.01'): Payload => ({
  ...payload,
  requestId: `${TX}-${suffix}`,
  amountStr: amount,
});

t.test('of two equal entries of a batch, each is approved and signed once', (t) => {
  const transaction = new Transaction();
  t.equal(transaction.approve(entry(APPROVAL, 1)), 'new');
  t.equal(transaction.approve(entry(SIGNING, 2)), 'known', 'one approval may be signed under any suffix');
  t.equal(transaction.approve(entry(SIGNING, 1)), 'changed', 'but once');
  t.equal(transaction.approve(entry(APPROVAL, 2)), 'new');
  t.equal(transaction.approve(entry(SIGNING, 1)), 'known');
  t.equal(transaction.approve(entry(SIGNING, 3)), 'changed');
  t.equal(transaction.shares, 2);
  t.end();
});

t.test('a signing of a batch must equal one of its approved entries', (t) => {
  const transaction = new Transaction();
  transaction.approve(entry(APPROVAL, 1, '0.01'));
  transaction.approve(entry(APPROVAL, 2, '0.02'));
  t.match(
    reasonOf(transaction.relation(entry(SIGNING, 2, '0.03'))),
    /^it is none of the 2 approved entries of its batch; compared with one of them, amountStr is 0.03, but 0.02 /,
  );
  t.equal(transaction.approve(entry(SIGNING, 1, '0.01')), 'known');
  t.equal(
    transaction.approve(entry(SIGNING, 1, '0.02')),
    'changed',
    'a request that was signed stays what it was',
  );
  t.equal(transaction.approve(entry(SIGNING, 2, '0.02')), 'known');
  t.end();
});

t.test('the entry with the same requestId is signed first', (t) => {
  const transaction = new Transaction();
  for (const suffix of [1, 2, 3]) transaction.approve(entry(APPROVAL, suffix));
  transaction.approve(entry(SIGNING, 2));
  t.strictSame(
    transaction.state.entries.map(({ signedAs }) => signedAs),
    [undefined, `${TX}-2`, undefined],
  );
  t.end();
});

t.test('an approval under a known suffix must equal what was approved under it', (t) => {
  const transaction = new Transaction();
  transaction.approve(entry(APPROVAL, 1));
  transaction.approve(entry(APPROVAL, 2, '0.02'));
  t.equal(transaction.relation(entry(APPROVAL, 1)).kind, 'known');
  t.equal(transaction.relation(entry(APPROVAL, 1, '0.02')).kind, 'changed');
  t.end();
});

t.test('the entries of a batch that is only signed are entries of their own', (t) => {
  const transaction = new Transaction();
  t.equal(transaction.approve(entry(SIGNING, 1)), 'new');
  t.equal(transaction.approve(entry(SIGNING, 2, '0.02')), 'new');
  t.equal(transaction.approve(entry(SIGNING, 1)), 'known');
  t.equal(transaction.approve(entry(SIGNING, 2, '0.01')), 'changed');
  t.end();
});

t.test('a configuration change must not change once it is approved', (t) => {
  const transaction = new Transaction();
  const change = { ...samplePayload('configuration'), txId: 'unrelated' };
  t.equal(transaction.approve(change, []), 'new');
  t.equal(transaction.approve({ ...change, signerId: 'x' }, []), 'known');
  t.equal(transaction.relation({ ...change, extraInfo: { subType: 'INTERNAL' } }).kind, 'changed');
  t.end();
});

t.test('shares are given back once, by the rejection of a signing of which none was approved', (t) => {
  const transaction = new Transaction();
  transaction.approve(APPROVAL);
  t.strictSame(sharesOf(transaction.state, transaction.relation(SIGNING)), [SHARE]);
  transaction.reject(APPROVAL);
  t.equal(transaction.shares, 1, 'the rejection of an approval gives nothing back');
  transaction.reject({ ...SIGNING, sourceId: '9' });
  t.equal(transaction.shares, 1, 'changed gives nothing back');
  transaction.reject(SIGNING);
  t.equal(transaction.shares, 0);
  const { state } = transaction;
  transaction.reject(SIGNING);
  t.equal(transaction.state, state, 'nothing is left to give back');
  t.equal(transaction.approve(SIGNING), 'known', 'what was approved is still known');
  t.equal(transaction.shares, 1);
  transaction.reject(SIGNING);
  t.equal(transaction.shares, 1, 'a signing was approved');
  t.end();
});

t.test('nothing in a month of traffic is changed', (t) => {
  const transactions = new Map<unknown, Payload[]>();
  for (const { payload, stage, isRetry } of month({ requests: 1500 })) {
    if (stage === 'approval' || isRetry) continue;
    const { txId } = payload;
    transactions.set(txId, [...(transactions.get(txId) ?? []), payload]);
  }
  const kinds = [...transactions.values()].flatMap((payloads) => {
    const transaction = new Transaction();
    const onlySigned = new Transaction();
    return [
      ...payloads.map((payload) => `approval ${transaction.approve(approvalOf(payload))}`),
      ...payloads.map((payload) => `signing ${transaction.approve(payload)}`),
      ...payloads.map((payload) => `again ${transaction.approve(payload)}`),
      ...payloads.map((payload) => `only signed ${onlySigned.approve(payload)}`),
    ];
  });
  t.strictSame([...new Set(kinds)], ['approval new', 'signing known', 'again known', 'only signed new']);
  t.end();
});

interface Step {
  readonly stage: 'approval' | 'signing';
  readonly suffix: number;
  readonly amount: string;
  readonly action: 'APPROVE' | 'REJECT' | 'RETRY';
}

const STEPS: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    stage: fc.constantFrom('approval', 'signing'),
    suffix: fc.integer({ min: 0, max: 3 }),
    amount: fc.constantFrom('1', '2'),
    action: fc.constantFrom('APPROVE', 'APPROVE', 'APPROVE', 'REJECT', 'RETRY'),
  }),
  { maxLength: 25 },
);

t.test('whatever is asked in whatever order, no more is signed than was approved', (t) => {
  fc.assert(
    fc.property(STEPS, (steps) => {
      const transaction = new Transaction();
      /** What was approved and signed, by `requestId`. */
      const approved = new Map<unknown, string>();
      const signed = new Map<unknown, string>();
      for (const { stage, suffix, amount, action } of steps) {
        const payload = entry(stage === 'signing' ? SIGNING : APPROVAL, suffix, amount);
        const { requestId } = payload;
        if (action === 'RETRY') continue;
        if (action === 'REJECT') {
          transaction.reject(payload);
          continue;
        }
        const kind = transaction.approve(payload);
        const mine = stage === 'signing' ? signed : approved;
        if (kind === 'changed') {
          if (approved.size + signed.size === 0) throw new Error('changed before any APPROVE');
          continue;
        }
        const before = mine.get(requestId);
        if (before !== undefined && before !== amount) throw new Error('two answers of different content');
        if (stage === 'signing' && kind === 'new' && approved.size > 0)
          throw new Error('signed without approval');
        mine.set(requestId, amount);
        if (stage === 'signing' && approved.size > 0) assertCovered(transaction.state, signed);
      }
    }),
    { numRuns: 1000 },
  );
  t.end();
});

/** Each request that was signed has an entry of its own, with its amount. */
function assertCovered({ entries }: SubjectState, signed: ReadonlyMap<unknown, string>): void {
  for (const [requestId, amount] of signed) {
    const own = entries.filter(({ signedAs }) => signedAs === requestId);
    if (own.length !== 1 || own[0]?.essentials.amount !== amount) throw new Error('no entry of its own');
  }
}

t.test('an approval that is repeated is never changed, whatever else was decided', (t) => {
  fc.assert(
    fc.property(STEPS, (steps) => {
      const transaction = new Transaction();
      for (const { stage, suffix, amount, action } of steps) {
        const payload = entry(stage === 'signing' ? SIGNING : APPROVAL, suffix, amount);
        if (action === 'REJECT') transaction.reject(payload);
        if (action !== 'APPROVE' || transaction.approve(payload) === 'changed') continue;
        if (transaction.relation(payload).kind !== 'known') throw new Error('approved, and not known');
      }
    }),
    { numRuns: 500 },
  );
  t.end();
});

t.test('stored state is read as it was written, and anything else is refused', (t) => {
  const transaction = new Transaction();
  transaction.approve(APPROVAL);
  transaction.approve(SIGNING);
  const data = subjectToData(transaction.state);
  t.strictSame(subjectFromData(data), transaction.state);
  t.strictSame(subjectFromData(undefined), NOTHING_APPROVED);
  const [known] = transaction.state.entries;
  const malformed: readonly unknown[] = [
    ...[null, [], {}, 'x', { entries: {} }, { entries: [], more: 1 }, { entries: [{}] }],
    { entries: [{ ...known, at: 'x' }] },
    { entries: [{ ...known, essentials: { ...known?.essentials, newer: 'x' } }] },
    { entries: [{ ...known, shares: [{ ...SHARE, amount: 1 }] }] },
  ];
  for (const value of ['', '{', ...malformed.map((each) => JSON.stringify(each))]) {
    t.throws(() => subjectFromData(value), { code: 'SUBJECT_DATA_MALFORMED' }, value);
  }
  t.end();
});

t.test('the stages of the sample are distinguished', (t) => {
  t.strictSame(
    [APPROVAL, SIGNING].map((payload) => isSigning(asSent(payload))),
    [false, true],
  );
  t.end();
});

t.test('each entry of a batch is bound to by itself, at both stages', (t) => {
  const transaction = new Transaction();
  const boundAs = (payload: Payload): string =>
    boundTo('subject', transaction.state, transaction.relation(payload), asSent(payload));
  t.equal(boundAs(APPROVAL), 'subject');
  const [one, two] = ['_1', '_2'].map((suffix) => ({ ...APPROVAL, requestId: TX + suffix }));
  for (const payload of [one, two]) {
    if (payload === undefined) throw new Error('no payload');
    t.equal(boundAs(payload), `transaction:${payload.requestId}`);
    transaction.approve(payload);
    t.equal(boundAs(payload), `transaction:${payload.requestId}`);
  }
  t.equal(boundAs({ ...SIGNING, requestId: `${TX}_2` }), `transaction:${TX}_2`, 'the signing of the second');
  t.equal(boundAs({ ...SIGNING, requestId: 'other' }), `transaction:${TX}_1`, 'an entry that is open');
  t.end();
});
