import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
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
  const [openers, writers] = [join(directory, 'openers'), join(directory, 'writers')];
  const [mine = ''] = readdirSync(writers);
  const [space = '', pid = ''] = mine.split('.');
  const live = `${space}.${pid}`;
  const dead = `${space}.${spawnSync(process.execPath, ['-e', '0']).pid}`;
  return {
    directory,
    gate,
    live,
    dead,
    openers,
    openerOf: (name: string) => join(openers, `${name}.a`),
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
  const { directory, live, openerOf } = world(t);
  const table = await openEmbedded(directory);
  t.teardown(() => table.close());
  for (const owner of [live, 'elsewhere.1']) {
    writeFileSync(openerOf(owner), '');
    const written = table.write([PUT]);
    t.notOk(await isSettled(written), owner);
    t.same((await table.read([KEY]))[0]?.version, owner === live ? undefined : 1, 'reads do not wait');
    await rm(openerOf(owner));
    t.same(await written, []);
  }
});

t.test('a write fails when the store is being opened for too long, and does nothing later', async (t) => {
  const { directory, live, openerOf } = world(t);
  const table = await openEmbedded(directory, { writeTimeoutMs: 50 });
  writeFileSync(openerOf(live), '');
  await t.rejects(table.write([PUT]), { code: 'STORE_FAILED', message: /no response within 0.05 s/ });
  await rm(openerOf(live));
  await table.close();
  const again = await openEmbedded(directory);
  t.same(await again.read([KEY]), [undefined]);
  await again.close();
});

t.test('a process that died while it opened the store holds up nobody', async (t) => {
  const { gate, dead, openerOf } = world(t);
  writeFileSync(openerOf(dead), '');
  t.equal(await gate.run(() => Promise.resolve(1)), 1);
  t.notOk(existsSync(openerOf(dead)));

  writeFileSync(openerOf('elsewhere.1'), '');
  const written = gate.run(() => Promise.resolve(1));
  t.notOk(await isSettled(written));
  silent(openerOf('elsewhere.1'));
  t.equal(await written, 1);
});

t.test('the store is opened when nobody writes', async (t) => {
  const { directory, gate, live, openers } = world(t);
  let end: (() => void) | undefined;
  const first = gate.run(() => new Promise<void>((resolve) => (end = resolve)));
  const second = gate.run(() => first);
  const opened = [1, 2].map(() => whileNobodyWrites(directory, () => readdirSync(openers)));
  t.notOk(await isSettled(Promise.race(opened)));
  const third = gate.run(() => Promise.resolve('written'));
  t.notOk(await isSettled(third), 'what comes later waits, so that it is opened under constant load too');
  end?.();
  await second;
  t.match(await opened[0], [new RegExp(`^${live}\\.`), new RegExp(`^${live}\\.`)]);
  await opened[1];
  t.equal(await third, 'written');
  t.same(readdirSync(openers), []);
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
  const { directory, gate, openers } = world(t);
  const never = new Promise<void>(() => undefined);
  void gate.run(() => never);
  const message = /other processes write to it all the time/;
  await t.rejects(openEmbedded(directory), { code: 'STORE_FAILED', message });
  t.same(readdirSync(openers), []);
});

t.test('a process that is done leaves nothing behind', (t) => {
  const { directory, gate } = world(t);
  gate.close();
  t.same(readdirSync(join(directory, 'writers')), []);
  t.end();
});
