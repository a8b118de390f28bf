// How the store in DynamoDB takes what goes wrong there: throttled, slow, refused, lost connections, items of others.
import '../helpers/needs-moto.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import t, { type Test } from 'tap';
import { DynamoTable } from '../../src/store/dynamodb.js';
import type { Key, Put } from '../../src/store/table.js';
import { type AwsProxy, awsError, awsProxy, json } from '../helpers/aws-proxy.js';
import { motoStore } from '../helpers/moto-store.js';
import { freePort } from '../helpers/port.js';
import { collect } from './suite.js';

const moto = await motoStore(t);

const KEY: Key = { partition: 'P', sort: 'a' };
const PUT: Put = { type: 'put', ...KEY, data: 'SECRET', seen: 0 };

/** A table behind a proxy, in which a test can make calls fail. */
async function behindProxy(t: Test, timeoutMs = 10_000): Promise<{ proxy: AwsProxy; table: DynamoTable }> {
  const proxy = await awsProxy(t, moto.endpoint);
  const name = await moto.createTable();
  const table = new DynamoTable(name, { createClient: () => moto.client(proxy.endpoint), timeoutMs });
  t.teardown(() => table.close());
  return { proxy, table };
}

/** Replies to the first calls only. */
function firstTimes(proxy: AwsProxy, times: number, code: string, status = 400): void {
  let count = 0;
  proxy.before = (call) => (count++ < times ? awsError(call, code, 'as tested', status) : undefined);
}

function canceled(...reasons: readonly string[]) {
  return json(
    {
      __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException',
      Message: 'Transaction cancelled',
      CancellationReasons: reasons.map((Code) => ({ Code })),
    },
    400,
  );
}

t.test('repeats what is throttled, until the time is over', async (t) => {
  const { proxy, table } = await behindProxy(t, 1000);
  for (const code of [
    'ThrottlingException',
    'ProvisionedThroughputExceededException',
    'RequestLimitExceeded',
  ]) {
    firstTimes(proxy, 2, code);
    t.strictSame(await table.read([KEY]), [undefined], code);
  }
  firstTimes(proxy, 2, 'ThrottlingException');
  t.strictSame(await table.write([PUT]), []);
  firstTimes(proxy, 1, 'ThrottlingException');
  t.equal((await collect(table.query('P'))).length, 1);

  firstTimes(proxy, Infinity, 'ThrottlingException');
  const throttled = { throttled: true, message: /AWS throttles it \(ThrottlingException\)/ };
  await t.rejects(table.read([KEY]), { ...throttled, mayBeWritten: false });
  // The time may end while a request is under way, which may then be written.
  await t.rejects(table.write([{ ...PUT, seen: 1 }]), throttled);
});

t.test('asks again for items that were left out', async (t) => {
  const { proxy, table } = await behindProxy(t);
  const keys = ['a', 'b', 'c'].map((sort) => ({ partition: 'P', sort }));
  await table.write(keys.map((key) => ({ ...PUT, ...key, data: key.sort })));
  proxy.after = ({ body }, reply) => {
    const { RequestItems } = JSON.parse(body) as { RequestItems: Record<string, { Keys: unknown[] }> };
    const [name, { Keys }] = Object.entries(RequestItems)[0] ?? ['', { Keys: [] }];
    if (Keys.length === 1) return undefined;
    const { Responses } = JSON.parse(reply.body) as { Responses: Record<string, unknown[]> };
    return json({
      Responses: { [name]: Responses[name]?.slice(0, 1) },
      UnprocessedKeys: { [name]: { Keys: Keys.slice(1) } },
    });
  };
  t.strictSame(
    (await table.read(keys)).map((item) => item?.data),
    ['a', 'b', 'c'],
  );
  t.equal(proxy.calls.filter(({ action }) => action === 'BatchGetItem').length, 3);
});

t.test('names the places of conflicts, and repeats a transaction that was only throttled', async (t) => {
  const { proxy, table } = await behindProxy(t);
  const writes: Put[] = [PUT, { ...PUT, sort: 'b' }];
  proxy.before = () => canceled('None', 'TransactionConflict');
  t.strictSame(await table.write(writes), [1]);
  proxy.before = () => canceled('ConditionalCheckFailed', 'ThrottlingError');
  t.strictSame(await table.write(writes), [0]);
  let count = 0;
  proxy.before = () => (count++ === 0 ? canceled('None', 'ProvisionedThroughputExceeded') : undefined);
  t.strictSame(await table.write(writes), []);
  proxy.before = () => canceled('None', 'ValidationError');
  await t.rejects(table.write(writes), { mayBeWritten: false, message: /TransactionCanceledException/ });
});

t.test('gives up when the time is over, and says whether it may be written', async (t) => {
  const { proxy, table } = await behindProxy(t, 200);
  proxy.before = () => sleep(1000, undefined, { ref: false });
  const slow = {
    code: 'STORE_FAILED',
    message: /^table .* can't be \w+: no response within 0\.2 s$/,
    throttled: false,
  };
  await t.rejects(table.read([KEY]), { ...slow, mayBeWritten: false });
  await t.rejects(table.write([PUT]), { ...slow, mayBeWritten: true });
  await t.rejects(collect(table.query('P')), slow);
  const started = performance.now();
  await t.rejects(table.write([PUT], { signal: AbortSignal.timeout(50) }), {
    message: /the time for it is over/,
    mayBeWritten: true,
  });
  t.ok(performance.now() - started < 190, 'the signal comes first');
});

t.test('uses another client after one that waits for credentials forever', async (t) => {
  const name = await moto.createTable();
  let created = 0;
  const hanging = (): DynamoDBClient =>
    new DynamoDBClient({
      endpoint: moto.endpoint,
      region: 'eu-central-1',
      credentials: () => new Promise(() => undefined),
    });
  const table = new DynamoTable(name, {
    createClient: () => (created++ === 0 ? hanging() : moto.client()),
    timeoutMs: 500,
  });
  t.teardown(() => table.close());
  await Promise.all([t.rejects(table.read([KEY])), t.rejects(table.read([KEY]))]);
  t.strictSame(await table.read([KEY]), [undefined]);
  t.equal(created, 2);
});

t.test('repeats after a lost connection, with the same token', async (t) => {
  const { proxy, table } = await behindProxy(t);
  let count = 0;
  proxy.before = () => {
    if (count++ === 0) throw new Error('the connection is lost');
    return undefined;
  };
  t.strictSame(await table.write([PUT]), []);
  const tokens = proxy.calls.map(
    ({ body }) => (JSON.parse(body) as { ClientRequestToken: string }).ClientRequestToken,
  );
  t.equal(tokens.length, 2);
  t.equal(tokens[0], tokens[1]);
  t.match(tokens[0], /^[\da-f-]{36}$/);
});

t.test('does not report a conflict with what an earlier attempt may have written', async (t) => {
  const { proxy, table } = await behindProxy(t);
  let count = 0;
  proxy.after = () => {
    if (count++ === 0) throw new Error('the connection is lost');
    return undefined;
  };
  // The emulator ignores the token.
  await t.rejects(table.write([PUT]), { mayBeWritten: true, message: /it is not known what was written/ });
  t.match(await table.read([KEY]), [{ data: 'SECRET', version: 1 }]);
});

t.test('fails soon if there is no connection, and nothing was written', async (t) => {
  const port = await freePort();
  const table = new DynamoTable('none', { createClient: () => moto.client(`http://127.0.0.1:${port}`) });
  t.teardown(() => table.close());
  const started = performance.now();
  await t.rejects(table.write([PUT]), { mayBeWritten: false, message: /no connection \(ECONNREFUSED\)$/ });
  await t.rejects(table.read([KEY]), { message: /^table none can't be read: no connection/ });
  t.ok(performance.now() - started < 2000);
});

t.test('says what to do about errors that do not pass, without repeating them', async (t) => {
  const { proxy, table } = await behindProxy(t);
  const errors: readonly [code: string, status: number, message: RegExp][] = [
    [
      'AccessDeniedException',
      400,
      /AWS denies access \(AccessDeniedException\): grant the task role dynamodb:Batch/,
    ],
    ['UnrecognizedClientException', 400, /AWS does not accept the credentials/],
    [
      'ResourceNotFoundException',
      400,
      /it does not exist \(ResourceNotFoundException\): check its name and AWS_REGION/,
    ],
    ['ValidationException', 400, /ValidationException: as tested/],
  ];
  for (const [code, status, message] of errors) {
    firstTimes(proxy, Infinity, code, status);
    proxy.calls.length = 0;
    await t.rejects(table.write([PUT]), { mayBeWritten: false, throttled: false, message }, code);
    t.equal(proxy.calls.length, 1, code);
  }
  await t.rejects(table.read([KEY]), { message: /ValidationException/ });
});

t.test('an error of AWS itself may have been written', async (t) => {
  const { proxy, table } = await behindProxy(t);
  firstTimes(proxy, Infinity, 'InternalServerError', 500);
  await t.rejects(table.write([PUT]), { mayBeWritten: true, message: /InternalServerError/ });
  t.equal(proxy.calls.length, 3);
  proxy.before = () => ({ status: 200, body: '<html>SECRET</html>' });
  const failed = await table
    .write([PUT])
    .catch((error: unknown) => error as Error & { mayBeWritten: boolean });
  t.match(failed, { mayBeWritten: true, message: /not in AWS's format: check AWS_ENDPOINT_URL and proxies/ });
  t.notMatch((failed as Error).message, /SECRET/);
});

t.test('takes items that other systems have written', async (t) => {
  const name = await moto.createTable();
  const table = new DynamoTable(name, { createClient: () => moto.client() });
  t.teardown(() => table.close());
  const client = moto.client();
  t.teardown(() => client.destroy());
  const put = (Item: PutItemCommand['input']['Item']): Promise<unknown> =>
    client.send(new PutItemCommand({ TableName: name, Item: { pk: { S: 'P' }, sk: { S: 'a' }, ...Item } }));

  await put({ data: { S: '{}' }, other: { S: 'x' } });
  t.strictSame(await table.read([KEY]), [{ ...KEY, data: '{}', version: 1 }], 'a version of 1');
  t.strictSame(await table.write([{ type: 'check', ...KEY, seen: 1 }]), []);
  t.strictSame(await table.write([{ type: 'check', ...KEY, seen: 0 }]), [0]);
  t.strictSame(await table.write([{ type: 'check', partition: 'P', sort: 'none', seen: 1 }]), [0]);
  t.strictSame(await table.write([{ ...PUT, seen: 1 }]), []);
  t.match(await table.read([KEY]), [{ version: 2 }]);

  await put({ data: { N: '1' } });
  t.match(await table.read([KEY]), [{ data: '' }], 'no text');
  await put({ data: { S: '{}' }, expires: { S: '2099-01-01' } });
  t.strictSame(await table.read([KEY]), [undefined], 'an expiry that is not a number');
});
