// Recorded events of load balancers and APIs: the application answers each as the same request on a socket.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import t, { type Test } from 'tap';
import { readSignedAnswer } from '../../cli/cosigner/client.js';
import { samplePayload, signToken, TAMPERINGS, tamperedToken } from '../../cli/cosigner/request.js';
import { answerEvents, EventError, type HttpAnswer } from '../../src/lambda/events.js';
import { callback, cosigner, ringWith, testApp } from '../helpers/app.js';
import { rsaPair } from '../helpers/keys.js';
import { ROOT } from '../helpers/paths.js';

const RECORDED = ['alb', 'alb-multi-value', 'rest', 'rest-base64', 'http'] as const;

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

interface RecordedEvent {
  readonly requestContext: { readonly http?: object };
  readonly headers?: Record<string, string>;
  readonly multiValueHeaders?: Record<string, readonly string[]>;
  readonly isBase64Encoded: boolean;
}

/** @returns a recorded event with another request in it */
function eventOf(name: (typeof RECORDED)[number], { method, path, body }: Sent): unknown {
  const event = JSON.parse(readFileSync(`${ROOT}test/lambda/events/${name}.json`, 'utf8')) as RecordedEvent;
  const { headers, multiValueHeaders, requestContext, isBase64Encoded } = event;
  const length = String(Buffer.byteLength(body));
  return {
    ...event,
    ...(requestContext.http === undefined
      ? { httpMethod: method, path }
      : {
          rawPath: path,
          requestContext: { ...requestContext, http: { ...requestContext.http, method, path } },
        }),
    ...(headers && {
      headers: 'content-length' in headers ? { ...headers, 'content-length': length } : headers,
    }),
    ...(multiValueHeaders && {
      multiValueHeaders:
        'content-length' in multiValueHeaders
          ? { ...multiValueHeaders, 'content-length': [length] }
          : multiValueHeaders,
    }),
    body: isBase64Encoded ? Buffer.from(body).toString('base64') : body,
  };
}

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

function overSocket(url: string, { method, path, body }: Sent): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const request = http.request({ hostname, port, path, method, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

function replyOf({ statusCode, headers, multiValueHeaders, body }: HttpAnswer): Reply {
  const single = Object.entries(multiValueHeaders ?? {}).map(
    ([name, values]) => [name, values.join()] as const,
  );
  return { status: statusCode, headers: { ...headers, ...Object.fromEntries(single) }, body };
}

/** What matters to the Co-signer; answers have signatures of their own. */
function essence({ status, headers, body }: Reply): unknown {
  const { 'content-type': type, 'retry-after': retryAfter, allow } = headers;
  return { status, type, retryAfter, allow, ...(status !== 200 && { body }) };
}

async function twoWays(t: Test, overrides: Parameters<typeof testApp>[1] = {}) {
  const { app, log } = await testApp(t, overrides);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return { answer: answerEvents(app, log), url };
}

const PATH = '/callback/v2/tx_sign_request';
const post = (body: string, path = PATH): Sent => ({ method: 'POST', path, body });
const signed = (payload = samplePayload('transaction')): string => signToken(payload, cosigner.privateKey);
/** About 1 MB as a token, the most that a load balancer passes to a function. */
const large = (): string => signed({ ...samplePayload('transaction'), note: 'x'.repeat(740_000) });

const CASES: Readonly<Record<string, { readonly sent: () => Sent; readonly status: number }>> = {
  'a request': { sent: () => post(signed()), status: 200 },
  'a body of 1 MB': { sent: () => post(large()), status: 200 },
  'a path with slashes': { sent: () => post(signed(), `//callback/v2//tx_sign_request/`), status: 200 },
  health: { sent: () => ({ method: 'GET', path: '/health', body: '' }), status: 200 },
  'another key': {
    sent: () => post(signToken(samplePayload('transaction'), rsaPair().privateKey)),
    status: 401,
  },
  'no token': { sent: () => post('{"requestId":"1"}'), status: 401 },
  'no body': { sent: () => post(''), status: 400 },
  'no request id': { sent: () => post(signed({ txId: '1' })), status: 400 },
  'an unknown path': { sent: () => post(signed(), '/v1/tx_sign_request'), status: 404 },
  'a malformed path': { sent: () => post(signed(), '/callback/%zz'), status: 400 },
  'another method': { sent: () => ({ method: 'GET', path: PATH, body: '' }), status: 405 },
  'a body of 9 MB': { sent: () => post('x'.repeat(9 * 1024 * 1024)), status: 413 },
  ...Object.fromEntries(
    TAMPERINGS.map((tampering) => [
      `a token with ${tampering}`,
      {
        sent: () => post(tamperedToken(samplePayload('transaction'), cosigner.privateKey, tampering)),
        status: 401,
      },
    ]),
  ),
};

for (const name of RECORDED) {
  t.test(`answers ${name}.json as on a socket`, async (t) => {
    const { answer, url } = await twoWays(t);
    for (const [what, { sent, status }] of Object.entries(CASES)) {
      const request = sent();
      const answered = await answer(eventOf(name, request));
      t.equal(answered.statusCode, status, what);
      t.notOk(answered.isBase64Encoded, what);
      t.strictSame(essence(replyOf(answered)), essence(await overSocket(url, request)), what);
    }
  });

  t.test(`signs the answer to ${name}.json as plain text`, async (t) => {
    const { answer } = await twoWays(t);
    const payload = samplePayload('transaction');
    const answered = replyOf(await answer(eventOf(name, post(signed(payload)))));
    t.equal(answered.headers['content-type'], 'text/plain; charset=utf-8');
    const { requestId } = payload;
    t.match(readSignedAnswer(answered, requestId, [callback.publicKey]), { answer: { action: 'REJECT' } });
  });

  t.test(`answers ${name}.json with 503 while there is no Co-signer key`, async (t) => {
    const { answer, url } = await twoWays(t, { keyRing: ringWith(undefined) });
    const request = post(signed());
    const answered = replyOf(await answer(eventOf(name, request)));
    t.match(answered, { status: 503, headers: { 'retry-after': '5' } });
    t.strictSame(essence(answered), essence(await overSocket(url, request)));
  });
}

t.test('returns multi-value headers only to whoever sends them', async (t) => {
  const { answer } = await twoWays(t);
  const to = (name: (typeof RECORDED)[number]) => answer(eventOf(name, post(signed())));
  t.match(await to('alb-multi-value'), {
    multiValueHeaders: { 'content-type': ['text/plain; charset=utf-8'] },
  });
  t.equal((await to('alb')).multiValueHeaders, undefined);
  t.equal((await to('http')).multiValueHeaders, undefined);
});

t.test('logs client and trace id of each event', async (t) => {
  for (const name of RECORDED) {
    const { app, log, of } = await testApp(t);
    await answerEvents(app, log)(eventOf(name, post('forged')));
    t.match(of('refused'), [
      { remoteAddress: '10.0.1.17', traceId: 'Root=1-67891233-abcdef012345678912345678' },
    ]);
  }
});

t.test('ignores the query, however malformed it is', async (t) => {
  const { answer } = await twoWays(t);
  const event = eventOf('alb', post(signed())) as object;
  const answered = await answer({ ...event, queryStringParameters: { a: '%zz' } });
  t.equal(answered.statusCode, 200);
});

t.test('refuses unknown methods with 400, as Node.js does on a socket', async (t) => {
  const { app, log, of } = await testApp(t);
  const answered = await answerEvents(app, log)(eventOf('alb', { method: 'BREW', path: PATH, body: '' }));
  t.match(answered, { statusCode: 400, body: /"bad_request"/ });
  t.match(of('refused'), [{ code: 'bad_request', cause: 'unknown method' }]);
});

t.test('refuses events that are not HTTP requests, and logs it', async (t) => {
  const { app, log, of } = await testApp(t);
  for (const event of [null, 'text', {}, { Records: [] }, { httpMethod: 1 }]) {
    await t.rejects(answerEvents(app, log)(event), EventError);
  }
  t.match(of('event_unreadable'), Array(5).fill({ level: 'warn', msg: /not an HTTP request/ }));
});

t.test('logs why an event can’t be turned into a request', async (t) => {
  const { app, log, of } = await testApp(t);
  await app.ready();
  const event = eventOf('alb', post(signed())) as object;
  for (const malformed of [{ body: 1 }, { path: 'http://[' }, { multiValueHeaders: { a: null } }]) {
    await t.rejects(answerEvents(app, log)({ ...event, ...malformed }), TypeError);
  }
  t.match(of('event_failed'), Array(3).fill({ level: 'error', err: { type: 'TypeError' } }));
  t.strictSame(of('decision'), []);
});
