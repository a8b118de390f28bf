import t from 'tap';
import { loadKeys, startKeyRefresh, UnusableCallbackKeyError } from '../../src/keys/refresh.js';
import { KeyRing } from '../../src/keys/ring.js';
import { SourceError } from '../../src/sources/source.js';
import { rsaPair } from '../helpers/keys.js';
import { memoryLog } from '../helpers/log.js';
import { until } from '../helpers/process.js';

const callback = rsaPair();
const cosigner = rsaPair();

/** A source whose values or error the test sets. */
function loadingFrom(state: { callback?: string | undefined; cosigner?: string | undefined; fault?: Error }) {
  const memory = memoryLog();
  let reads = 0;
  const source = () => {
    reads++;
    if (state.fault !== undefined) return Promise.reject(state.fault);
    return Promise.resolve({
      callbackPrivateKey: { name: '/callback', value: state.callback },
      cosignerPublicKeys: { name: '/cosigner', value: state.cosigner },
    });
  };
  return { ...memory, source, ring: new KeyRing(), reads: () => reads, state };
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
