import { request } from 'node:http';
import t from 'tap';
import { createCosigner } from '../../cli/cosigner/client.js';
import { samplePayload, signToken, tamperedToken } from '../../cli/cosigner/request.js';
import { KeyRing } from '../../src/keys/ring.js';
import type { Exchange } from '../../src/memory/decide.js';
import { StoreError } from '../../src/store/error.js';
import { BODY_LIMIT } from '../../src/plugins/request-body.js';
import { callback, cosigner, ringWith, secondCosigner, testApp } from '../helpers/app.js';
import { rsaPair } from '../helpers/keys.js';
import { legacyRequest } from '../helpers/legacy-request.js';
import { claimsOf, post, signed } from '../helpers/post.js';
import { until } from '../helpers/process.js';

const keys = { privateKey: cosigner.privateKey, callbackPublicKeys: [callback.publicKey] };

t.test('answers a verified request with a signed decision over HTTP', async (t) => {
  const { app } = await testApp(t);
  const client = createCosigner({ url: await app.listen({ port: 0, host: '127.0.0.1' }), keys });
  t.teardown(() => client.close());
  for (const kind of ['transaction', 'configuration'] as const) {
    const payload = samplePayload(kind);
    const { status, answer } = await client.send(kind, payload);
    t.equal(status, 200);
    t.match(answer, { action: 'REJECT', requestId: payload['requestId'], rejectionReason: /Everything/ });
  }
});

const PATHS = [
  ['/tx_sign_request', { requestId: 'r-1' }],
  ['/config_change_sign_request', { requestId: 'r-1', type: 'ADD_USER' }],
] as const;

for (const prefix of ['', '/callback']) {
  for (const [path, payload] of PATHS) {
    t.test(`POST ${prefix}/v2${path} answers a token with a token`, async (t) => {
      const { app } = await testApp(t);
      const reply = await post(app, `${prefix}/v2${path}`, signed(payload));
      t.equal(reply.statusCode, 200);
      t.equal(reply.headers['content-type'], 'text/plain; charset=utf-8');
      t.match(claimsOf(reply.body), { action: 'REJECT', requestId: 'r-1' });
    });
  }
}

const BASE_PATHS = [
  '',
  '/callback',
  '/fireblocks/callback_handler',
  '/a:b/c',
  '/:id',
  '/v2',
  '/health',
  '/Ab.c~@&=+;,',
];

for (const basePath of BASE_PATHS) {
  t.test(`serves the base path "${basePath}" and the bare root`, async (t) => {
    for (const auth of ['jwt', 'json'] as const) {
      const { app } = await testApp(t, { auth, basePath });
      const encode = auth === 'jwt' ? signed : JSON.stringify;
      const version = auth === 'jwt' ? '/v2' : '';
      for (const [path, payload] of PATHS) {
        for (const prefix of ['', basePath, `${basePath}/`]) {
          const url = `${prefix}${version}${path}`;
          t.equal((await post(app, url, encode(payload))).statusCode, 200, `${auth} ${url}`);
        }
        const own = await post(app, basePath === '' ? '/' : basePath, encode(payload));
        t.equal(own.statusCode, 200, 'the base path itself serves either kind');
      }
      t.equal((await app.inject('/health')).statusCode, 200);
      if (basePath === '/health') return;
      const { statusCode, headers } = await app.inject(basePath === '' ? '/' : basePath);
      t.equal(statusCode, 405);
      t.equal(headers.allow, 'POST');
    }
  });
}

t.test('takes a colon in the base path literally, not as a parameter', async (t) => {
  const { app } = await testApp(t, { basePath: '/:id' });
  t.equal((await post(app, '/:id', signed({ requestId: 'r' }))).statusCode, 200);
  t.equal((await post(app, '/other', signed({ requestId: 'r' }))).statusCode, 404);
});

t.test('does not serve the default base path if another is configured, or another case of it', async (t) => {
  const { app } = await testApp(t, { basePath: '/fireblocks/callback_handler' });
  for (const url of [
    '/callback',
    '/callback/v2/tx_sign_request',
    '/Fireblocks/callback_handler',
    '/',
    '/fireblocks',
  ]) {
    t.equal((await post(app, url, signed({ requestId: 'r' }))).statusCode, 404, url);
  }
});

t.test('accepts a base URL with a trailing slash', async (t) => {
  const { app } = await testApp(t);
  t.equal((await post(app, '/callback//v2/tx_sign_request', signed({ requestId: 'r' }))).statusCode, 200);
  t.equal((await post(app, '/v2/tx_sign_request/', signed({ requestId: 'r' }))).statusCode, 200);
});

t.test('POST /callback determines the kind of request from the payload', async (t) => {
  const { app, of } = await testApp(t);
  await post(app, '/callback', signed(samplePayload('transaction')));
  await post(app, '/callback', signed(samplePayload('configuration')));
  t.match(of('decision'), [{ kind: 'transaction' }, { kind: 'configuration', type: 'UNMANAGED_WALLET' }]);
});

t.test('serves a configuration change with a txId, and refuses a transaction on its path', async (t) => {
  const { app, of } = await testApp(t);
  const change = { requestId: 'r-5', type: 'ENABLE_ONE_TIME_ADDRESS', txId: 't-5', extraInfo: {} };
  const transfer = { requestId: 'r-6', asset: 'ETH', amountStr: '1' };
  const ambiguous = { requestId: 'r-7', type: 'X', asset: 'ETH' };
  for (const [payload, path, status] of [
    [change, '/v2/config_change_sign_request', 200],
    [change, '/callback', 200],
    [change, '/v2/tx_sign_request', 400],
    [transfer, '/v2/config_change_sign_request', 400],
    [transfer, '/v2/tx_sign_request', 200],
    [{ requestId: 'r-8' }, '/v2/config_change_sign_request', 400],
    [ambiguous, '/v2/tx_sign_request', 400],
    [ambiguous, '/v2/config_change_sign_request', 400],
    [ambiguous, '/callback', 400],
  ] as const) {
    t.equal((await post(app, path, signed(payload))).statusCode, status, `${payload.requestId} ${path}`);
  }
  t.match(of('decision'), [
    { kind: 'configuration', requestId: 'r-5', txId: 't-5' },
    { kind: 'configuration', requestId: 'r-5' },
    { kind: 'transaction', requestId: 'r-6' },
  ]);
  t.strictSame(
    of('refused').map(({ cause }) => cause),
    [
      'a configuration request on the path for transaction requests',
      'a transaction request on the path for configuration requests',
      'no "type" on the path for configuration requests',
      ...Array<string>(3).fill('fields of a transaction and of a configuration change: its kind is unclear'),
    ],
  );
});

t.test('in JSON mode, answers JSON with JSON and rejects tokens', async (t) => {
  const { app } = await testApp(t, { auth: 'json' });
  for (const url of ['/tx_sign_request', '/callback/tx_sign_request', '/callback']) {
    const reply = await post(app, url, JSON.stringify({ requestId: 'r-1' }));
    t.equal(reply.statusCode, 200, url);
    t.equal(reply.headers['content-type'], 'application/json; charset=utf-8');
    t.match(reply.json(), { action: 'REJECT', requestId: 'r-1' });
  }
  t.match((await post(app, '/tx_sign_request', signed({ requestId: 'r' }))).json(), {
    code: 'malformed_request',
  });
  t.match((await post(app, '/tx_sign_request', '[]')).json(), { code: 'malformed_request' });
});

t.test('in JSON mode, needs no Co-signer key', async (t) => {
  const { app } = await testApp(t, { auth: 'json', keyRing: ringWith(undefined) });
  t.equal((await post(app, '/tx_sign_request', '{"requestId":"r"}')).statusCode, 200);
  t.match((await app.inject('/health')).json(), { status: 'ok' });
});

t.test('serves the paths of the configured mode only', async (t) => {
  const { app: jwt } = await testApp(t);
  const { app: json } = await testApp(t, { auth: 'json' });
  for (const prefix of ['', '/callback']) {
    for (const path of ['/tx_sign_request', '/config_change_sign_request']) {
      t.equal((await post(jwt, prefix + path, '{"requestId":"r"}')).statusCode, 404);
      t.equal((await post(json, `${prefix}/v2${path}`, '{"requestId":"r"}')).statusCode, 404);
      const type = { 'content-type': 'application/json' };
      t.equal((await post(jwt, prefix + path, 'a.b.c', type)).statusCode, 404, 'with a token in the body');
    }
  }
});

t.test('accepts any content type, even a malformed or missing one', async (t) => {
  const { app } = await testApp(t);
  for (const type of ['application/json', 'text/plain', 'application/jwt; x=1', 'x', ';;;']) {
    const reply = await post(app, '/callback', signed({ requestId: 'r' }), { 'content-type': type });
    t.equal(reply.statusCode, 200, type);
  }
  t.equal((await post(app, '/callback', Buffer.from(signed({ requestId: 'r' })))).statusCode, 200, 'none');
});

t.test('accepts white space around a token', async (t) => {
  const { app } = await testApp(t);
  t.equal((await post(app, '/callback', `\r\n ${signed({ requestId: 'r' })}\n`)).statusCode, 200);
});

t.test('logs the fingerprint of the key that verified the request', async (t) => {
  const keyRing = ringWith(cosigner.publicPem + secondCosigner.publicPem);
  const { app, of } = await testApp(t, { keyRing });
  await post(app, '/callback', signToken({ requestId: 'r' }, secondCosigner.privateKey));
  t.equal(of('decision')[0]?.['cosignerKey'], keyRing.current.cosigners[1]?.fingerprint);
});

t.test('makes decisions only for verified requests', async (t) => {
  let decided = 0;
  const { app } = await testApp(t, {
    decide: () => {
      decided++;
      return { action: 'APPROVE' };
    },
  });
  const unverified = [
    '',
    ' \n',
    'x',
    '{"requestId":"r"}',
    tamperedToken({ requestId: 'r' }, cosigner.privateKey, 'signature'),
    tamperedToken({ requestId: 'r' }, cosigner.privateKey, 'alg-none'),
    tamperedToken({ requestId: 'r' }, cosigner.privateKey, 'hmac'),
    tamperedToken({ requestId: 'r' }, cosigner.privateKey, 'zero'),
    signToken({ requestId: 'r' }, rsaPair().privateKey),
    signed({ requestId: 'r', exp: 1 }),
    signed({ requestId: 7 }),
    signed({ txId: 't' }),
  ];
  for (const body of unverified) {
    const reply = await post(app, '/v2/tx_sign_request', body);
    t.ok([400, 401].includes(reply.statusCode));
    t.match(reply.json(), { code: String, message: String });
  }
  t.equal(decided, 0);
  await post(app, '/v2/tx_sign_request', signed({ requestId: 'r' }));
  t.equal(decided, 1);
});

const refusals: readonly (readonly [string, string | undefined, number, string])[] = [
  ['no body', undefined, 400, 'empty_body'],
  ['an empty body', '', 400, 'empty_body'],
  ['white space', ' \r\n', 400, 'empty_body'],
  ['a string that is not a token', 'hello', 401, 'invalid_token'],
  ['a verified token without requestId', signed({ txId: 't' }), 400, 'malformed_request'],
  ['a verified token that is not an object', signed([] as never), 400, 'malformed_request'],
];

for (const [what, body, status, code] of refusals) {
  t.test(`responds with ${status} ${code} to ${what}, and logs one line`, async (t) => {
    const { app, of } = await testApp(t);
    const reply = await post(app, '/v2/tx_sign_request', body);
    t.equal(reply.statusCode, status);
    t.strictSame(Object.keys(reply.json<object>()), ['code', 'message']);
    t.match(reply.json(), { code });
    t.match(of('refused'), [{ level: 'warn', code, status, cause: String, path: '/v2/tx_sign_request' }]);
    t.equal(of('refused').length, 1);
    t.equal(of('decision').length, 0);
  });
}

t.test('accepts a body of 8 MiB and refuses a longer one', async (t) => {
  const { app } = await testApp(t);
  t.match((await post(app, '/callback', 'x'.repeat(BODY_LIMIT))).json(), { code: 'invalid_token' });
  const reply = await post(app, '/callback', 'x'.repeat(BODY_LIMIT + 1));
  t.equal(reply.statusCode, 413);
  t.match(reply.json(), { code: 'body_too_large' });
});

t.test('answers a transaction with 250 legacy inputs, whose token has about 7 MB', async (t) => {
  const { app, of } = await testApp(t, {
    decide: ({ payload }) => ({ action: 'REJECT', reason: String((payload['rawTx'] as unknown[]).length) }),
  });
  const token = signed(legacyRequest());
  t.ok(token.length > 6_500_000 && token.length < BODY_LIMIT, `${token.length} bytes`);
  const reply = await post(app, '/v2/tx_sign_request', token);
  t.match(claimsOf(reply.body), { action: 'REJECT', rejectionReason: '250' });
  t.ok(JSON.stringify(of('decision')).length < 10_000, 'the raw transactions are not logged');
});

t.test('refuses a body with 503 and Retry-After if the memory for requests is used up', async (t) => {
  const { app, of } = await testApp(t, { maxRequestMemoryBytes: 1_000_000 });
  t.equal((await post(app, '/callback', 'x'.repeat(200_000))).statusCode, 401);
  const reply = await post(app, '/callback', 'x'.repeat(300_000));
  t.equal(reply.statusCode, 503);
  t.match(reply.json(), { code: 'overloaded' });
  t.equal(reply.headers['retry-after'], '10');
  t.match(of('refused')[1], { code: 'overloaded', cause: 'the memory for requests is used up' });
});

t.test('without a Co-signer key, responds with 503 and Retry-After', async (t) => {
  const { app, of } = await testApp(t, { keyRing: ringWith(undefined) });
  const reply = await post(app, '/v2/tx_sign_request', signed({ requestId: 'r' }));
  t.equal(reply.statusCode, 503);
  t.match(reply.json(), { code: 'awaiting_cosigner_key' });
  t.equal(reply.headers['retry-after'], '5');
  t.match(of('refused'), [{ code: 'awaiting_cosigner_key' }]);
});

t.test('answers RETRY and logs an error if the decision fails or takes too long', async (t) => {
  const failing = await testApp(t, {
    decide: () => {
      throw new Error('broken rule');
    },
  });
  const slow = await testApp(t, { decide: () => new Promise(() => undefined), decisionTimeoutMs: 30 });
  for (const { app, of } of [failing, slow]) {
    const reply = await post(app, '/v2/tx_sign_request', signed({ requestId: 'r-1' }));
    t.equal(reply.statusCode, 200);
    t.strictSame(claimsOf(reply.body), { action: 'RETRY', requestId: 'r-1' });
    t.match(of('decision_failed'), [{ level: 'error', requestId: 'r-1', err: { message: String } }]);
    t.match(of('decision'), [{ action: 'RETRY' }]);
  }
});

t.test('counts the time that a request takes to arrive towards the decision timeout', async (t) => {
  const { app } = await testApp(t, { decide: () => new Promise(() => undefined), decisionTimeoutMs: 400 });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const token = signed({ requestId: 'r' });
  const startedAt = performance.now();
  const status = await new Promise((resolve) => {
    const slow = request(`${url}/callback`, { method: 'POST', headers: { 'content-length': token.length } });
    slow.on('response', (response) => resolve(response.resume().statusCode));
    slow.write(token.slice(0, 50));
    setTimeout(() => slow.end(token.slice(50)), 250);
  });
  t.equal(status, 200);
  t.ok(performance.now() - startedAt < 600);
});

t.test('logs an error without the request attached to it', async (t) => {
  const { app, lines } = await testApp(t, {
    decide: (request) => {
      throw Object.assign(new Error('broken rule'), { request });
    },
  });
  await post(app, '/callback', signed({ requestId: 'r', type: 'EXCHANGE', extraInfo: { apiKey: 'hush' } }));
  t.notMatch(JSON.stringify(lines), /hush/);
});

t.test('does not log a trace id in an unexpected format', async (t) => {
  const { app, of } = await testApp(t);
  await post(app, '/callback', signed({ requestId: 'r' }), { 'x-amzn-trace-id': signed({ requestId: 'r' }) });
  t.equal(of('decision')[0]?.['traceId'], undefined);
});

t.test('responds with 500 if signing fails', async (t) => {
  const { current } = ringWith(cosigner.publicPem);
  // Signing fails, because this is a public key.
  const key = cosigner.publicKey;
  const keyRing = {
    current: { ...current, callback: { key, algorithm: 'RS256' as const, fingerprint: '' } },
  };
  const { app, of } = await testApp(t, { keyRing });
  const reply = await post(app, '/v2/tx_sign_request', signed({ requestId: 'r' }));
  t.equal(reply.statusCode, 500);
  t.match(reply.json(), { code: 'internal_error' });
  t.match(of('refused'), [{ level: 'error', code: 'internal_error', err: Object }]);
  t.equal(of('decision').length, 0);
});

t.test('responds with 500 without a callback key', async (t) => {
  const { cosigners } = ringWith(cosigner.publicPem).current;
  const { app } = await testApp(t, { keyRing: { current: { ...new KeyRing().current, cosigners } } });
  t.equal((await post(app, '/callback', signed({ requestId: 'r' }))).statusCode, 500);
});

t.test('rejects requests, but not /health, while the event loop is delayed', async (t) => {
  const { app } = await testApp(t, { overload: { maxEventLoopDelayMs: 1, sampleIntervalMs: 10 } });
  const reply = await until(async () => {
    blockFor(20);
    const { statusCode, headers, body } = await post(app, '/callback', signed({ requestId: 'r' }));
    return statusCode === 503 ? { headers, body } : undefined;
  }, 5000);
  t.match(JSON.parse(reply?.body ?? ''), { code: 'overloaded' });
  t.equal(reply?.headers['retry-after'], '10');
  t.equal((await app.inject('/health')).statusCode, 200);
});

function blockFor(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

t.test('with a memory, its answer is sent, and one that was given before is logged apart', async (t) => {
  let asked: Exchange | undefined;
  let repeated = false;
  const { app, lines } = await testApp(t, {
    memory: {
      decide: async (request, exchange) => {
        asked = exchange;
        const answer = await exchange.encode({ action: 'APPROVE', requestId: request.requestId });
        return { decision: { action: 'APPROVE', rule: 'r' }, answer, repeated };
      },
    },
  });
  const token = signed({ requestId: 'r-1', operation: 'TRANSFER' });
  for (const event of ['decision', 'repeated']) {
    const reply = await post(app, '/v2/tx_sign_request', token);
    t.match(claimsOf(reply.body), { action: 'APPROVE', requestId: 'r-1' });
    t.match(lines.at(-1), { event, action: 'APPROVE', requestId: 'r-1' });
    repeated = true;
  }
  t.match(asked, { auth: 'jwt', body: token, cosignerKey: { fingerprint: /^[0-9a-f]{64}$/ } });
});

t.test('a store that fails costs a signed RETRY', async (t) => {
  for (const [error, event] of [
    [new StoreError('gone', { throttled: true }), 'store_failed'],
    [new Error('a bug'), 'decision_failed'],
  ] as const) {
    const { app, lines } = await testApp(t, { memory: { decide: () => Promise.reject(error) } });
    const reply = await post(app, '/v2/tx_sign_request', signed({ requestId: 'r-1' }));
    t.match(claimsOf(reply.body), { action: 'RETRY', requestId: 'r-1' });
    t.match(lines, [
      { event, level: 'error', requestId: 'r-1' },
      { event: 'decision', action: 'RETRY' },
    ]);
  }
});

t.test('nothing is decided without the memory, even if the handler has no key', async (t) => {
  const keyRing = { current: { callback: undefined, cosigners: [] } };
  const memory = { decide: () => Promise.reject(new Error('not asked')) };
  const { app } = await testApp(t, { auth: 'json', keyRing, memory, decide: () => ({ action: 'APPROVE' }) });
  const reply = await post(app, '/tx_sign_request', '{"requestId":"r-1"}');
  t.match(reply.json(), { action: 'RETRY', requestId: 'r-1' });
});
