import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { openEmbedded } from '../../src/store/embedded.js';
import { whileNobodyWrites, WriteGate } from '../../src/store/embedded-gate.js';

const KEY = { partition: 'P', sort: 'a' };
const PUT = { type: 'put', ...KEY, data: 'x' } as const;
/** A process in another container says nothing for longer than this, in ms: it is dead. */
const SILENT = 6000;

function world(t: Test) {
  const directory = t.testdir();
  const gate = new WriteGate(directory);
  const writers = join(directory, 'writers');
  const [mine = ''] = readdirSync(writers);
  const [space = '', pid = ''] = mine.split('.');
  const live = `${space}.${pid}`;
  const dead = `${space}.${spawnSync(process.execPath, ['-e', '0']).pid}`;
  return {
    directory,
    gate,
    live,
    dead,
    opening: join(directory, 'opening'),
    of: (name: string) => join(writers, name),
  };
}

/** @returns whether a promise is settled after a while */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.finally(() => (settled = true));
  await sleep(100);
  return settled;
}

function silent(path: string): void {
  const at = (Date.now() - SILENT) / 1000;
  utimesSync(path, at, at);
}

t.test('a write waits until nobody opens the store', async (t) => {
  const { directory, live, opening } = world(t);
  const table = await openEmbedded(directory);
  t.teardown(() => table.close());
  for (const owner of [live, 'elsewhere.1']) {
    writeFileSync(opening, owner);
    const written = table.write([PUT]);
    t.notOk(await isSettled(written), owner);
    t.same((await table.read([KEY]))[0]?.version, owner === live ? undefined : 1, 'reads do not wait');
    await rm(opening);
    t.same(await written, []);
  }
});

t.test('a write fails when the store is being opened for too long, and does nothing later', async (t) => {
  const { directory, live, opening } = world(t);
  const table = await openEmbedded(directory, { writeTimeoutMs: 50 });
  writeFileSync(opening, live);
  await t.rejects(table.write([PUT]), { code: 'STORE_FAILED', message: /no response within 0.05 s/ });
  await rm(opening);
  await table.close();
  const again = await openEmbedded(directory);
  t.same(await again.read([KEY]), [undefined]);
  await again.close();
});

t.test('a process that died while it opened the store holds up nobody', async (t) => {
  const { directory, gate, dead, opening } = world(t);
  writeFileSync(opening, dead);
  t.equal(await gate.run(() => Promise.resolve(1)), 1);
  t.equal(await whileNobodyWrites(directory, () => 2), 2);
  t.notOk(existsSync(opening));

  writeFileSync(opening, 'elsewhere.1');
  t.notOk(await isSettled(gate.run(() => Promise.resolve(1))));
  silent(opening);
  t.equal(await gate.run(() => Promise.resolve(1)), 1);
  t.equal(await whileNobodyWrites(directory, () => 2), 2);
});

t.test('the store is opened when nobody writes, one process at a time', async (t) => {
  const { directory, gate, live, opening } = world(t);
  let end: (() => void) | undefined;
  const first = gate.run(() => new Promise<void>((resolve) => (end = resolve)));
  const second = gate.run(() => first);
  const opened = whileNobodyWrites(directory, () => readFileSync(opening, 'utf8'));
  t.notOk(await isSettled(opened));
  const third = gate.run(() => Promise.resolve('written'));
  t.notOk(await isSettled(third), 'what comes later waits, so that it is opened under constant load too');
  end?.();
  await second;
  t.equal(await opened, live);
  t.equal(await third, 'written');

  writeFileSync(opening, live);
  const late = whileNobodyWrites(directory, () => 1);
  t.notOk(await isSettled(late));
  await rm(opening);
  t.equal(await late, 1);
});

t.test('a process that died while it wrote holds up nobody', async (t) => {
  const { directory, live, dead, of } = world(t);
  writeFileSync(of(`${dead}.a`), '1');
  writeFileSync(of(`${live}.a`), '0');
  t.equal(await whileNobodyWrites(directory, () => 1), 1);

  writeFileSync(of('elsewhere.1.a'), '1');
  const opened = whileNobodyWrites(directory, () => 1);
  t.notOk(await isSettled(opened));
  silent(of('elsewhere.1.a'));
  t.equal(await opened, 1);
});

t.test('a store that others write to all the time is not opened', async (t) => {
  const { directory, gate, opening } = world(t);
  const never = new Promise<void>(() => undefined);
  void gate.run(() => never);
  const message = /other processes write to it all the time/;
  await t.rejects(openEmbedded(directory), { code: 'STORE_FAILED', message });
  t.notOk(existsSync(opening));
});

t.test('a process that is done leaves nothing behind', (t) => {
  const { directory, gate } = world(t);
  gate.close();
  t.same(readdirSync(join(directory, 'writers')), []);
  t.end();
});
