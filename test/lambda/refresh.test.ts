// What is loaded again on requests: when it is due, once for all, and not longer than requests may wait.
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { RequestSchedule } from '../../src/lambda/refresh.js';

const PERIOD_MS = 60_000;
const WAIT_MS = 50;

function world() {
  let now = 0;
  let loads = 0;
  let ending: Promise<void> = Promise.resolve();
  const schedule = new RequestSchedule({ waitMs: WAIT_MS, now: () => now });
  const stop = schedule.add(
    () => {
      loads++;
      return ending;
    },
    () => PERIOD_MS,
  );
  return {
    schedule,
    stop,
    loads: () => loads,
    pass: (ms: number) => (now += ms),
    /** The next loads take until the returned function is called. */
    hang: () => {
      let end: () => void = () => undefined;
      ending = new Promise((resolve) => (end = resolve));
      return () => {
        ending = Promise.resolve();
        end();
      };
    },
  };
}

t.test('loads when a request comes after the period, and not before', async (t) => {
  const { schedule, loads, pass } = world();
  await schedule.refresh();
  t.equal(loads(), 0);
  pass(PERIOD_MS - 1);
  await schedule.refresh();
  t.equal(loads(), 0);
  pass(1);
  await schedule.refresh();
  await schedule.refresh();
  t.equal(loads(), 1);
});

t.test('loads once for requests that arrive together, and all wait for it', async (t) => {
  const { schedule, loads, pass, hang } = world();
  pass(PERIOD_MS);
  const end = hang();
  let waiting = 3;
  const requests = Array.from({ length: 3 }, () => schedule.refresh().then(() => waiting--));
  await sleep(WAIT_MS / 2);
  t.equal(waiting, 3);
  end();
  await Promise.all(requests);
  t.equal(loads(), 1);
});

t.test('a load that hangs delays requests up to the limit, and not each later one', async (t) => {
  const { schedule, loads, pass, hang } = world();
  pass(PERIOD_MS);
  const end = hang();
  const startedAt = performance.now();
  await schedule.refresh();
  t.ok(performance.now() - startedAt >= WAIT_MS - 2);
  pass(WAIT_MS + 1);
  const secondAt = performance.now();
  await schedule.refresh();
  t.ok(performance.now() - secondAt < WAIT_MS / 2, 'the next one does not wait');
  end();
  await sleep(0);
  await schedule.refresh();
  t.equal(loads(), 1, 'and does not try again');
});

t.test('loads again after a freeze in which a load was under way', async (t) => {
  const { schedule, loads, pass, hang } = world();
  pass(PERIOD_MS);
  const end = hang();
  await schedule.refresh();
  pass(2 * PERIOD_MS);
  const thawed = schedule.refresh();
  end();
  await thawed;
  t.equal(loads(), 2, 'what was read before the freeze is not enough');
  await schedule.refresh();
  t.equal(loads(), 2);
});

t.test('loads side by side', async (t) => {
  const { schedule, loads, pass, hang } = world();
  const end = hang();
  let other = 0;
  schedule.add(
    () => {
      other++;
      end();
      return Promise.resolve();
    },
    () => PERIOD_MS,
  );
  pass(PERIOD_MS);
  await schedule.refresh();
  t.strictSame([loads(), other], [1, 1]);
});

t.test('stops', async (t) => {
  const { schedule, stop, loads, pass } = world();
  stop();
  pass(PERIOD_MS);
  await schedule.refresh();
  t.equal(loads(), 0);
});
