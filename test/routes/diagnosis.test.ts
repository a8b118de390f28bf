// The log names common mistakes in requests, and the client receives the same reply as for any other refusal.
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { signToken } from '../../cli/cosigner/request.js';
import { cosigner, testApp } from '../helpers/app.js';

const token = signToken({ requestId: 'r', note: 'secret' }, cosigner.privateKey);

t.test(
  'replies to a body that was sent wrongly as to any other, and names the cause in the log',
  async (t) => {
    const { app, of } = await testApp(t);
    const bodies = [
      'x',
      `"${token}"`,
      `Bearer ${token}`,
      `jwt=${token}`,
      gzipSync(token),
      JSON.stringify({ jwt: token }),
    ];
    const replies = await Promise.all(
      bodies.map((payload) => app.inject({ method: 'POST', url: '/callback', payload })),
    );
    t.equal(replies[0]?.statusCode, 401);
    t.equal(
      replies[0]?.body,
      '{"code":"invalid_token","message":"The body is not a valid token signed by a known Co-signer."}',
    );
    for (const { statusCode, body } of replies)
      t.strictSame({ statusCode, body }, { statusCode: 401, body: replies[0]?.body });
    const causes = of('refused').map(({ cause }) => cause);
    t.match(causes, ['not a compact JWS', /quotes/, /Bearer/, /form/, /gzip/, /wrapped in JSON/]);
    t.notMatch(JSON.stringify(of('refused')), /secret|eyJ/);
  },
);

t.test('replies to a token in JSON mode as to any other body', async (t) => {
  const { app, of } = await testApp(t, { auth: 'json' });
  const bodies = ['x', token, `"${token}"`, '{"jwt":"x"}'];
  const replies = await Promise.all(
    bodies.map((payload) => app.inject({ method: 'POST', url: '/callback', payload })),
  );
  t.same(new Set(replies.map(({ statusCode, body }) => `${statusCode} ${body}`)).size, 1);
  t.match(of('refused'), [
    { cause: 'not UTF-8-encoded JSON' },
    { cause: /^a signed token instead of JSON/ },
    { cause: /^a signed token instead of JSON/ },
    { cause: /^not a JSON object/ },
  ]);
});

t.test('replies to every unknown path alike, and names the cause in the log', async (t) => {
  const { app, of } = await testApp(t);
  const urls = [
    '/x',
    '/tx_sign_request',
    '/callback/v2/v2/tx_sign_request',
    '/callback/callback/v2/tx_sign_request',
    '/y/v2/tx_sign_request',
  ];
  const replies = await Promise.all(urls.map((url) => app.inject({ method: 'POST', url, payload: token })));
  t.same(new Set(replies.map(({ statusCode, body }) => `${statusCode} ${body}`)).size, 1);
  t.match(of('refused'), [
    { code: 'not_found', cause: 'unknown path' },
    { cause: /^a path of JSON mode/ },
    { cause: /^\/v2 occurs twice/ },
    { cause: /^the base path occurs twice/ },
    { cause: /^unknown base path/ },
  ]);
});

t.test('accepts a token with a Content-Encoding header that does not apply', async (t) => {
  const { app } = await testApp(t);
  const headers = { 'content-encoding': 'gzip' };
  const reply = await app.inject({ method: 'POST', url: '/callback', payload: token, headers });
  t.equal(reply.statusCode, 200);
});
