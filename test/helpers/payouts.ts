// Payments that several handlers on one store are asked about at the same time, more of them than a limit allows.
import { randomUUID } from 'node:crypto';
import type { Test } from 'tap';
import type { Payload } from '../../cli/cosigner/request.js';
import { counterFromJson } from '../../src/policy/limits/counter-json.js';
import { counterKey } from '../../src/store/keys.js';
import type { Table } from '../../src/store/table.js';
import type { Fleet } from './fleet.js';

const TRANSACTIONS = 30;
export const FITTING = 18;

export const POLICY = `version: 1
limits:
  payouts: { amount: tx.amount, per: [tx.sourceId], window: 24h, max: "${FITTING}" }
rules:
  - { id: all, for: transaction, when: 'true', action: approve }
`;

interface Result {
  /** Of the transaction. */
  readonly id: string;
  readonly answers: readonly string[];
}

/**
 * Sends each transaction twice, all at once, to all handlers in turn.
 * @param retries how often each is sent once more, as another request
 */
export function askAll(fleet: Fleet, source: string, retries = 0): Promise<readonly Result[]> {
  const ids = Array.from({ length: TRANSACTIONS }, () => randomUUID());
  const payments = [
    ...[...ids, ...ids].map((id) => paymentOf(id, source)),
    ...Array.from({ length: retries }, () => ids)
      .flat()
      .map((id) => paymentOf(id, source, randomUUID())),
  ];
  return Promise.all(
    payments.map(async (payment, place) => ({
      id: String(payment['txId']),
      answers: await fleet.ask(payment, place),
    })),
  );
}

export function assertRound(t: Test, results: readonly Result[]): void {
  const finals = new Map<string, Set<string>>();
  for (const { id, answers } of results) {
    const found = finals.get(id) ?? new Set();
    finals.set(id, found.add(answers.at(-1) ?? ''));
  }
  const approved = [...finals.values()].filter((answers) => answers.has('APPROVE'));
  t.ok(
    [...finals.values()].every(({ size }) => size === 1),
    'no final answer differs from another',
  );
  t.equal(approved.length, FITTING);
}

export async function spentBy(table: Table, source: string): Promise<string> {
  for await (const item of table.query(counterKey('payouts', source).partition)) {
    const { buckets } = counterFromJson(JSON.parse(item.data));
    return buckets.reduce((sum, bucket) => sum + Number(bucket.sum), 0).toString();
  }
  return 'nothing';
}

function paymentOf(id: string, sourceId: string, requestId = id): Payload {
  return {
    requestId,
    txId: id,
    operation: 'TRANSFER',
    asset: 'COIN',
    amountStr: '1',
    ...{ sourceType: 'VAULT', sourceId },
    destinations: [{ dstAddress: 'somewhere', amountNativeStr: '1' }],
  };
}
