import t from 'tap';
import { SourceError } from '../../src/sources/source.js';
import { EmergencyStop, parseStop } from '../../src/sources/stop.js';
import { memoryLog } from '../helpers/log.js';
import { until } from '../helpers/process.js';

const NAME = '/fireblocks/test/policy-stop';

function stopFrom(state: { value?: string | undefined; fault?: Error }) {
  const memory = memoryLog();
  const counts = { reads: 0, confirmed: 0 };
  const source = () => {
    counts.reads++;
    return state.fault === undefined
      ? Promise.resolve({ name: NAME, value: state.value })
      : Promise.reject(state.fault);
  };
  const stop = new EmergencyStop(source, memory.log, () => counts.confirmed++);
  /** Waits for a read that started after this call. */
  const nextRead = async (): Promise<void> => {
    const seen = counts.reads;
    await until(() => counts.reads > seen + 1 || undefined, 5000);
  };
  return { ...memory, state, stop, counts, nextRead };
}

t.test('no value, and RUN, stand for normal operation', (t) => {
  for (const value of [undefined, 'RUN', 'run', ' Run\r\n', '\u{feff}RUN']) {
    t.strictSame(parseStop(value), { action: undefined }, JSON.stringify(value));
  }
  t.end();
});

t.test('RETRY and REJECT stop, in any case and with white space around them', (t) => {
  for (const value of ['RETRY', 'retry\n', '\tRetry ']) t.strictSame(parseStop(value), { action: 'RETRY' });
  for (const value of ['REJECT', ' reject\r\n']) t.strictSame(parseStop(value), { action: 'REJECT' });
  t.end();
});

t.test('any other value stops with RETRY, and is not quoted', (t) => {
  for (const value of [
    '',
    '  \n',
    'STOP',
    'APPROVE',
    'IGNORE',
    'RUN RUN',
    '"RUN"',
    'R\u0000UN',
    'constructor',
  ]) {
    const { action, problem = '' } = parseStop(value);
    t.equal(action, 'RETRY', JSON.stringify(value));
    t.match(problem, /^the stored value is not RETRY, REJECT or RUN: it (is empty|has \d+ characters)$/);
  }
  t.notMatch(parseStop('-----BEGIN PRIVATE KEY-----').problem, 'BEGIN');
  t.end();
});

t.test('a stop that is stored already is in force once it is loaded', async (t) => {
  const { stop, of, counts } = stopFrom({ value: 'REJECT' });
  t.equal(stop.action, undefined);
  await stop.load();
  t.equal(stop.action, 'REJECT');
  t.match(of('emergency_stop'), [{ level: 'error', action: 'REJECT', from: NAME, before: undefined }]);
  t.equal(counts.confirmed, 1);
});

t.test('in normal operation, loading logs nothing', async (t) => {
  for (const value of [undefined, 'RUN']) {
    const { stop, lines, counts } = stopFrom({ value });
    await stop.load();
    t.equal(stop.action, undefined);
    t.strictSame(lines, []);
    t.equal(counts.confirmed, 1);
  }
});

t.test('at startup, retries a transient error, and fails at once on a permanent one', async (t) => {
  const { stop, state, of } = stopFrom({
    value: 'RETRY',
    fault: new SourceError('away', { transient: true }),
  });
  setTimeout(() => delete state.fault, 100);
  await stop.load();
  t.match(of('stop_load_retry'), [{ level: 'warn', reason: 'away', retryInMs: Number }]);
  t.equal(stop.action, 'RETRY');

  const denied = stopFrom({ fault: new SourceError('denied', { transient: false }) });
  await t.rejects(denied.stop.load(), { message: 'denied' });
  t.equal(denied.counts.reads, 1);
});

t.test('logs every read while a stop is in force, and once when it is lifted', async (t) => {
  const { stop, state, of, nextRead } = stopFrom({});
  await stop.load();
  t.teardown(stop.keepFresh(5));
  state.value = 'RETRY';
  await nextRead();
  t.equal(stop.action, 'RETRY');
  await nextRead();
  state.value = 'REJECT';
  await nextRead();
  t.equal(stop.action, 'REJECT');
  state.value = 'RUN';
  await nextRead();
  t.equal(stop.action, undefined);
  await nextRead();

  const [first, second, ...others] = of('emergency_stop');
  t.match(first, { level: 'error', action: 'RETRY', from: NAME, before: 'RUN' });
  t.match(second, { action: 'RETRY', before: undefined });
  t.strictSame(
    others.filter(({ before }) => before !== undefined).map(({ action, before }) => [action, before]),
    [['REJECT', 'RETRY']],
  );
  t.match(of('emergency_stop_lifted'), [
    { level: 'info', from: NAME, before: 'REJECT', msg: `emergency stop lifted: ${NAME} holds RUN` },
  ]);
});

t.test('a deleted value lifts the stop, and the log says so', async (t) => {
  const { stop, state, of, nextRead } = stopFrom({ value: 'RETRY' });
  await stop.load();
  t.teardown(stop.keepFresh(5));
  delete state.value;
  await nextRead();
  t.equal(stop.action, undefined);
  t.match(of('emergency_stop_lifted'), [{ before: 'RETRY', msg: /policy-stop no longer exists$/ }]);
});

t.test('an invalid value stops, is explained, and is not a confirmation', async (t) => {
  const { stop, state, of, nextRead, counts } = stopFrom({ value: 'RUN' });
  await stop.load();
  t.teardown(stop.keepFresh(5));
  state.value = 'halt';
  await nextRead();
  const { confirmed } = counts;
  await nextRead();
  t.equal(stop.action, 'RETRY');
  t.equal(counts.confirmed, confirmed);
  t.match(of('emergency_stop')[0], {
    level: 'error',
    action: 'RETRY',
    before: 'RUN',
    reason: 'the stored value is not RETRY, REJECT or RUN: it has 4 characters',
    msg: `emergency stop: every decision is RETRY, because the stored value is not RETRY, REJECT or RUN: it has 4 characters (${NAME})`,
  });
});

t.test('if a read fails, the last state stays in force', async (t) => {
  for (const [value, action, message] of [
    ['REJECT', 'REJECT', /every decision stays REJECT$/],
    [undefined, undefined, /no stop is in force$/],
  ] as const) {
    const { stop, state, of, nextRead, counts } = stopFrom({ value });
    await stop.load();
    t.teardown(stop.keepFresh(5));
    state.fault = new SourceError('away', { transient: true });
    await nextRead();
    t.equal(stop.action, action);
    t.match(of('stop_refresh_failed')[0], { level: 'error', reason: 'away', action, msg: message });
    t.equal(counts.confirmed, 1, 'only the first read');
    state.fault = new SourceError('denied', { transient: false });
    state.value = 'RETRY';
    await nextRead();
    delete state.fault;
    await nextRead();
    t.equal(stop.action, 'RETRY', 'read again after an error of either kind');
  }
});

t.test('without a source, no stop is ever in force', async (t) => {
  const memory = memoryLog();
  const stop = new EmergencyStop(undefined, memory.log, () => t.fail('confirmed'));
  await stop.load();
  stop.keepFresh(1)();
  t.equal(stop.action, undefined);
  t.strictSame(memory.lines, []);
});
