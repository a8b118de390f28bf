// The configuration on Lambda.
import t from 'tap';
import { readLambdaConfig, SETTLE_LIMIT_MS } from '../../src/lambda/config.js';
import { FUNCTION_TIMEOUT_MS } from '../../src/timeouts.js';

const ENV = {
  CALLBACK_PRIVATE_KEY_PARAMETER: '/test/callback',
  COSIGNER_PUBLIC_KEY_PARAMETER: '/test/cosigner',
  POLICY_PARAMETER: '/test/policy',
};

t.test('takes the same variables as the service', (t) => {
  const config = readLambdaConfig({ ...ENV, STORE_TABLE: 'decisions', KEY_REFRESH_SECONDS: '30' });
  t.match(config, { store: { table: 'decisions' }, keyRefreshMs: 30_000 });
  t.end();
});

t.test('lets people decide at a console elsewhere', (t) => {
  const env = { ...ENV, STORE_TABLE: 'decisions', CONSOLE_ORIGIN: 'https://callback.internal:8443' };
  t.match(readLambdaConfig(env), { console: { origin: 'https://callback.internal:8443' } });
  t.end();
});

for (const [name, env] of Object.entries({
  STORE_PATH: { STORE_PATH: '/tmp/store' },
  CONSOLE_PORT: {
    STORE_TABLE: 'decisions',
    CONSOLE_PORT: '3001',
    CONSOLE_ORIGIN: 'https://callback.internal:8443',
  },
  TLS: { TLS: 'self-signed' },
})) {
  t.test(`refuses ${name}`, (t) => {
    t.throws(() => readLambdaConfig({ ...ENV, ...env }), {
      code: 'CONFIG_INVALID',
      problems: [new RegExp(`^${name} can't be used`)],
    });
    t.end();
  });
}

t.test('refuses a decision timeout that leaves no time to answer', (t) => {
  const read = (env: NodeJS.ProcessEnv) => readLambdaConfig({ ...ENV, ...env }).decisionTimeoutMs;
  const defaultMs = read({});
  t.ok(defaultMs + SETTLE_LIMIT_MS < FUNCTION_TIMEOUT_MS, 'the default leaves some');
  t.equal(read({ DECISION_TIMEOUT_MS: '25000' }), 25_000);
  t.throws(() => read({ DECISION_TIMEOUT_MS: '25001' }), {
    code: 'CONFIG_INVALID',
    problems: [/^DECISION_TIMEOUT_MS can be at most 25000 on Lambda/],
  });
  t.end();
});
