// Rounds of transactions that are asked at the same time, of which a limit lets fewer through.
import type { Test } from 'tap';
import type { Payload } from '../../cli/cosigner/request.js';
import { counterFromJson } from '../../src/policy/limits/counter-json.js';
import { counterKey } from '../../src/store/keys.js';
import type { Table } from '../../src/store/table.js';
import type { Asked } from './fleet.js';

const LIMIT = 'payouts';

/** A policy that approves so many transactions of a source, in YAML. */
export function limitOf(transactions: number): string {
  return `version: 1
limits:
  ${LIMIT}: { amount: tx.amount, per: [tx.sourceId], window: 24h, max: "${transactions}" }
rules:
  - { id: all, for: transaction, when: 'true', action: approve }
`;
}

/** A request for a transaction of one coin. */
export function paymentOf(txId: string, sourceId: string, requestId = txId): Payload {
  return {
    ...{ requestId, txId, operation: 'TRANSFER', asset: 'COIN', amountStr: '1' },
    ...{ sourceType: 'VAULT', sourceId },
    destinations: [{ dstAddress: 'somewhere', amountNativeStr: '1' }],
  };
}

/** Of one request. */
export interface Result extends Pick<Asked, 'answers'> {
  readonly txId: string;
}

/** Asserts that each transaction has one final answer, and that the limit holds. @param fitting as the limit allows */
export function assertRound(t: Test, results: readonly Result[], fitting: number): void {
  const finals = new Map<string, Set<string>>();
  for (const { txId, answers } of results) {
    const found = finals.get(txId) ?? new Set();
    finals.set(txId, found.add(answers.at(-1) ?? ''));
  }
  const approved = [...finals.values()].filter((answers) => answers.has('APPROVE'));
  t.ok(
    [...finals.values()].every(({ size }) => size === 1),
    'no final answer differs from another',
  );
  t.equal(approved.length, fitting, 'as many are approved as the limit allows');
  const unverified = results.flatMap(({ answers }) => answers).filter((it) => it.startsWith('status 200'));
  t.strictSame(unverified, [], 'every answer was verified');
}

/** @returns what the limit has counted for a source, in coins */
export async function spentBy(table: Table, source: string): Promise<string> {
  for await (const item of table.query(counterKey(LIMIT, source).partition)) {
    const { buckets } = counterFromJson(JSON.parse(item.data));
    return buckets.reduce((sum, bucket) => sum + Number(bucket.sum), 0).toString();
  }
  return 'nothing';
}
