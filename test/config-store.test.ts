import t from 'tap';
import { ConfigError, readConfig } from '../src/config.js';
import type { StoreConfig } from '../src/store/open.js';

const parameters = {
  CALLBACK_PRIVATE_KEY_PARAMETER: '/fireblocks/dev/jwt/callback-private-key',
  COSIGNER_PUBLIC_KEY_PARAMETER: '/fireblocks/dev/jwt/cosigner-public-key',
};

function storeOf(env: Record<string, string>, args: string[] = []): StoreConfig | undefined {
  return readConfig(args, { ...parameters, ...env }).store;
}

function problemsOf(env: Record<string, string>, args: string[] = []): readonly string[] {
  try {
    storeOf(env, args);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

t.test('remembers nothing without a store, except in local mode', (t) => {
  t.equal(storeOf({}), undefined);
  t.equal(storeOf({ STORE_RETENTION_DAYS: '10' }), undefined);
  t.strictSame(storeOf({}, ['--local']), { path: '.local/store', retentionDays: 400 });
  t.end();
});

t.test('reads where decisions are remembered, and for how long', (t) => {
  t.strictSame(storeOf({ STORE_TABLE: 'prod.callback_handler-1' }), {
    table: 'prod.callback_handler-1',
    archive: undefined,
    retentionDays: 400,
  });
  t.strictSame(storeOf({ STORE_PATH: '/data/store', STORE_RETENTION_DAYS: '30' }), {
    path: '/data/store',
    retentionDays: 30,
  });
  t.strictSame(storeOf({ STORE_PATH: 'here' }, ['--local']), { path: 'here', retentionDays: 400 });
  t.strictSame(storeOf({ STORE_TABLE: '', STORE_PATH: '' }), undefined, 'empty variables are not set');
  t.end();
});

t.test('takes an archive with or without a prefix', (t) => {
  const archiveOf = (url: string): unknown => {
    const store = storeOf({ STORE_TABLE: 'table', STORE_ARCHIVE: url });
    return store !== undefined && 'table' in store ? store.archive : undefined;
  };
  t.strictSame(archiveOf('s3://my-bucket'), { bucket: 'my-bucket', prefix: '' });
  t.strictSame(archiveOf('s3://my-bucket/'), { bucket: 'my-bucket', prefix: '' });
  t.strictSame(archiveOf('s3://my-bucket/a/b'), { bucket: 'my-bucket', prefix: 'a/b/' });
  t.strictSame(archiveOf('s3://my-bucket/a/'), { bucket: 'my-bucket', prefix: 'a/' });
  for (const wrong of [
    'my-bucket',
    's3://',
    's3:///a',
    's3://My_Bucket',
    's3://my-bucket/a b',
    'https://a/b',
  ]) {
    t.match(
      problemsOf({ STORE_TABLE: 'table', STORE_ARCHIVE: wrong }),
      [/^STORE_ARCHIVE must be a place in S3/],
      wrong,
    );
  }
  t.end();
});

t.test('refuses what does not fit together', (t) => {
  t.strictSame(problemsOf({ STORE_TABLE: 'table', STORE_PATH: '/data' }), [
    'STORE_PATH is set together with STORE_TABLE: remove one of them',
  ]);
  t.strictSame(problemsOf({ STORE_ARCHIVE: 's3://my-bucket' }), [
    'STORE_ARCHIVE is set without STORE_TABLE: set both, or remove it',
  ]);
  t.strictSame(problemsOf({ STORE_TABLE: 'a b', STORE_RETENTION_DAYS: '0', PORT: 'x' }), [
    'PORT must be a whole number from 0 to 65535',
    'STORE_RETENTION_DAYS must be a whole number from 1 to 36500',
    'STORE_TABLE is not the name of a DynamoDB table: use 3 to 255 letters, digits and _ . -',
  ]);
  t.end();
});

t.test('refuses a directory where the disk does not last', (t) => {
  const hosts = {
    ECS_CONTAINER_METADATA_URI_V4: 'http://169.254.170.2/v4/x',
    AWS_LAMBDA_FUNCTION_NAME: 'handler',
    AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE',
  };
  for (const [name, value] of Object.entries(hosts)) {
    t.match(
      problemsOf({ [name]: value, STORE_PATH: '/data' }),
      [/^STORE_PATH can't be used here: .* Set STORE_TABLE/],
      name,
    );
    t.strictSame(problemsOf({ [name]: value, STORE_TABLE: 'table' }), []);
  }
  t.strictSame(problemsOf({ AWS_EXECUTION_ENV: 'CloudShell', STORE_PATH: '/data' }), []);
  t.end();
});

t.test('uses no AWS in local mode', (t) => {
  t.match(problemsOf({ STORE_TABLE: 'table', STORE_ARCHIVE: 's3://my-bucket' }, ['--local']), [
    /^STORE_TABLE can't be used in local mode, .* STORE_PATH/,
    /^STORE_ARCHIVE can't be used in local mode/,
  ]);
  t.end();
});
