// Writers that write made-up decisions into a store, without deciding anything.
import { createHash } from 'node:crypto';
import { createWriter, emptyHead, extend, type Head, putHead } from '../../src/store/chain.js';
import type { DecisionRecord, RecordBody } from '../../src/store/record.js';
import type { Table } from '../../src/store/table.js';

/** Of what it writes, Unix time in seconds. */
const EXPIRES = 4_000_000_000;

export class RecordWriter {
  readonly writer: string;
  readonly #table: Table;
  #head: Head;
  #version = 0;

  /** @param start Unix time in ms */
  constructor(table: Table, start: number) {
    this.#table = table;
    this.writer = createWriter(start);
    this.#head = emptyHead(this.writer, start, EXPIRES);
  }

  /** Writes records, and the head. @param now Unix time in ms: when they are written */
  async write(bodies: readonly (RecordBody | { readonly sha256: string })[], now: number): Promise<void> {
    const all = bodies.map((body) => ({ json: JSON.stringify(body), expires: EXPIRES }));
    const { records, head } = extend(this.#head, all, now);
    await this.#table.write([...records, putHead(head, this.#version)]);
    this.#head = head;
    this.#version++;
  }
}

/** @param at Unix time in ms */
export function decisionAt(at: number, id: string, more: Partial<DecisionRecord> = {}): DecisionRecord {
  const request = JSON.stringify({
    ...{ requestId: id, txId: id, operation: 'TRANSFER', asset: 'COIN', amountStr: '4' },
    ...{ sourceType: 'VAULT', sourceId: '0', destinations: [{ dstAddress: 'somewhere' }] },
  });
  return {
    ...{ type: 'decision', at: new Date(at).toISOString(), kind: 'transaction', requestId: id },
    ...{ stage: 'approval', txId: id, content: createHash('sha256').update(request).digest('hex') },
    ...{ request, answer: '{}', auth: 'json', action: 'APPROVE', rule: 'all' },
    ...more,
  };
}
