import t from 'tap';
import {
  type KeyLoading,
  loadKeys,
  startKeyRefresh,
  UnusableCallbackKeyError,
} from '../../src/keys/refresh.js';
import { KeyRing } from '../../src/keys/ring.js';
import { SourceError } from '../../src/sources/source.js';
import { p256Pair, rsaPair } from '../helpers/keys.js';
import { memoryLog } from '../helpers/log.js';
import { until } from '../helpers/process.js';

const callback = rsaPair();
const cosigner = rsaPair();

interface State {
  callback?: string | undefined;
  cosigner?: string | undefined;
  fault?: Error;
  hangs?: boolean;
}

/** A source whose values or error the test sets. */
function loadingFrom(state: State, options: Partial<KeyLoading> = {}) {
  const memory = memoryLog();
  let reads = 0;
  const source = () => {
    reads++;
    if (state.hangs) return new Promise<never>(() => undefined);
    if (state.fault !== undefined) return Promise.reject(state.fault);
    return Promise.resolve({
      callbackPrivateKey: { name: '/callback', value: state.callback },
      cosignerPublicKeys: { name: '/cosigner', value: state.cosigner },
    });
  };
  let confirmed = 0;
  const onConfirmed = () => {
    confirmed++;
  };
  const ring = new KeyRing();
  return {
    ...memory,
    source,
    ring,
    reads: () => reads,
    state,
    onConfirmed,
    confirmed: () => confirmed,
    ...options,
  };
}

const denied = new SourceError('denied', { transient: false });
const unreachable = new SourceError('unreachable', { transient: true });

t.test('at startup, retries a transient error until it is resolved', async (t) => {
  const loading = loadingFrom({
    callback: callback.privatePem,
    cosigner: cosigner.publicPem,
    fault: unreachable,
  });
  setTimeout(() => {
    delete loading.state.fault;
  }, 100);
  await loadKeys(loading);
  t.equal(loading.reads(), 2);
  t.match(loading.of('key_load_retry')[0], { level: 'warn', reason: 'unreachable' });
  t.equal(loading.of('key_loaded').length, 2);
});

t.test('at startup, fails if a transient error outlasts the retries', async (t) => {
  const loading = loadingFrom({ fault: unreachable });
  const startedAt = performance.now();
  await t.rejects(loadKeys(loading, 700), { message: 'unreachable' });
  t.ok(performance.now() - startedAt > 690, 'the last attempt is at the time limit');
  const pauses = loading.of('key_load_retry').map(({ retryInMs }) => Number(retryInMs));
  t.equal(loading.reads(), pauses.length + 1);
  t.equal(pauses[0], 500);
  // There is no third attempt if the machine stalls for 200 ms.
  t.ok(pauses.length <= 2 && pauses.slice(1).every((pause) => pause <= 200));
});

t.test('at startup, fails at once on a permanent error', async (t) => {
  const loading = loadingFrom({ fault: denied });
  await t.rejects(loadKeys(loading), { message: 'denied' });
  t.equal(loading.reads(), 1);
});

t.test('at startup, fails at once if the private key is missing or unusable', async (t) => {
  await t.rejects(loadKeys(loadingFrom({ cosigner: cosigner.publicPem })), {
    name: 'UnusableCallbackKeyError',
    message:
      'There is no callback private key at /callback: store an RSA 2048 or a P-256 private key in PEM format there',
  });
  await t.rejects(loadKeys(loadingFrom({ callback: callback.publicPem })), UnusableCallbackKeyError);
});

t.test('at startup, accepts a missing Co-signer key and rereads the source until it exists', async (t) => {
  const loading = loadingFrom({ callback: callback.privatePem });
  await loadKeys(loading);
  t.match(loading.of('awaiting_cosigner_key')[0], { level: 'warn', from: '/cosigner' });
  t.teardown(startKeyRefresh(loading, 60_000, 20));
  await until(() => (loading.reads() > 3 ? true : undefined), 2000);
  t.equal(loading.of('awaiting_cosigner_key').length, 1, 'logged once');
  loading.state.cosigner = cosigner.publicPem;
  await until(() => (loading.ring.current.cosigners.length === 1 ? true : undefined), 2000);
  t.match(loading.of('key_loaded').at(-1), { key: 'cosigner', before: [], after: [/^[0-9a-f]{64}$/] });
});

t.test('logs later errors and keeps the current keys', async (t) => {
  const loading = loadingFrom({ callback: callback.privatePem, cosigner: cosigner.publicPem });
  await loadKeys(loading);
  const keys = loading.ring.current;
  t.teardown(startKeyRefresh(loading, 20));

  loading.state.fault = unreachable;
  await until(() => loading.of('key_refresh_failed')[0], 2000);
  t.match(loading.of('key_refresh_failed')[0], { level: 'error', reason: 'unreachable' });

  delete loading.state.fault;
  loading.state.callback = undefined;
  await until(() => loading.of('key_missing')[0], 2000);
  t.match(loading.of('key_missing')[0], { level: 'error', key: 'callback', from: '/callback' });

  loading.state.callback = rsaPair(1024).privatePem;
  await until(() => loading.of('key_refused')[0], 2000);
  t.match(loading.of('key_refused')[0], {
    level: 'error',
    from: '/callback',
    code: 'KEY_WRONG_SIZE',
    reason: /1024 bits/,
  });
  t.strictSame(loading.ring.current, keys);

  loading.state.callback = rsaPair().privatePem;
  await until(() => (loading.ring.current.callback !== keys.callback ? true : undefined), 2000);
  t.match(loading.of('key_loaded').at(-1), { key: 'callback', before: [keys.callback?.fingerprint] });
});

t.test('does not use a value that is read while it is being written', async (t) => {
  const state: State = { callback: callback.privatePem, cosigner: cosigner.publicPem };
  const loading = loadingFrom(state);
  await loadKeys(loading);
  t.equal(loading.reads(), 1, 'the first values are used at once');
  const next = rsaPair();
  // Half of the new file, which by itself is a valid value with one key.
  state.cosigner = next.publicPem;
  const source = () => {
    const values = loading.source();
    state.cosigner = next.publicPem + cosigner.publicPem;
    return values;
  };
  t.teardown(startKeyRefresh({ ...loading, source }, 20));
  await until(() => (loading.of('key_loaded').length > 2 ? true : undefined), 2000);
  t.equal((loading.of('key_loaded').at(-1)?.['after'] as string[]).length, 2);
});

t.test('does not take a file that is being replaced for a deleted one', async (t) => {
  const state: State = { callback: callback.privatePem, cosigner: cosigner.publicPem };
  const loading = loadingFrom(state, { keyWithdrawal: 'refuse' });
  await loadKeys(loading);
  state.cosigner = undefined;
  const source = () => {
    const values = loading.source();
    state.cosigner = cosigner.publicPem;
    return values;
  };
  t.teardown(startKeyRefresh({ ...loading, source }, 20));
  await until(() => (loading.reads() > 4 ? true : undefined), 2000);
  t.strictSame(loading.of('key_withdrawn'), []);
  t.equal(loading.ring.current.cosigners.length, 1);
});

for (const [what, value, code] of [
  ['deleted', undefined, undefined],
  ['replaced by an unusable value', 'junk', 'KEY_NOT_PEM'],
] as const) {
  t.test(`keeps Co-signer keys that were ${what}`, async (t) => {
    const loading = loadingFrom({ callback: callback.privatePem, cosigner: cosigner.publicPem });
    await loadKeys(loading);
    t.equal(loading.confirmed(), 1);
    t.teardown(startKeyRefresh(loading, 20));
    await until(() => (loading.confirmed() > 2 ? true : undefined), 2000);
    loading.state.cosigner = value;
    await until(() => loading.of(value === undefined ? 'key_missing' : 'key_refused')[1], 2000);
    t.equal(loading.ring.current.cosigners.length, 1);
    const confirmed = loading.confirmed();
    await until(() => loading.of(value === undefined ? 'key_missing' : 'key_refused')[4], 2000);
    t.equal(loading.confirmed(), confirmed, 'the keys in force are not confirmed');
  });

  t.test(`withdraws Co-signer keys that were ${what}, if configured`, async (t) => {
    const state: State = { callback: callback.privatePem, cosigner: cosigner.publicPem };
    const loading = loadingFrom(state, { keyWithdrawal: 'refuse' });
    await loadKeys(loading);
    const before = loading.ring.current.cosigners.map(({ fingerprint }) => fingerprint);
    t.teardown(startKeyRefresh(loading, 20));
    state.cosigner = value;
    await until(() => loading.of('key_withdrawn')[0], 2000);
    t.match(loading.of('key_withdrawn'), [
      { level: 'error', key: 'cosigner', from: '/cosigner', code, before },
    ]);
    t.strictSame(loading.ring.current.cosigners, []);
    t.ok(loading.ring.current.callback, 'the callback key stays in use');
    const confirmed = loading.confirmed();
    await until(() => (loading.confirmed() > confirmed + 1 ? true : undefined), 2000);
    t.equal(loading.of('key_withdrawn').length, 1, 'logged once');
    state.cosigner = cosigner.publicPem;
    await until(() => (loading.ring.current.cosigners.length === 1 ? true : undefined), 2000);
  });
}

t.test('never withdraws the callback key', async (t) => {
  const state: State = { callback: callback.privatePem, cosigner: cosigner.publicPem };
  const loading = loadingFrom(state, { keyWithdrawal: 'refuse' });
  await loadKeys(loading);
  t.teardown(startKeyRefresh(loading, 20));
  state.callback = undefined;
  await until(() => loading.of('key_missing')[0], 2000);
  state.callback = 'junk';
  await until(() => loading.of('key_refused')[0], 2000);
  t.ok(loading.ring.current.callback);
  t.strictSame(loading.of('key_withdrawn'), []);
});

t.test('counts a Co-signer key that never existed as confirmed', async (t) => {
  const loading = loadingFrom({ callback: callback.privatePem });
  await loadKeys(loading);
  t.equal(loading.confirmed(), 1);
});

t.test('logs the algorithm of the callback key', async (t) => {
  const loading = loadingFrom({ callback: p256Pair().privatePem, cosigner: cosigner.publicPem });
  await loadKeys(loading);
  t.match(loading.of('key_loaded'), [
    { key: 'callback', algorithm: 'ES256' },
    { key: 'cosigner', algorithm: undefined },
  ]);
});

t.test('reports a read that hangs, and reads again', async (t) => {
  const loading = loadingFrom({ callback: callback.privatePem, cosigner: cosigner.publicPem });
  await loadKeys(loading);
  t.teardown(startKeyRefresh({ ...loading, readLimitMs: 50 }, 20));
  loading.state.hangs = true;
  await until(() => loading.of('key_refresh_failed')[1], 2000);
  t.match(loading.of('key_refresh_failed')[0], {
    level: 'error',
    reason: 'the read did not end within 0.05 s',
  });
  const confirmed = loading.confirmed();
  loading.state.hangs = false;
  await until(() => (loading.confirmed() > confirmed ? true : undefined), 2000);
});
