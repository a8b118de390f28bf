// What every implementation of the store must do: sizes, time limits, closing.
import type { Test } from 'tap';
import { type Key, MAX_DATA_BYTES, MAX_KEYS, MAX_WRITES, type Write } from '../../src/store/table.js';
import { collect, type Open } from './suite.js';

const key = (sort: string, partition = 'P'): Key => ({ partition, sort });

export function limits(t: Test, open: Open): void {
  t.test('stores as much as the interface says, and refuses more', async (t) => {
    const table = await open(t);
    const large = 'ä'.repeat(MAX_DATA_BYTES / 2);
    const long = { partition: `${'p'.repeat(898)}ä`, sort: 's'.repeat(1024) };
    t.strictSame(await table.write([{ type: 'put', ...long, data: large }]), []);
    t.equal((await table.read([long]))[0]?.data, large);
    t.equal((await collect(table.query(long.partition)))[0]?.data.length, large.length);

    const many = (count: number): Write[] =>
      Array.from({ length: count }, (_, index) => ({ type: 'put', ...key(`m${index}`), data: 'x' }));
    t.strictSame(await table.write(many(MAX_WRITES)), []);
    const read = await table.read(many(MAX_KEYS).map(({ sort }) => key(sort)));
    t.equal(read.filter((item) => item?.data === 'x').length, MAX_KEYS);

    const put = (given: Partial<Key & { data: string }>): Write[] => [
      { type: 'put', ...key('x'), data: 'x', ...given },
    ];
    const refused: readonly [string, readonly Write[], RegExp][] = [
      ['too large', put({ data: `${large}x` }), /^an item of 380001 bytes can't be stored: at most 380000$/],
      ['too many', many(MAX_WRITES + 1), /^101 items can't be written at once: at most 100$/],
      [
        'too much',
        many(11).map((write) => ({ ...write, data: large })),
        /^4180000 bytes can't be written at once/,
      ],
      ['twice', [...put({}), ...put({ data: 'y' })], /^the same item is given twice$/],
      ['long partition', put({ partition: 'ä'.repeat(451) }), /^a partition key has 902 bytes/],
      ['long sort', put({ sort: 'ä'.repeat(513) }), /^a sort key has 1026 bytes/],
      ['empty partition', put({ partition: '' }), /^a partition key has 0 bytes/],
      ['empty sort', put({ sort: '' }), /^a sort key has 0 bytes/],
      ['half a pair in a key', put({ sort: 'x\ud83d' }), /half a surrogate pair/],
      ['half a pair in data', put({ data: 'x\ud83d' }), /half a surrogate pair/],
    ];
    for (const [name, writes, message] of refused) {
      await t.rejects(table.write(writes), { code: 'STORE_FAILED', message, mayBeWritten: false }, name);
    }
    t.strictSame(await table.read([key('x')]), [undefined]);
    await t.rejects(table.read(many(MAX_KEYS + 1)), { message: /^101 items can't be read at once/ });
    await t.rejects(table.read([key('a'), key('a')]), { message: /twice/ });
  });

  t.test('is not asked when the time is over', async (t) => {
    const table = await open(t);
    const signal = AbortSignal.abort();
    await t.rejects(table.read([key('a')], { signal }), {
      code: 'STORE_FAILED',
      message: /the time for it is over/,
    });
    await t.rejects(table.write([{ type: 'put', ...key('a'), data: 'x' }], { signal }), {
      code: 'STORE_FAILED',
      mayBeWritten: false,
    });
    t.strictSame(await table.read([key('a')]), [undefined]);
  });

  t.test('refuses everything once it is closed', async (t) => {
    const table = await open(t);
    const writing = table.write([{ type: 'put', ...key('a'), data: 'x' }]).catch(() => undefined);
    await table.close();
    await table.close();
    await writing;
    const closed = { code: 'STORE_FAILED', message: /is closed$/, mayBeWritten: false };
    await t.rejects(table.read([key('a')]), closed);
    await t.rejects(table.write([{ type: 'put', ...key('a'), data: 'x' }]), closed);
    await t.rejects(collect(table.query('P')), closed);
  });
}
