// Tests that what records refer to is kept by its hash for as long as they are.
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { Keeper } from '../../src/memory/keeper.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import { StoreError } from '../../src/store/error.js';
import { callbackKey } from '../helpers/memory-world.js';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-26T10:00:00Z');
const LIST = 'f'.repeat(64);
const keys = { cosignerKey: undefined, callbackKey };
const policy = parsePolicy('version: 1\nrules: []\n', 'test');

/** Blobs that count what is put, and may fail. */
function countingBlobs() {
  const puts: { readonly sha256: string; readonly expires: number }[] = [];
  const state = { failing: false };
  const put = (sha256: string, _bytes: Buffer, expires: number): Promise<void> => {
    puts.push({ sha256, expires });
    return state.failing ? Promise.reject(new StoreError('gone')) : Promise.resolve();
  };
  return { keeper: new Keeper({ put, get: () => Promise.resolve(undefined) }, 400), puts, state };
}

t.test('keeps each once a day, always longer than the records that are made meanwhile', async (t) => {
  const { keeper, puts } = countingBlobs();
  for (const at of [NOW, NOW + 1000, NOW + DAY]) await keeper.keep(keys, policy, new Date(at));
  t.strictSame(puts.map(({ sha256 }) => sha256).sort(), [callbackKey.fingerprint, policy.hash].sort());
  t.ok(puts.every(({ expires }) => expires * 1000 > NOW + DAY + 400 * DAY));
  await keeper.keep(keys, policy, new Date(NOW + DAY + 1));
  t.equal(puts.length, 4);
});

t.test('a decision waits for what could not be kept, and it is tried again', async (t) => {
  const { keeper, puts, state } = countingBlobs();
  state.failing = true;
  await t.rejects(keeper.keep(keys, policy, new Date(NOW)), { code: 'STORE_FAILED' });
  state.failing = false;
  await keeper.keep(keys, policy, new Date(NOW));
  t.equal(puts.length, 4);
});

t.test('a list that could not be kept keeps decisions waiting', async (t) => {
  const { keeper, puts, state } = countingBlobs();
  const list = { from: 'x', pinned: false, sha256: LIST, entries: 1 };
  const withList = { ...policy, loadedLists: new Map([['payees', list]]) };
  await keeper.keep(keys, withList, new Date(NOW));
  state.failing = true;
  keeper.keepList(LIST, Buffer.from('a list'));
  await t.rejects(keeper.keep(keys, withList, new Date(NOW)), { code: 'STORE_FAILED' });
  await t.rejects(keeper.keep(keys, withList, new Date(NOW)), { code: 'STORE_FAILED' });
  state.failing = false;
  for (let again = 0; again < 3; again++) await keeper.keep(keys, withList, new Date(NOW));
  t.equal(puts.filter(({ sha256 }) => sha256 === LIST).length, 3, 'until it is kept');
});

t.test('keeps everything again after a loss', async (t) => {
  const { keeper, puts } = countingBlobs();
  await keeper.keep(keys, policy, new Date(NOW));
  keeper.forget();
  await keeper.keep(keys, policy, new Date(NOW));
  t.equal(puts.length, 4);
});

t.test('is idle once what was begun has ended, however it ended', async (t) => {
  const ends: (() => void)[] = [];
  const put = (): Promise<void> =>
    new Promise((resolve, reject) => {
      ends.push(ends.length === 0 ? resolve : () => reject(new StoreError('gone')));
    });
  const keeper = new Keeper({ put, get: () => Promise.resolve(undefined) }, 400);
  await keeper.idle();
  keeper.keepList(LIST, Buffer.from('a list'));
  keeper.keepList('e'.repeat(64), Buffer.from('another list'));
  let isIdle = false;
  const idle = keeper.idle().then(() => (isIdle = true));
  for (const end of ends) {
    await sleep(1);
    t.notOk(isIdle);
    end();
  }
  await idle;
});
