import t from 'tap';
import { callback, cosigner, ringWith, testApp } from '../helpers/app.js';
import { importCallbackKey } from '../../src/protocol/key.js';

t.test('reports version, keys and policy, and is not logged', async (t) => {
  const keyRing = ringWith(cosigner.publicPem);
  const { app, lines } = await testApp(t, { keyRing });
  const reply = await app.inject('/health');
  t.equal(reply.statusCode, 200);
  t.match(reply.json(), { uptimeSeconds: Number });
  const { uptimeSeconds, ...health } = reply.json<Record<string, unknown>>();
  t.ok(Number.isInteger(uptimeSeconds));
  t.strictSame(health, {
    status: 'ok',
    version: '1.2.3',
    callbackKey: importCallbackKey(callback.privatePem).fingerprint,
    callbackAlgorithm: 'RS256',
    cosignerKeys: keyRing.current.cosigners.map(({ fingerprint }) => fingerprint),
    policy: '0123456789ab',
    lists: {},
    candidate: null,
    emergencyStop: null,
    stale: [],
    store: null,
    auth: 'jwt',
  });
  t.strictSame(lines, [], 'not logged');
});

t.test('responds with 200 while waiting for the first Co-signer key', async (t) => {
  const { app } = await testApp(t, { keyRing: ringWith(undefined) });
  const reply = await app.inject('/health');
  t.equal(reply.statusCode, 200);
  t.match(reply.json(), { status: 'awaiting_cosigner_key', cosignerKeys: [] });
});

t.test(
  'responds with 503 once the process is stopping, and closes each connection after its response',
  async (t) => {
    const { app, lifecycle } = await testApp(t);
    t.not((await app.inject('/health')).headers.connection, 'close');
    lifecycle.stopping = true;
    const reply = await app.inject('/health');
    t.equal(reply.statusCode, 503);
    t.match(reply.json(), { status: 'stopping' });
    t.equal(reply.headers.connection, 'close');
  },
);

t.test('shows whether the store has lost something, and stays healthy', async (t) => {
  for (const [isLost, status, store] of [
    [true, 'store_lost', 'lost'],
    [false, 'ok', 'ok'],
  ] as const) {
    const { app } = await testApp(t, { loss: { isLost } });
    const reply = await app.inject('/health');
    t.equal(reply.statusCode, 200);
    t.match(reply.json(), { status, store });
  }
});

t.test('shows an emergency stop and what is stale, and stays healthy', async (t) => {
  const emergency = (action: 'RETRY' | 'REJECT' | undefined, ...stale: string[]) => ({
    emergency: { stop: { action }, freshness: { stale } },
  });
  for (const [options, expected] of [
    [emergency('RETRY'), { status: 'emergency_stop', emergencyStop: 'RETRY', stale: [] }],
    [emergency('REJECT', 'keys'), { status: 'emergency_stop', emergencyStop: 'REJECT', stale: ['keys'] }],
    [emergency(undefined, 'keys', 'stop'), { status: 'stale', emergencyStop: null, stale: ['keys', 'stop'] }],
    [
      { ...emergency('RETRY', 'policy'), keyRing: ringWith(undefined) },
      { status: 'awaiting_cosigner_key', emergencyStop: 'RETRY', stale: ['policy'] },
    ],
  ] as const) {
    const { app, lifecycle } = await testApp(t, options);
    const reply = await app.inject('/health');
    t.equal(reply.statusCode, 200, 'the load balancer keeps the task');
    t.match(reply.json(), expected);
    lifecycle.stopping = true;
    t.match((await app.inject('/health')).json(), { ...expected, status: 'stopping' });
  }
});
