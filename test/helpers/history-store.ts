// Records of several writers, as they are stored, without what decides them.
import { createWriter, extend, type Head, putHead } from '../../src/store/chain.js';
import type { DecisionRecord, RecordBody } from '../../src/store/record.js';
import { MAX_WRITES, type Table } from '../../src/store/table.js';

/** Far away. */
const EXPIRES = 4_000_000_000;

export interface HistoryWriter {
  readonly writer: string;
  /** Writes records as a task does, at the time of the last one. */
  readonly add: (bodies: readonly RecordBody[]) => Promise<void>;
}

/** Starts a writer, with its start record. @param start Unix time in ms @param expires in seconds */
export async function historyWriter(table: Table, start: number, expires = EXPIRES): Promise<HistoryWriter> {
  let head: Head = {
    ...{ writer: createWriter(start), sequence: 0, hash: '0'.repeat(64) },
    ...{ at: new Date(start).toISOString(), expires },
  };
  let version = 0;
  const add = async (bodies: readonly RecordBody[]): Promise<void> => {
    // Decisions that are made at the same time may be written in another order.
    const now = Math.max(Date.parse(head.at), ...bodies.map(({ at }) => Date.parse(at)));
    for (let first = 0; first < bodies.length; first += MAX_WRITES - 1) {
      const part = bodies.slice(first, first + MAX_WRITES - 1);
      const next = extend(head, part.map((body) => ({ json: JSON.stringify(body), expires })), now); // prettier-ignore
      await table.write([...next.records, putHead(next.head, version++)]);
      head = next.head;
    }
  };
  await add([{ type: 'start', at: head.at, version: '1.2.3', task: 'test' }]);
  return { writer: head.writer, add };
}

export type Fields = Partial<DecisionRecord> & { readonly payload?: Record<string, unknown> };

/** A decision about a payment. @param at Unix time in ms */
export function decision(requestId: string, at: number, { payload, ...fields }: Fields = {}): DecisionRecord {
  const request = {
    ...{ requestId, txId: requestId, operation: 'TRANSFER', asset: 'USDC', amountStr: '1250.5' },
    ...{ sourceType: 'VAULT', sourceId: '7', destType: 'ONE_TIME_ADDRESS' },
    destinations: [{ amountNativeStr: '1250.5', dstAddress: '0x8ba1f109551bD432803012645Ac136ddd64DBA72' }],
    ...payload,
  };
  return {
    ...{
      type: 'decision',
      at: new Date(at).toISOString(),
      kind: 'transaction',
      requestId,
      stage: 'approval',
    },
    ...{ txId: requestId, content: 'c'.repeat(64), request: JSON.stringify(request), auth: 'json' },
    ...{ answer: JSON.stringify({ action: 'APPROVE', requestId }), action: 'APPROVE', rule: 'small' },
    ...fields,
  };
}
