// What every implementation of the store must do.
import type { Test } from 'tap';
import type { Key, Write } from '../../src/store/table.js';
import { collect, type Open } from './suite.js';
import { limits } from './table-suite-limits.js';

const key = (sort: string, partition = 'P'): Key => ({ partition, sort });

export function tableSuite(t: Test, open: Open): void {
  conditions(t, open);
  concurrency(t, open);
  expiry(t, open);
  queries(t, open);
  scans(t, open);
  limits(t, open);
}

function conditions(t: Test, open: Open): void {
  t.test('reads what was written, in the order of the keys', async (t) => {
    const table = await open(t);
    const expires = Math.ceil(Date.now() / 1000) + 1000;
    t.strictSame(
      await table.write([
        { type: 'put', ...key('a'), data: '{"n":1}', seen: 0 },
        { type: 'put', ...key('b'), data: '', seen: 0, expires },
        { type: 'put', ...key('a', 'Q'), data: 'ü€😀' },
      ]),
      [],
    );
    t.strictSame(await table.read([key('b'), key('none'), key('a', 'Q'), key('a')]), [
      { ...key('b'), data: '', version: 1, expires },
      undefined,
      { ...key('a', 'Q'), data: 'ü€😀', version: 1 },
      { ...key('a'), data: '{"n":1}', version: 1 },
    ]);
    t.strictSame(await table.read([]), []);
    t.strictSame(await table.write([]), []);
  });

  t.test('writes only with the version that was seen, and counts it on', async (t) => {
    const table = await open(t);
    const put = (data: string, seen?: number): Promise<readonly number[]> =>
      table.write([{ type: 'put', ...key('a'), data, ...(seen !== undefined && { seen }) }]);
    const stored = async (): Promise<unknown> => {
      const [item] = await table.read([key('a')]);
      return item && [item.data, item.version];
    };
    t.strictSame(await put('one', 1), [0], 'there is none');
    t.strictSame(await stored(), undefined);
    t.strictSame(await put('one', 0), []);
    t.strictSame(await put('other', 0), [0], 'there is one');
    t.strictSame(await put('two', 1), []);
    t.strictSame(await put('other', 1), [0], 'it is newer');
    t.strictSame(await put('other', 3), [0]);
    t.strictSame(await stored(), ['two', 2]);
    t.strictSame(await put('three'), [], 'whatever is there');
    t.strictSame(await stored(), ['three', 3]);
    t.strictSame(await put('four', 3), []);
    t.strictSame(await stored(), ['four', 4]);
  });

  t.test('replaces the expiry of an item with its data', async (t) => {
    const table = await open(t);
    const expires = Math.ceil(Date.now() / 1000) + 1000;
    await table.write([{ type: 'put', ...key('a'), data: '1', seen: 0, expires }]);
    await table.write([{ type: 'put', ...key('a'), data: '2', seen: 1 }]);
    t.strictSame(await table.read([key('a')]), [{ ...key('a'), data: '2', version: 2 }]);
    await table.write([{ type: 'put', ...key('a'), data: '3', expires }]);
    t.strictSame(await table.read([key('a')]), [{ ...key('a'), data: '3', version: 3, expires }]);
    await table.write([{ type: 'put', ...key('a'), data: '4' }]);
    t.strictSame(await table.read([key('a')]), [{ ...key('a'), data: '4', version: 4 }]);
  });

  t.test('checks items that it does not write', async (t) => {
    const table = await open(t);
    await table.write([{ type: 'put', ...key('a'), data: '1' }]);
    const checked = (a: number, b: number): Promise<readonly number[]> =>
      table.write([
        { type: 'check', ...key('a'), seen: a },
        { type: 'put', ...key('c'), data: 'c' },
        { type: 'check', ...key('b'), seen: b },
      ]);
    t.strictSame(await checked(1, 0), []);
    t.strictSame(await checked(0, 0), [0]);
    t.strictSame(await checked(2, 1), [0, 2]);
    t.equal((await table.read([key('a')]))[0]?.version, 1, 'a check changes nothing');
  });

  t.test('removes items', async (t) => {
    const table = await open(t);
    const remove = (seen?: number): Promise<readonly number[]> =>
      table.write([{ type: 'remove', ...key('a'), ...(seen !== undefined && { seen }) }]);
    t.strictSame(await remove(), [], 'there is none');
    t.strictSame(await remove(1), [0]);
    await table.write([{ type: 'put', ...key('a'), data: '1' }]);
    t.strictSame(await remove(2), [0]);
    t.strictSame(await remove(1), []);
    t.strictSame(await table.read([key('a')]), [undefined]);
    await table.write([{ type: 'put', ...key('a'), data: '1', seen: 0 }]);
    t.strictSame(await remove(), []);
    t.strictSame(await table.read([key('a')]), [undefined]);
  });

  t.test('writes all or nothing, and names every condition that did not hold', async (t) => {
    const table = await open(t);
    await table.write([{ type: 'put', ...key('b'), data: 'old' }]);
    const writes: Write[] = [
      { type: 'put', ...key('a'), data: 'new', seen: 0 },
      { type: 'put', ...key('b'), data: 'new', seen: 0 },
      { type: 'put', ...key('c'), data: 'new' },
      { type: 'remove', ...key('d'), seen: 5 },
    ];
    t.strictSame(await table.write(writes), [1, 3]);
    const data = (await table.read(['a', 'b', 'c'].map((sort) => key(sort)))).map((item) => item?.data);
    t.strictSame(data, [undefined, 'old', undefined]);
  });
}

function concurrency(t: Test, open: Open): void {
  t.test('lets exactly as many of 60 concurrent writers through as fit', async (t) => {
    const table = await open(t);
    const claim = async (id: number): Promise<boolean> => {
      for (;;) {
        const [counter] = await table.read([key('counter')]);
        const sum = Number(counter?.data ?? 0);
        if (sum + 1 > 18) return false;
        const conflicts = await table.write([
          { type: 'put', ...key('counter'), data: String(sum + 1), seen: counter?.version ?? 0 },
          { type: 'put', ...key(`claim ${id}`), data: 'x', seen: 0 },
        ]);
        if (conflicts.length === 0) return true;
      }
    };
    const claimed = await Promise.all(Array.from({ length: 60 }, (_, id) => claim(id)));
    t.equal(claimed.filter(Boolean).length, 18);
    t.match(await table.read([key('counter')]), [{ data: '18', version: 18 }]);
    const claims = await collect(table.query('P', { from: 'claim', to: 'claim 99' }));
    t.equal(claims.length, 18, 'nothing of the others');
  });
}

function expiry(t: Test, open: Open): void {
  t.test('an expired item is absent for reads and conditions', async (t) => {
    let time = 1_700_000_000_000;
    const table = await open(t, () => time);
    const expires = time / 1000 + 10;
    await table.write(
      ['a', 'b', 'c', 'd'].map((sort) => ({ type: 'put', ...key(sort), data: sort, expires })),
    );
    await table.write([{ type: 'put', ...key('e'), data: 'e' }]);
    time += 9999;
    t.equal((await table.read([key('a')]))[0]?.data, 'a', 'not yet');
    t.strictSame(await table.write([{ type: 'check', ...key('a'), seen: 0 }]), [0]);
    time += 1;
    t.strictSame(await table.read([key('a')]), [undefined]);
    t.strictSame(
      (await collect(table.query('P'))).map(({ sort }) => sort),
      ['e'],
    );
    t.strictSame(
      (await collect(table.query('P', { limit: 1 }))).map(({ sort }) => sort),
      ['e'],
    );
    t.strictSame(await table.write([{ type: 'check', ...key('a'), seen: 1 }]), [0]);
    t.strictSame(await table.write([{ type: 'remove', ...key('a'), seen: 1 }]), [0]);
    t.strictSame(await table.write([{ type: 'put', ...key('a'), data: 'x', seen: 1 }]), [0]);
    t.strictSame(
      await table.write([
        { type: 'check', ...key('a'), seen: 0 },
        { type: 'put', ...key('b'), data: 'new', seen: 0 },
        { type: 'put', ...key('c'), data: 'new' },
        { type: 'remove', ...key('d'), seen: 0 },
      ]),
      [],
    );
    t.match(await table.read([key('a'), key('b'), key('c'), key('d')]), [
      undefined,
      { data: 'new', version: 1 },
      { data: 'new', version: 2 },
      undefined,
    ]);
  });
}

function queries(t: Test, open: Open): void {
  /** In the order of their bytes in UTF-8, which is not that of JavaScript's strings. */
  const SORTS = [
    '\u0001',
    ' ',
    '1',
    '10',
    '2',
    'A',
    'a',
    'a b',
    'a\u0000b',
    'z',
    'ä',
    '€',
    '\uffee',
    '😀',
  ].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

  t.test('queries a partition by the bytes of the sort keys, in both directions', async (t) => {
    const table = await open(t);
    t.not([...SORTS].sort().join(), SORTS.join(), 'the two orders differ');
    for (const partition of ['P', 'P\u0000', 'Pä', 'Q']) {
      await table.write(
        [...SORTS]
          .reverse()
          .map((sort) => ({ type: 'put', ...key(sort, partition), data: `${partition} ${sort}` })),
      );
    }
    const sorts = async (query = {}): Promise<string[]> =>
      (await collect(table.query('P', query))).map(({ sort, data }) => {
        t.equal(data, `P ${sort}`);
        return sort;
      });
    const reversed = [...SORTS].reverse();
    t.strictSame(await sorts(), SORTS);
    t.strictSame(await sorts({ reverse: true }), reversed);
    t.strictSame(await sorts({ limit: 3 }), SORTS.slice(0, 3));
    t.strictSame(await sorts({ limit: 3, reverse: true }), reversed.slice(0, 3));
    t.strictSame(await sorts({ limit: 0 }), []);
    t.strictSame(await sorts({ from: 'a' }), SORTS.slice(SORTS.indexOf('a')));
    t.strictSame(await sorts({ to: 'a' }), SORTS.slice(0, SORTS.indexOf('a') + 1));
    t.strictSame(
      await sorts({ from: 'B', to: 'ä' }),
      SORTS.slice(SORTS.indexOf('a'), SORTS.indexOf('ä') + 1),
    );
    t.strictSame(await sorts({ from: 'B', to: 'ä', reverse: true, limit: 2 }), ['ä', 'z']);
    t.strictSame(await sorts({ to: 'zz', reverse: true, limit: 1 }), ['z']);
    t.strictSame(await sorts({ from: 'a', to: 'a' }), ['a']);
    t.strictSame(await sorts({ from: 'z', to: 'a' }), []);
    t.strictSame(await sorts({ from: '😀😀' }), []);
    t.strictSame(await collect(table.query('none')), []);
  });

  t.test('queries more than a page', async (t) => {
    const table = await open(t);
    const names = Array.from({ length: 250 }, (_, index) => String(index).padStart(4, '0'));
    const data = 'x'.repeat(12_000);
    for (let at = 0; at < names.length; at += 50) {
      await table.write(names.slice(at, at + 50).map((sort) => ({ type: 'put', ...key(sort), data })));
    }
    const sorts = async (query: object): Promise<string[]> =>
      (await collect(table.query('P', query))).map(({ sort }) => sort);
    t.strictSame(await sorts({}), names);
    t.strictSame(await sorts({ reverse: true }), [...names].reverse());
    t.strictSame(await sorts({ limit: 220 }), names.slice(0, 220));
    t.strictSame(
      await sorts({ from: '0010', to: '0239', reverse: true, limit: 229 }),
      names.slice(11, 240).reverse(),
    );
  });

  t.test('a query can be left early', async (t) => {
    const table = await open(t);
    await table.write(['a', 'b', 'c'].map((sort) => ({ type: 'put', ...key(sort), data: sort })));
    for await (const { sort } of table.query('P')) {
      t.equal(sort, 'a');
      break;
    }
    t.equal((await collect(table.query('P'))).length, 3);
  });
}

function scans(t: Test, open: Open): void {
  t.test('scans all partitions that begin with a text', async (t) => {
    const now = { ms: Date.now() };
    const table = await open(t, () => now.ms);
    const partitions = ['E', 'E#', 'E#ä', 'E#1', 'E#2', 'F#1', '\u{10ffff}'];
    const expires = Math.ceil(now.ms / 1000) + 10;
    await table.write([
      ...partitions.flatMap((partition): Write[] =>
        ['-', 'ö'].map((sort) => ({ type: 'put', ...key(sort, partition), data: partition })),
      ),
      { type: 'put', ...key('-', 'E#old'), data: 'x', expires },
    ]);
    now.ms += 11_000;
    const found = (await collect(table.scan('E#'))).map(({ partition, sort, data }) => [
      partition,
      sort,
      data,
    ]);
    t.strictSame(
      found.sort(),
      ['E#', 'E#1', 'E#2', 'E#ä'].flatMap((partition) => [
        [partition, '-', partition],
        [partition, 'ö', partition],
      ]),
    );
    t.strictSame(await collect(table.scan('X')), []);
  });

  t.test('scans more than a page', async (t) => {
    const table = await open(t);
    const data = 'x'.repeat(30_000);
    for (let start = 0; start < 300; start += 100) {
      const some = Array.from({ length: 100 }, (_, place) => `E#${start + place}`);
      await table.write(some.map((partition): Write => ({ type: 'put', ...key('-', partition), data })));
    }
    await table.write([{ type: 'put', ...key('-', 'F'), data }]);
    const found = await collect(table.scan('E#'));
    t.equal(new Set(found.map(({ partition }) => partition)).size, 300);
    t.equal(found.length, 300);
  });
}
