import t from 'tap';
import { ConfigError, readConfig } from '../src/config.js';

const parameters = {
  CALLBACK_PRIVATE_KEY_PARAMETER: '/fireblocks/dev/jwt/callback-private-key',
  COSIGNER_PUBLIC_KEY_PARAMETER: '/fireblocks/dev/jwt/cosigner-public-key',
};

function problems(args: string[], env: Record<string, string>): readonly string[] {
  try {
    readConfig(args, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

t.test('requires only the two key parameters; everything else has a default', (t) => {
  t.strictSame(readConfig([], parameters), {
    host: '0.0.0.0',
    port: 3000,
    tls: undefined,
    logLevel: 'info',
    auth: 'jwt',
    sources: {
      local: false,
      callbackPrivateKeyParameter: parameters.CALLBACK_PRIVATE_KEY_PARAMETER,
      cosignerPublicKeyParameter: parameters.COSIGNER_PUBLIC_KEY_PARAMETER,
      policy: { file: 'policy.yaml' },
      stopParameter: undefined,
      candidateParameter: undefined,
      policyBucket: undefined,
    },
    keyRefreshMs: 60_000,
    policyRefreshMs: 60_000,
    signers: undefined,
    store: undefined,
    console: undefined,
    notify: { topic: undefined, webhook: undefined },
    keyWithdrawal: 'keep',
    maxStalenessMs: undefined,
    basePath: '/callback',
    maxRequestMemoryBytes: undefined,
    decisionTimeoutMs: 25_000,
    shutdownTimeoutMs: 25_000,
  });
  t.end();
});

t.test('needs no variables with --local, and listens on the loopback address', (t) => {
  const config = readConfig(['--local'], {});
  t.equal(config.host, '127.0.0.1');
  t.strictSame(config.sources, {
    local: true,
    keyDirectory: '.local/keys',
    policyFile: '.local/policy.yaml',
    stopFile: '.local/stop',
    candidateFile: '.local/candidate.yaml',
    createPolicy: true,
  });
  t.equal(config.policyRefreshMs, 2000, 'the user is editing the policy');
  t.end();
});

t.test('uses HOST in local mode, too', (t) => {
  t.equal(readConfig(['--local'], { HOST: '0.0.0.0' }).host, '0.0.0.0');
  t.end();
});

t.test('reads every variable', (t) => {
  const config = readConfig([], {
    ...parameters,
    HOST: '::',
    PORT: '8080',
    LOG_LEVEL: 'debug',
    CALLBACK_AUTH: 'json',
    BASE_PATH: '/fireblocks/callback_handler/',
    STOP_PARAMETER: '/fireblocks/dev/stop',
    KEY_REFRESH_SECONDS: '5',
    KEY_WITHDRAWAL: 'refuse',
    MAX_STALENESS_SECONDS: '300',
    MAX_REQUEST_MEMORY_MIB: '128',
    DECISION_TIMEOUT_MS: '1000',
    SHUTDOWN_TIMEOUT_MS: '9000',
    TLS: 'self-signed',
  });
  t.match(config, {
    host: '::',
    port: 8080,
    logLevel: 'debug',
    auth: 'json',
    sources: { stopParameter: '/fireblocks/dev/stop' },
    basePath: '/fireblocks/callback_handler',
    keyRefreshMs: 5000,
    keyWithdrawal: 'refuse',
    maxStalenessMs: 300_000,
    maxRequestMemoryBytes: 128 * 1024 * 1024,
    decisionTimeoutMs: 1000,
    shutdownTimeoutMs: 9000,
    tls: 'self-signed',
  });
  t.end();
});

t.test('TLS is self-signed or off, and always off in local mode', (t) => {
  t.strictSame(problems([], { ...parameters, TLS: 'on' }), [
    'TLS must be self-signed; without it, the port serves plain HTTP',
  ]);
  t.strictSame(problems(['--local'], { TLS: 'self-signed' }), [
    "TLS can't be used in local mode, which serves plain HTTP",
  ]);
  t.end();
});

t.test('does not fall back to local mode if a variable is missing', (t) => {
  t.strictSame(problems([], {}), [
    'CALLBACK_PRIVATE_KEY_PARAMETER is not set: set it to the name of the SSM parameter',
    'COSIGNER_PUBLIC_KEY_PARAMETER is not set: set it to the name of the SSM parameter',
  ]);
  t.end();
});

t.test('treats an empty variable as unset', (t) => {
  t.equal(readConfig([], { ...parameters, PORT: '' }).port, 3000);
  t.equal(problems([], { ...parameters, CALLBACK_PRIVATE_KEY_PARAMETER: '' }).length, 1);
  t.end();
});

t.test('reports all problems at once', (t) => {
  t.strictSame(
    problems(['--locl', 'extra'], {
      HOST: 'localhost',
      PORT: '70000',
      LOG_LEVEL: 'loud',
      CALLBACK_AUTH: 'none',
      KEY_REFRESH_SECONDS: '0',
      DECISION_TIMEOUT_MS: '30000',
      SHUTDOWN_TIMEOUT_MS: '1e4',
      COSIGNER_PUBLIC_KEY_PARAMETER: 'has spaces',
    }),
    [
      'unknown argument "--locl": the only flag is --local, without a value',
      'unknown argument "extra": the only flag is --local, without a value',
      'HOST must be an IP address, such as 0.0.0.0 or 127.0.0.1',
      'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent',
      'SHUTDOWN_TIMEOUT_MS must be a whole number from 5000 to 110000',
      'PORT must be a whole number from 0 to 65535',
      'CALLBACK_AUTH must be jwt or json',
      'KEY_REFRESH_SECONDS must be a whole number from 1 to 86400',
      'DECISION_TIMEOUT_MS must be a whole number from 1 to 29000',
      'CALLBACK_PRIVATE_KEY_PARAMETER is not set: set it to the name of the SSM parameter',
      'COSIGNER_PUBLIC_KEY_PARAMETER is not an SSM parameter name: use letters, digits and _ . - /, or an ARN',
    ],
  );
  t.end();
});

t.test('does not quote a key given in place of a parameter name', (t) => {
  const secret = '-----BEGIN PRIVATE KEY-----\nMIIE';
  const [problem = ''] = problems([], { ...parameters, CALLBACK_PRIVATE_KEY_PARAMETER: secret });
  t.match(problem, /CALLBACK_PRIVATE_KEY_PARAMETER is not an SSM parameter name/);
  t.notMatch(problem, /MIIE/);
  t.end();
});

t.test('rejects the same parameter for both keys', (t) => {
  const name = parameters.CALLBACK_PRIVATE_KEY_PARAMETER;
  t.strictSame(problems([], { ...parameters, COSIGNER_PUBLIC_KEY_PARAMETER: name }), [
    'COSIGNER_PUBLIC_KEY_PARAMETER names the same parameter as CALLBACK_PRIVATE_KEY_PARAMETER',
  ]);
  t.end();
});

t.test('takes a path of any length as base path, and / for none', (t) => {
  const basePathOf = (path: string): string => readConfig([], { ...parameters, BASE_PATH: path }).basePath;
  t.equal(basePathOf('/'), '');
  t.equal(basePathOf('/a/b.c/d_e/'), '/a/b.c/d_e');
  for (const wrong of ['callback', '/a b', '/a//b', '/a?b', 'https://host/callback', '/a%20b', '/*']) {
    t.match(problems([], { ...parameters, BASE_PATH: wrong }), [/^BASE_PATH must be a path such as/], wrong);
  }
  t.end();
});

t.test(
  'rejects a base path that the Co-signer’s own paths would collide with, or that clients change',
  (t) => {
    const problemsOf = (path: string): readonly string[] => problems([], { ...parameters, BASE_PATH: path });
    for (const path of ['/v2/tx_sign_request', '/tx_sign_request', '/a/v2/config_change_sign_request/']) {
      t.match(
        problemsOf(path),
        [/^BASE_PATH must be the path of the base URL only: the Co-signer appends/],
        path,
      );
    }
    for (const path of ['/.', '/..', '/a/../b', '/a/./']) {
      t.match(problemsOf(path), [/^BASE_PATH must not contain the segments "\." and "\.\."/], path);
    }
    for (const path of ['/v2', '/health', '/a.b', '/...', '/tx_sign_request/a'])
      t.strictSame(problemsOf(path), []);
    t.end();
  },
);

t.test('rejects a maximum staleness that every pause between two reads would exceed', (t) => {
  const env = { ...parameters, KEY_REFRESH_SECONDS: '10', POLICY_REFRESH_SECONDS: '30' };
  t.strictSame(problems([], { ...env, MAX_STALENESS_SECONDS: '59' }), [
    'MAX_STALENESS_SECONDS must be at least 60: twice the longer of KEY_REFRESH_SECONDS and POLICY_REFRESH_SECONDS',
  ]);
  t.equal(readConfig([], { ...env, MAX_STALENESS_SECONDS: '60' }).maxStalenessMs, 60_000);
  t.end();
});

t.test('rejects a value for --local', (t) => {
  t.strictSame(problems(['--local=yes'], parameters), [
    'unknown argument "--local": the only flag is --local, without a value',
  ]);
  t.end();
});

t.test('reads the policy from a file or a parameter, and rejects both together', (t) => {
  const policyOf = (env: Record<string, string>) => readConfig([], { ...parameters, ...env }).sources;
  t.match(policyOf({ POLICY_FILE: 'mine.yaml' }), { policy: { file: 'mine.yaml' } });
  t.match(policyOf({ POLICY_PARAMETER: '/p/policy' }), { policy: { parameter: '/p/policy' } });
  t.strictSame(problems([], { ...parameters, POLICY_PARAMETER: '/p', POLICY_FILE: 'f' }), [
    'POLICY_PARAMETER is set together with POLICY_FILE: remove one of them',
  ]);
  t.strictSame(problems([], { ...parameters, POLICY_PARAMETER: parameters.CALLBACK_PRIVATE_KEY_PARAMETER }), [
    'POLICY_PARAMETER names the same parameter as CALLBACK_PRIVATE_KEY_PARAMETER',
  ]);
  t.match(problems([], { ...parameters, POLICY_REFRESH_SECONDS: '0' }), [/POLICY_REFRESH_SECONDS must be/]);
  t.end();
});

t.test(
  'with --local, does not create a policy file that the operator specifies, and rejects POLICY_PARAMETER',
  (t) => {
    t.match(readConfig(['--local'], { POLICY_FILE: 'mine.yaml', POLICY_REFRESH_SECONDS: '9' }), {
      sources: { policyFile: 'mine.yaml', createPolicy: false },
      policyRefreshMs: 9000,
    });
    t.strictSame(problems(['--local'], { POLICY_PARAMETER: '/p' }), [
      "POLICY_PARAMETER can't be used in local mode: set POLICY_FILE instead",
    ]);
    t.end();
  },
);
