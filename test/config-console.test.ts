// Tests the console's part of the configuration.
import t from 'tap';
import { ConfigError, readConfig } from '../src/config.js';
import { readConsoleConfig } from '../src/config-console.js';

const KEYS = { CALLBACK_PRIVATE_KEY_PARAMETER: '/a', COSIGNER_PUBLIC_KEY_PARAMETER: '/b' };
const ORIGIN = 'https://callback.internal:8443';
const local = (env: NodeJS.ProcessEnv = {}) => readConfig(['--local'], env).console;
const production = (env: NodeJS.ProcessEnv = {}) => readConfig([], { ...KEYS, ...env }).console;

t.test('local mode has a console, whose origin follows its port', (t) => {
  t.strictSame(local(), { origin: 'http://localhost:3001', port: 3001 });
  t.strictSame(local({ CONSOLE_PORT: '4000' }), { origin: 'http://localhost:4000', port: 4000 });
  t.strictSame(local({ CONSOLE_PORT: 'off' }), { origin: 'http://localhost:3001', port: undefined });
  t.strictSame(local({ STORE_PATH: 'off' }), { origin: 'http://localhost:3001', port: undefined });
  t.throws(
    () => local({ STORE_PATH: 'off', CONSOLE_PORT: '3001' }),
    /CONSOLE_PORT is set although STORE_PATH is off/,
  );
  t.throws(() => local({ PORT: '3001', CONSOLE_PORT: '3001' }), /CONSOLE_PORT is also PORT/);
  t.end();
});

t.test('in production, there is none unless it is configured', (t) => {
  t.equal(production(), undefined);
  const path = { STORE_PATH: 'store' };
  t.strictSame(production({ ...path, CONSOLE_ORIGIN: ORIGIN, CONSOLE_PORT: '3001' }), {
    origin: ORIGIN,
    port: 3001,
  });
  t.strictSame(production({ STORE_TABLE: 'table', CONSOLE_ORIGIN: ORIGIN }), {
    origin: ORIGIN,
    port: undefined,
  });
  t.throws(() => production({ ...path, CONSOLE_PORT: '3001' }), /CONSOLE_PORT is set without CONSOLE_ORIGIN/);
  t.throws(() => production({ CONSOLE_ORIGIN: ORIGIN, CONSOLE_PORT: '3001' }), /without STORE_PATH/);
  t.throws(
    () => production({ STORE_TABLE: 'table', CONSOLE_ORIGIN: ORIGIN, CONSOLE_PORT: '3001' }),
    /dist\/console.js/,
  );
  t.end();
});

t.test('an origin is what passkeys can be bound to', (t) => {
  for (const origin of ['https://approvals.example', 'http://localhost', 'http://localhost:3001', ORIGIN]) {
    t.equal(production({ CONSOLE_ORIGIN: origin })?.origin, origin);
  }
  for (const origin of [
    'http://callback.internal',
    'https://10.0.0.1:8443',
    'https://[::1]:8443',
    'https://callback.internal/',
    'https://callback.internal/path',
    'https://Callback.internal',
    'https://callback.internal:443',
    'https://user@callback.internal',
    'callback.internal:8443',
    'ftp://localhost',
    'x',
  ]) {
    t.throws(() => production({ CONSOLE_ORIGIN: origin }), ConfigError, origin);
  }
  t.end();
});

t.test('nobody is notified without a console', (t) => {
  t.throws(
    () => local({ CONSOLE_PORT: 'off', NOTIFY_WEBHOOK: 'https://chat.example/x' }),
    /serves no console/,
  );
  t.equal(
    readConfig(['--local'], { NOTIFY_WEBHOOK: 'https://chat.example/x' }).notify.webhook?.url,
    'https://chat.example/x',
  );
  t.end();
});

t.test('the console’s own process needs a table and the origin, and reads no keys', (t) => {
  t.match(readConsoleConfig({ CONSOLE_ORIGIN: ORIGIN, STORE_TABLE: 'table', POLICY_PARAMETER: '/policy' }), {
    ...{ host: '0.0.0.0', port: 3001, origin: ORIGIN, store: { table: 'table' } },
    ...{ sources: { local: false, policy: { parameter: '/policy' } }, policyRefreshMs: 60_000 },
  });
  t.match(readConsoleConfig({ CONSOLE_ORIGIN: ORIGIN, STORE_TABLE: 'table' }).sources.policy, {
    file: 'policy.yaml',
  });
  t.throws(() => readConsoleConfig({}), /CONSOLE_ORIGIN is not set[^]*STORE_TABLE is not set/);
  t.throws(
    () =>
      readConsoleConfig({
        CONSOLE_ORIGIN: ORIGIN,
        STORE_TABLE: 'table',
        POLICY_PARAMETER: '/a',
        POLICY_FILE: 'b',
      }),
    /POLICY_PARAMETER is set together with POLICY_FILE/,
  );
  t.end();
});
