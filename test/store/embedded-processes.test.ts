// What is special about the embedded store: several processes on one directory, kill -9, and the files themselves.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { type EmbeddedTable, openEmbedded } from '../../src/store/embedded.js';
import type { Put } from '../../src/store/table.js';
import { collect } from './suite.js';

const PROGRAM = fileURLToPath(new URL('embedded-process.js', import.meta.url));
const COUNTED = ['one', 'two'].map((sort) => ({ partition: 'count', sort }));

function start(t: Test, mode: string, directory: string): { child: ChildProcess; lines: string[] } {
  const child = spawn(process.execPath, [PROGRAM, mode, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return { child, lines };
}

async function openIn(t: Test, directory: string, options = {}): Promise<EmbeddedTable> {
  const table = await openEmbedded(directory, options);
  t.teardown(() => table.close());
  return table;
}

async function untilLines(lines: readonly string[], count: number): Promise<void> {
  for (let waited = 0; lines.length < count; waited += 10) {
    if (waited > 20_000) throw new Error(`only ${lines.length} lines`);
    await sleep(10);
  }
}

/** Both items were always written together. */
async function countIn(table: EmbeddedTable): Promise<number> {
  const numbers = (await table.read(COUNTED)).map((item) => Number(item?.data.split(' ')[0] ?? 0));
  if (numbers[0] !== numbers[1]) throw new Error(`half a write: ${numbers.join()}`);
  return numbers[0] ?? 0;
}

t.test('sees at once what another process has written', async (t) => {
  const directory = t.testdir();
  const table = await openIn(t, directory);
  const { child, lines } = start(t, 'count', directory);
  for (let round = 1; round <= 20; round++) {
    await untilLines(lines, round * 3);
    const printed = Number(lines.at(-1));
    t.ok((await countIn(table)) >= printed, `${printed}`);
  }
  child.kill('SIGKILL');
});

t.test('sees it even if it has read before, without a pause', async (t) => {
  const directory = t.testdir();
  const table = await openIn(t, directory);
  const key = { partition: 'P', sort: 'a' };
  t.strictSame(await table.read([key]), [undefined]);
  execFileSync(process.execPath, [PROGRAM, 'put', directory]);
  t.match(await table.read([key]), [{ data: 'other process' }]);
});

t.test('lets exactly as many through as fit, from several processes', async (t) => {
  const directory = t.testdir();
  const processes = [1, 2, 3].map(() => start(t, 'claim', directory));
  await Promise.all(processes.map(({ child }) => once(child, 'close')));
  const claimed = processes.map(({ lines }) => Number(lines[0]));
  t.equal(claimed[0] === undefined ? 0 : claimed.reduce((sum, one) => sum + one), 18, claimed.join());
  const table = await openIn(t, directory);
  t.match(await table.read([{ partition: 'claims', sort: 'sum' }]), [{ data: '18', version: 18 }]);
});

t.test('loses nothing and writes nothing by halves when a writer is killed', async (t) => {
  const directory = t.testdir();
  const table = await openIn(t, directory);
  let last = 0;
  for (let round = 0; round < 15; round++) {
    const { child, lines } = start(t, 'count', directory);
    await untilLines(lines, 1);
    await sleep(Math.random() * 50);
    child.kill('SIGKILL');
    await once(child, 'close');
    const counted = await countIn(table);
    t.ok(counted >= Number(lines.at(-1)), `${counted} of ${lines.at(-1)}`);
    t.ok(counted > last);
    last = counted;
    const put: Put = { type: 'put', partition: 'mine', sort: String(round), data: 'x', seen: 0 };
    t.strictSame(await table.write([put]), [], 'others go on');
  }
  t.equal((await collect(table.query('mine'))).length, 15);
});

t.test(
  'a write does not wait longer than its limit for another process, and is not done later',
  async (t) => {
    const directory = t.testdir();
    const table = await openIn(t, directory, { writeTimeoutMs: 200 });
    const key = { partition: 'P', sort: 'a' };
    const { child, lines } = start(t, 'lock', directory);
    await untilLines(lines, 1);
    await t.rejects(table.write([{ type: 'put', ...key, data: 'late' }]), {
      code: 'STORE_FAILED',
      mayBeWritten: false,
      message: /^store .* can't be written: no response within 0\.2 s$/,
    });
    t.strictSame(await table.read([key]), [undefined], 'reads do not wait');
    child.kill('SIGKILL');
    await once(child, 'close');
    t.strictSame(await table.write([{ type: 'put', ...key, sort: 'b', data: 'x' }]), []);
    t.strictSame(await table.read([key]), [undefined]);
  },
);

t.test('goes on after a full disk, and has written nothing by halves', async (t) => {
  const script = `trap '' XFSZ; ulimit -f 2000; exec "${process.execPath}" "${PROGRAM}" fill "${t.testdir()}"`;
  // If a promise that nobody handles were rejected, the exit code would not be 0.
  const { stdout } = await promisify(execFile)('bash', ['-c', script]);
  t.match(stdout.split('\n'), [
    /^store .* can't be written: .*: is the disk full\?$/,
    'true true',
    '[]',
    '[]',
  ]);
});

t.test('removes expired items step by step', async (t) => {
  const directory = t.testdir();
  let time = 1_700_000_000_000;
  const table = await openIn(t, directory, { now: () => time });
  const put = (sort: string, expires?: number): Put => ({
    type: 'put',
    ...{ partition: 'P', sort, data: 'x'.repeat(100) },
    ...(expires !== undefined && { expires }),
  });
  await table.write([put('soon', time / 1000 + 10), put('later', time / 1000 + 100), put('never')]);
  for (let at = 0; at < 5000; at += 100) {
    await table.write(Array.from({ length: 100 }, (_, index) => put(`many ${at + index}`, time / 1000 + 10)));
  }
  time += 20_000;
  for (let step = 0; step < 200; step++) await table.sweep();
  time -= 20_000;
  t.strictSame(
    (await collect(table.query('P'))).map(({ sort }) => sort),
    ['later', 'never'],
  );
});

t.test('creates a directory that only its owner can read', async (t) => {
  const directory = join(t.testdir(), 'a', 'store.d');
  await openIn(t, directory);
  t.equal(statSync(directory).mode & 0o777, 0o700);
  t.ok(statSync(join(directory, 'data.mdb')).isFile());
});

t.test('says why a directory can’t be used', async (t) => {
  const directory = t.testdir({
    file: 'x',
    damaged: { 'data.mdb': 'x'.repeat(10_000) },
    empty: { 'data.mdb': '' },
  });
  await t.rejects(openEmbedded(join(directory, 'file')), {
    code: 'STORE_FAILED',
    message: /file can't be opened: EEXIST/,
  });
  await t.rejects(openEmbedded(join(directory, 'damaged')), {
    code: 'STORE_FAILED',
    message: /damaged can't be opened: data\.mdb is damaged/,
  });
  const table = await openIn(t, join(directory, 'empty'));
  await table.write([{ type: 'put', partition: 'P', sort: 'a', data: 'x' }]);
  await table.close();
  const again = await openIn(t, join(directory, 'empty'));
  t.match(await again.read([{ partition: 'P', sort: 'a' }]), [{ data: 'x' }]);
  await again.close();
  truncateSync(join(directory, 'empty', 'data.mdb'), 4096);
  await t.rejects(openEmbedded(join(directory, 'empty')), { message: /data\.mdb is damaged/ });
});

t.test('says what to do if its package is missing', async (t) => {
  const place = mkdtempSync(join(tmpdir(), 'store-'));
  t.teardown(() => rmSync(place, { recursive: true }));
  const source = fileURLToPath(new URL('../../src', import.meta.url));
  mkdirSync(join(place, 'src'));
  for (const folder of ['store', 'protocol'])
    cpSync(join(source, folder), join(place, 'src', folder), { recursive: true });
  writeFileSync(join(place, 'package.json'), '{"type":"module"}');
  writeFileSync(
    join(place, 'main.js'),
    "import { openStore } from './src/store/open.js';\nawait openStore({ path: 'here' }).catch(({ code, message }) => console.log(code, message));",
  );
  const { stdout } = await promisify(execFile)(process.execPath, ['main.js'], { cwd: place });
  t.match(stdout, /^STORE_FAILED store here needs the package lmdb.*ERR_MODULE_NOT_FOUND.*STORE_TABLE/);
});
