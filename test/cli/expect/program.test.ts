import '../../helpers/needs-moto.js';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createExpectProgram } from '../../../cli/expect/program.js';
import { reportFailure } from '../../../cli/operator-command.js';
import { EXPECTED_PREFIX, expectedKey, useKey } from '../../../src/store/keys.js';
import { openStore, type StorePlace } from '../../../src/store/open.js';
import type { Item } from '../../../src/store/table.js';
import { ANNOUNCED, SUBJECT } from '../../helpers/announced.js';
import { type Ran, ROOT, runInProcess } from '../../helpers/cli.js';
import { motoStore } from '../../helpers/moto-store.js';

/** A store, as commands and the service find it. */
interface Place {
  readonly place: StorePlace;
  readonly options: readonly string[];
}

interface Workspace extends Place {
  readonly run: (...args: string[]) => Promise<Ran>;
  readonly file: (content: unknown, name?: string) => string;
  readonly items: () => Promise<readonly Item[]>;
  /** Marks an announcement as used. */
  readonly use: (id: string) => Promise<void>;
}

type Open = (directory: string) => Promise<Place>;

async function workspace(t: Test, open: Open = inDirectory): Promise<Workspace> {
  const directory = t.testdir({ store: {} });
  const { place, options } = await open(directory);
  return {
    ...{ place, options },
    run: (...args) =>
      runInProcess(createExpectProgram, [...args, ...options], (error, command) =>
        reportFailure(error, command.opts()),
      ),
    file(content, name = 'payouts.json') {
      const path = join(directory, name);
      writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
      return path;
    },
    async items() {
      const { table } = await openStore(place);
      const items: Item[] = [];
      for await (const item of table.scan(EXPECTED_PREFIX)) items.push(item);
      await table.close();
      return items.sort((a, b) => (a.partition < b.partition ? -1 : 1));
    },
    async use(id) {
      const { table } = await openStore(place);
      await table.write([{ type: 'put', ...useKey('expected', id), data: SUBJECT }]);
      await table.close();
    },
  };
}

const moto = await motoStore(t);
Object.assign(process.env, moto.env);

function inDirectory(directory: string): Promise<Place> {
  const path = join(directory, 'store');
  return Promise.resolve({ place: { path }, options: ['--store-path', path] });
}

const PLACES: Readonly<Record<string, Open>> = {
  'in a directory': inDirectory,
  'in DynamoDB': async () => {
    const table = await moto.createTable();
    return { place: { table }, options: ['--table', table, '--region', 'eu-central-1'] };
  },
};

const ITEM = { ...ANNOUNCED, expires: '2099-12-31T23:59:59Z' };
const PAYEE = 'rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh';
const OTHER = {
  txId: 't-9',
  asset: 'XRP',
  amount: '1',
  destinations: [{ address: PAYEE, tag: '5', amount: '1' }],
};

for (const [name, open] of Object.entries(PLACES)) {
  t.test(`${name}: adds, lists and removes`, async (t) => {
    const { run, file, items, use } = await workspace(t, open);
    t.match(await run('list'), { code: 0, stdout: 'nothing is announced\n' });
    const path = file([ITEM, OTHER]);
    t.match(await run('add', path), { code: 0, stdout: /^2 transactions announced$/m });
    const [first, second] = await items();
    t.match(first, { ...expectedKey('payout-1'), version: 1, expires: 4102444799 + 30 * 86_400 });
    t.strictSame(JSON.parse(first?.data ?? ''), ITEM, 'what is stored is what was written');
    t.match(second, { ...expectedKey('t-9'), version: 1 });
    t.notOk(second?.expires);
    t.match(await run('add', path), { code: 0, stdout: '0 transactions announced\n2 unchanged\n' });

    await use('payout-1');
    const { stdout } = await run('list');
    t.match(stdout, /^payout-1 +ETH +3 +0x5aAe\w+ 1 +2099-12-31T23:59:59Z +transaction:t-1$/m);
    t.match(stdout, /^ +0xfB69\w+ 2$/m);
    t.match(stdout, /^t-9 +XRP +1 +r\w+ tag 5$/m);
    t.strictSame(JSON.parse((await run('list', '--json')).stdout), [
      { id: 'payout-1', announcement: ITEM, usedBy: SUBJECT },
      { id: 't-9', announcement: OTHER },
    ]);

    t.match(await run('remove', 't-9', 'x'), { code: 1 });
    t.equal((await items()).length, 2, 'nothing was removed');
    t.match(await run('remove', 't-9'), { code: 0, stdout: 'removed  t-9\n' });
    t.match(await run('remove', 'payout-1'), { code: 0, stdout: /used by transaction:t-1/ });
    t.strictSame(await items(), []);
  });

  t.test(`${name}: replaces only what is not used, and only if asked to`, async (t) => {
    const { run, file, items, use } = await workspace(t, open);
    await run('add', file([ITEM]));
    const changed = [{ ...ITEM, asset: 'ETC' }, OTHER];
    const before = await items();
    t.match(await run('add', file(changed)), { code: 1 });
    t.strictSame(await items(), before, 'nothing was stored');
    t.match(await run('add', file(changed), '--replace'), {
      code: 0,
      stdout: '1 transaction announced\nreplaced   payout-1\n',
    });
    t.match(await items(), [{ version: 2 }, { version: 1 }]);
    await use('payout-1');
    for (const args of [[], ['--replace']]) {
      t.match(await run('add', file([ITEM]), ...args), { code: 1 }, 'it is used');
    }
    t.match(await items(), [{ version: 2 }, { version: 1 }]);
  });

  // moto copies its tables for every transaction.
  const size = open === inDirectory ? 3000 : 250;
  t.test(`${name}: handles ${size}`, async (t) => {
    const { run, file } = await workspace(t, open);
    const many = Array.from({ length: size }, (_, index) => ({ ...OTHER, txId: `t-${index}` }));
    t.match(await run('add', file(many)), { code: 0, stdout: `${size} transactions announced\n` });
    t.match((await run('list')).stdout, new RegExp(`^${size} transactions$`, 'm'));
    t.equal((JSON.parse((await run('list', '--json')).stdout) as unknown[]).length, size);
  });
}

t.test('names every problem of a file, and stores nothing', async (t) => {
  const { run, file, items } = await workspace(t);
  const refused: Readonly<Record<string, readonly [unknown, readonly string[]]>> = {
    'a.json': [
      [ITEM, { ...OTHER, amount: 5 }, { ...OTHER, x: 1 }, ITEM],
      [
        'entry 2 (t-9): amount must be an amount in quotes',
        'entry 3 (t-9): has unknown keys: "x"',
        'entry 4: payout-1 is announced twice',
      ],
    ],
    'b.json': [{}, ['must contain a list']],
    'c.json': ['[{]', ['is not JSON']],
    'd.json': ['[]', ['announces no transactions']],
    'e.csv': [
      'externalTxId,asset,amount,address,destinationAmount\na,ETH,3,x,1\na,ETH,4,y,2\nb,ETH,x,z,\nc,ETH\n',
      [
        'line 3: amount differs from line 2',
        'line 4 (b): amount must be a decimal number',
        'line 5: has 2 cells, and the first line has 5',
      ],
    ],
    'f.csv': ['externalTxId,asset,amount,address\na,ETH,1,"x"y\n', [':2: a quote must begin and end a cell']],
    'g.csv': ['externalTxId;asset;amount;address\n', ['separate the cells by commas']],
    'h.csv': ['externalTxId,asset,amount\n', ['the column address is missing']],
    'i.csv': ['externalTxId,asset,asset\n', ['unknown or second column "asset"']],
    'j.csv': ['externalTxId,asset,amount,address\na,ETH,1,x\n"\n', [':3: a quote must begin']],
  };
  for (const [name, [content, problems]] of Object.entries(refused)) {
    const { code, stderr } = await run('add', file(content, name));
    t.equal(code, 2, name);
    for (const problem of problems) t.ok(stderr.includes(problem), `${problem}: ${stderr}`);
  }
  t.strictSame(await items(), []);
});

t.test('reads the same from CSV as from JSON', async (t) => {
  const { run, file } = await workspace(t);
  const [alice, bob] = ANNOUNCED.destinations.map(({ address }) => address);
  const csv = [
    '\ufeffexternalTxId,txId,asset,amount,expires,address,tag,destinationAmount',
    `payout-1,,ETH,3,2099-12-31T23:59:59Z,${alice},,1`,
    '',
    `,t-9,XRP,1,,${PAYEE},"5",`,
    `payout-1,,ETH,3,2099-12-31T23:59:59Z,"${bob}",,2`,
    `"a ""quote"", and`,
    `a line",,ETH,1,, ${alice} ,,`,
  ].join('\r\n');
  t.match(await run('add', file(csv, 'payouts.csv')), { code: 0, stdout: '3 transactions announced\n' });
  t.strictSame(JSON.parse((await run('list', '--json')).stdout), [
    {
      id: 'a "quote", and\r\na line',
      announcement: {
        externalTxId: 'a "quote", and\r\na line',
        ...{ asset: 'ETH', amount: '1', destinations: [{ address: alice, amount: '1' }] },
      },
    },
    { id: 'payout-1', announcement: ITEM },
    { id: 't-9', announcement: OTHER },
  ]);
});

t.test('shows what others have stored, also if it is malformed', async (t) => {
  const { run, place } = await workspace(t);
  const { table } = await openStore(place);
  const long = 'x'.repeat(400);
  await table.write([
    { type: 'put', ...expectedKey('bad\u001b[31m'), data: '{"amount":1}' },
    {
      type: 'put',
      ...expectedKey(long),
      data: JSON.stringify({ ...OTHER, txId: undefined, externalTxId: long }),
    },
    {
      type: 'put',
      ...expectedKey('old'),
      data: JSON.stringify({ ...OTHER, txId: 'old', expires: '2020-01-01T00:00:00Z' }),
    },
  ]);
  await table.close();
  const { stdout } = await run('list');
  t.match(stdout, /^bad\\u\{1b\}\[31m .*malformed: /m);
  t.match(stdout, new RegExp(`^${long} +XRP`, 'm'));
  t.match(stdout, /^old .* 2020-01-01T00:00:00Z expired$/m);
});

t.test('says which store it needs', async (t) => {
  const { run } = await workspace(t, () => Promise.resolve({ place: { path: '' }, options: [] }));
  const missing = await run('list', '--store-path', join(ROOT, 'nowhere'));
  t.match(missing, { code: 2, stderr: /there is no store in .*nowhere/ });
  t.match(await run('list', '--table', 'x', '--store-path', 'y'), { code: 2, stderr: /give one of them/ });
});

t.test('the examples can be announced', async (t) => {
  const { run } = await workspace(t);
  t.match(await run('add', join(ROOT, 'examples/payouts.json')), {
    code: 0,
    stdout: '2 transactions announced\n',
  });
  t.match(await run('add', join(ROOT, 'examples/payouts.csv')), {
    code: 0,
    stdout: '2 transactions announced\n',
  });
  t.ok(readFileSync(join(ROOT, 'examples/payouts.csv'), 'utf8').startsWith('externalTxId,'));
});
