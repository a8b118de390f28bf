// Records are read for pages, whatever the store has.
import t from 'tap';
import { historyPage } from '../../src/console/history/read.js';
import { recordKey } from '../../src/store/keys.js';
import { MemoryBlobs } from '../helpers/memory-blobs.js';
import { MemoryTable } from '../helpers/memory-table.js';
import { decisionAt, RecordWriter } from '../helpers/record-writer.js';

const START = Date.parse('2026-11-25T20:00:00Z');

for (const data of ['not JSON', 'null', '{"body":{}}', '{"body":7}', '{"body":{"sha256":"gone"}}']) {
  t.test(`a page goes past a record that is ${data}`, async (t) => {
    const table = new MemoryTable({ now: () => START });
    const writer = new RecordWriter(table, START);
    await writer.write(
      ['one', 'two', 'three'].map((id, place) => decisionAt(START + place, id)),
      START + 10,
    );
    for (const sequence of [2, 3]) {
      const key = recordKey(writer.writer, sequence);
      table.tamper(key, { ...key, data, version: 2 });
      const { decisions } = await historyPage({ table, blobs: new MemoryBlobs() }, {});
      t.same(
        decisions.map(({ record }) => record.requestId),
        sequence === 2 ? ['three', 'one'] : ['one'],
      );
    }
  });
}
