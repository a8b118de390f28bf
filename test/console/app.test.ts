// Tests what the console serves to whom: nothing without a session, nothing to other hosts and pages, and no markup of
// others.
import fc from 'fast-check';
import t from 'tap';
import { StoreError } from '../../src/store/error.js';
import { consoleApp } from '../helpers/console-app.js';
import { payment } from '../helpers/memory-world.js';

const GUARDED = ['/', '/fragments/waiting', '/holds/secret-id'];

t.test('without a session, serves only pages to sign in and to enrol', async (t) => {
  const app = await consoleApp(t);
  await app.ask(payment('secret-id', '4', { note: 'a secret note' }));
  for (const path of GUARDED) {
    const { status, body } = await app.get(path);
    t.equal(status, 401, path);
    t.match(body, /Sign in/);
    t.notMatch(body, /secret|COIN|Example/);
  }
  for (const path of ['/holds/secret-id/decisions', '/holds/secret-id/decisions/options', '/sign-out']) {
    t.equal((await app.post(path, {})).status, 401, path);
  }
  for (const path of [
    '/sign-in',
    '/enrol',
    '/assets/console.css',
    '/assets/console.js',
    '/assets/icon.svg',
  ]) {
    t.equal((await app.get(path)).status, 200, path);
  }
  t.equal((await app.get('/unknown')).status, 404);
});

t.test('with a session, shows what waits', async (t) => {
  const app = await consoleApp(t);
  await app.ask(payment('a-request'));
  const cookie = await app.signIn('alice');
  for (const path of ['/', '/holds/a-request']) {
    const { status, body } = await app.get(path, { cookie });
    t.equal(status, 200);
    t.match(body, /COIN/);
  }
  t.equal((await app.get('/holds/another', { cookie })).status, 404);
});

t.test('in the language of the browser', async (t) => {
  const app = await consoleApp(t);
  t.match(
    (await app.get('/sign-in', { 'accept-language': 'ja,en;q=0.5' })).body,
    /<html lang="ja">[\s\S]*サインイン/,
  );
  t.match((await app.get('/sign-in', { 'accept-language': 'de' })).body, /<html lang="en">/);
});

t.test('is only there for its own host', async (t) => {
  const app = await consoleApp(t);
  for (const host of ['evil.example', 'callback.internal', 'callback.internal:3001', '10.0.0.7:8443', '']) {
    t.equal((await app.get('/sign-in', { host })).status, 421, host);
  }
  t.equal((await app.get('/health', { host: '10.0.0.7:3001' })).status, 200);
});

t.test('takes nothing from other pages', async (t) => {
  const app = await consoleApp(t);
  const cookie = await app.signIn('alice');
  const foreign: readonly Readonly<Record<string, string>>[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'https://callback.internal' },
    { origin: '' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ];
  for (const headers of foreign) {
    for (const path of ['/sign-in/options', '/enrol/options', '/sign-out', '/holds/a/decisions']) {
      t.equal((await app.post(path, {}, { cookie, ...headers })).status, 403, JSON.stringify(headers));
    }
  }
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    const { status } = await app.post('/enrol/options', '{"name":"x"}', { 'content-type': type });
    t.equal(status, 415, type);
  }
});

t.test('sends its headers with everything', async (t) => {
  const app = await consoleApp(t);
  const cookie = await app.signIn('alice');
  const answers = [
    await app.get('/', { cookie }),
    await app.get('/'),
    await app.get('/assets/console.js'),
    await app.get('/unknown'),
    await app.get('/%E0%A4%A'),
    await app.get('/', { host: 'evil.example' }),
    await app.get('/health'),
    await app.post('/enrol/options', '{'),
    await app.post('/sign-in/options', {}, { origin: 'https://evil.example' }),
  ];
  for (const { headers, status } of answers) {
    t.match(
      headers,
      {
        'content-security-policy': /^default-src 'none'; .*frame-ancestors 'none'/,
        'x-frame-options': 'DENY',
        'x-content-type-options': 'nosniff',
        'cross-origin-opener-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
      },
      `status ${status}`,
    );
    t.notMatch(headers['content-security-policy'], /unsafe|\*|https?:/);
  }
  t.equal(answers[0]?.headers['cache-control'], 'no-store');
  t.equal(answers[0]?.headers['strict-transport-security'], 'max-age=15552000');
});

t.test('sends nothing inline, and nothing from elsewhere', async (t) => {
  const app = await consoleApp(t);
  await app.ask(payment('a-request'));
  const cookie = await app.signIn('alice');
  for (const path of ['/', '/holds/a-request', '/enrol', '/sign-in']) {
    const { body } = await app.get(path, { cookie });
    t.notMatch(body, /<style|style="|\son[a-z]+="|javascript:|(src|href)="(https?:)?\/\//, path);
    t.strictSame(
      body.match(/<script[^>]*>[^<]*/g),
      ['<script src="/assets/console.js" type="module">'],
      path,
    );
  }
});

/** What breaks out of text, attributes, headers and scripts, if nothing is escaped. */
const HOSTILE = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '<script>x</script>',
        '"><img src=x onerror=x>',
        "' onclick='x",
        '</dd></dl>',
        '&lt;',
        '${x}',
      ),
      fc.constantFrom('\u202e', '\r\nset-cookie: a=b', '\u2028', '<!--', 'javascript:x', '\ud800', '\0'),
      fc.string(),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((parts) => parts.join(''));

t.test('shows whatever stands in a request as text', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(HOSTILE, { minLength: 10, maxLength: 10 }), async (texts) => {
      const app = await consoleApp(t);
      const [id = '', note, asset, operation, sourceId, name, address, tag, signer, type] = texts;
      const requestId = `0${id}`;
      const payload = {
        ...payment(requestId),
        ...{ note, asset, operation, sourceId, sourceType: type, signerId: signer, destAddress: address },
        destinations: [
          { dstAddress: address, dstName: name, dstTag: tag, amountNativeStr: '4', dstType: type },
        ],
        ...{ rawTx: [{ rawTx: note, payload: tag }], [`x${id}`]: { [id]: note } },
      };
      await app.ask(payload);
      const cookie = await app.signIn('alice');
      const pages = [
        await app.get('/', { cookie }),
        await app.get(`/holds/${encodeURIComponent(requestId.toWellFormed())}`, { cookie }),
      ];
      return pages.every(({ body, headers, status }) => {
        const isKnown = status === 200 || status === 404 || status === 400;
        return isKnown && headers['set-cookie'] === undefined && isInert(body);
      });
    }),
    { numRuns: 40 },
  );
});

/** Tags that the console's pages have, with double quotes around each value. */
const TAG = /^<\/?(?:!doctype html|[a-z][a-z0-9]*(?: [a-z-]+(?:="[^"<>]*")?)* ?\/?)>/;
const NEVER = /<(?:img|iframe|svg|object|embed|base)|\s(?:on[a-z]+|style)="/;

/** Whether each `<` begins one of the console's own tags. */
function isInert(body: string): boolean {
  const tags = body.replaceAll(/\s+/g, ' ').match(/<[^>]*>?/g) ?? [];
  const scripts = tags.filter((tag) => tag.startsWith('<script')).length;
  return tags.every((tag) => TAG.test(tag)) && !NEVER.test(body) && scripts <= 1;
}

t.test('says when it stops', async (t) => {
  const app = await consoleApp(t);
  app.lifecycle.stopping = true;
  t.match(await app.get('/health'), { status: 503, json: { status: 'stopping' } });
});

t.test('says that the store can’t be read', async (t) => {
  const app = await consoleApp(t);
  const cookie = await app.signIn('alice');
  app.table.query = () => {
    throw new StoreError('table t can’t be reached');
  };
  const { status, body } = await app.get('/', { cookie });
  t.equal(status, 503);
  t.match(body, /The store can’t be read/);
  t.notMatch(body, /table t/);
  t.match(
    app.lines.filter(({ event }) => event === 'console_failed'),
    [{ msg: 'table t can’t be reached' }],
  );
});
