// Tests that nobody sees the secrets of configuration changes in the console, or finds them out by searching.
import t from 'tap';
import { jsonWithoutSecrets } from '../../src/console/without-secrets.js';
import { consoleApp } from '../helpers/console-app.js';

const SECRET = 'kraken-4711-secret';

t.test('API keys of exchanges are not shown, exported or found', async (t) => {
  const app = await consoleApp(t);
  const change = {
    requestId: 'exchange-1',
    type: 'EXCHANGE',
    extraInfo: { subType: 'KRAKEN', accountName: 'Trading', apiKey: SECRET, addresses: '{"BTC":"x"}' },
  };
  await app.ask(change);
  const cookie = await app.signIn('alice');
  const day = new Date(app.state.now).toISOString().slice(0, 10);
  const paths = ['/', '/holds/exchange-1', '/history', '/history/exchange-1'];
  const files = [`/history.json?day=${day}`, `/history.csv?day=${day}`];
  for (const path of [...paths, ...files]) {
    const { status, body } = await app.get(path, { cookie });
    t.equal(status, 200, path);
    t.match(body, 'exchange-1', `${path} shows the change`);
    t.notMatch(body, SECRET, `${path} hides its key`);
  }
  t.match((await app.get(`/history?day=${day}&text=trading`, { cookie })).body, '>exchange-1<');
  t.notMatch((await app.get(`/history?day=${day}&text=kraken-4711`, { cookie })).body, '>exchange-1<');
});

t.test('hides what is named like a key, also with escapes', (t) => {
  t.equal(jsonWithoutSecrets('{"a":{"api_key":"x","b":1}}'), '{"a":{"api_key":"…","b":1}}');
  t.equal(jsonWithoutSecrets('{"\\u0061piKey":"x"}'), '{"apiKey":"…"}');
  t.equal(jsonWithoutSecrets('{"apiKey":"x"'), '', 'what can’t be read');
  t.equal(jsonWithoutSecrets('{"note": "x"}'), '{"note": "x"}', 'everything else as it is');
  t.end();
});
