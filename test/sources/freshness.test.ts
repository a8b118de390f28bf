import t from 'tap';
import { Freshness, type Refreshed } from '../../src/sources/freshness.js';
import { memoryLog } from '../helpers/log.js';
import { until } from '../helpers/process.js';

function freshnessOf(maxMs: number | undefined, watched: readonly Refreshed[] = ['keys', 'policy', 'stop']) {
  const memory = memoryLog();
  const clock = { ms: 1_000_000 };
  const freshness = new Freshness({ watched, maxMs, log: memory.log, now: () => clock.ms });
  return { ...memory, clock, freshness };
}

t.test('a value is stale once its last confirmation is older than the limit', (t) => {
  const { freshness, clock } = freshnessOf(120_000);
  t.strictSame(freshness.stale, []);
  clock.ms += 120_000;
  t.strictSame(freshness.stale, [], 'exactly at the limit');
  clock.ms += 1;
  t.strictSame(freshness.stale, ['keys', 'policy', 'stop'], 'never confirmed since the start');
  freshness.confirm('policy');
  t.strictSame(freshness.stale, ['keys', 'stop']);
  freshness.confirm('keys');
  freshness.confirm('stop');
  t.strictSame(freshness.stale, []);
  t.end();
});

t.test('each value has a confirmation of its own', (t) => {
  const { freshness, clock } = freshnessOf(10_000);
  for (let second = 0; second < 60; second += 5) {
    clock.ms += 5000;
    freshness.confirm('keys');
    freshness.confirm('stop');
  }
  t.strictSame(freshness.stale, ['policy']);
  t.end();
});

t.test('what has expired is stale until it is confirmed, even without a limit', (t) => {
  const { freshness, clock, of } = freshnessOf(undefined, ['keys', 'stop']);
  clock.ms += 3000;
  freshness.expire();
  t.strictSame(freshness.stale, ['keys', 'stop']);
  freshness.confirm('keys');
  t.strictSame(freshness.stale, ['stop']);
  freshness.report();
  t.match(of('stale'), [{ which: 'stop', seconds: 3, msg: /since before this environment stood still/ }]);
  freshness.confirm('stop');
  t.strictSame(freshness.stale, []);
  t.match(of('fresh_again'), [{ which: 'stop' }]);
  t.end();
});

t.test('without a limit, nothing is ever stale', (t) => {
  const { freshness, clock, lines } = freshnessOf(undefined);
  clock.ms += 1e12;
  t.strictSame(freshness.stale, []);
  freshness.report();
  freshness.watch()();
  t.strictSame(lines, []);
  t.end();
});

t.test('an emergency stop that is not configured is not stale', (t) => {
  const { freshness, clock } = freshnessOf(1000, ['keys', 'policy']);
  clock.ms += 1001;
  t.strictSame(freshness.stale, ['keys', 'policy']);
  t.end();
});

t.test('logs what is stale twice a minute, and once when it is fresh again', (t) => {
  const { freshness, clock, of, lines } = freshnessOf(120_000);
  const pass = (seconds: number): void => {
    for (let second = 0; second < seconds; second++) {
      clock.ms += 1000;
      freshness.confirm('keys');
      freshness.confirm('stop');
      freshness.report();
    }
  };
  pass(120);
  t.strictSame(lines, []);
  pass(61);
  t.match(of('stale'), [
    { level: 'error', which: 'policy', seconds: 121 },
    { level: 'error', which: 'policy', seconds: 151 },
    { level: 'error', which: 'policy', seconds: 181 },
  ]);
  freshness.confirm('policy');
  freshness.confirm('policy');
  t.match(of('fresh_again'), [{ level: 'info', which: 'policy' }]);
  pass(30);
  t.equal(of('stale').length, 3);
  t.end();
});

t.test('reports by itself, even if nothing is refreshed any more', async (t) => {
  const { freshness, clock, of } = freshnessOf(5000, ['keys']);
  t.teardown(freshness.watch());
  clock.ms += 6000;
  await until(() => of('stale')[0], 5000);
  t.match(of('stale'), [{ which: 'keys', seconds: 6 }]);
});
