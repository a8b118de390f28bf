// Tests SSM errors, which a server in the test simulates because no emulator can be made to throttle or fail.
// Successful reads are tested with an emulator in test/system.
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { SSMClient } from '@aws-sdk/client-ssm';
import t, { type Test } from 'tap';
import { parameterReader } from '../../src/sources/ssm.js';
import { until } from '../helpers/process.js';

const names = ['/p/callback', '/p/cosigner'] as const;

function reading(client: SSMClient) {
  const read = parameterReader(client);
  return () => read(names);
}

async function sourceAnswering(t: Test, status: number, body: object | string, seen: string[] = []) {
  return reading(clientFor(await endpointAnswering(t, status, body, seen)));
}

/** Returns the URL of a server that responds like this. */
async function endpointAnswering(t: Test, status: number, body: object | string, seen: string[] = []) {
  const server = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (chunk: string) => seen.push(chunk));
    request.on('end', () => {
      response
        .writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
        .end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

function clientFor(endpoint: string): SSMClient {
  return new SSMClient({
    endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
}

t.test('reads both parameters, decrypted, in one call', async (t) => {
  const seen: string[] = [];
  const source = await sourceAnswering(t, 200, { Parameters: [{ Name: '/p/callback', Value: 'x' }] }, seen);
  t.strictSame(await source(), [
    { name: '/p/callback', value: 'x' },
    { name: '/p/cosigner', value: undefined },
  ]);
  t.strictSame(JSON.parse(seen.join('')), { Names: ['/p/callback', '/p/cosigner'], WithDecryption: true });
});

const errors = [
  ['AccessDeniedException', 400, false, /denies access to \/p\/callback and \/p\/cosigner.*kms:Decrypt/],
  ['UnrecognizedClientException', 400, false, /does not accept the credentials/],
  ['ExpiredTokenException', 400, false, /does not accept the credentials/],
  ['ValidationException', 400, false, /can't be read/],
  ['ThrottlingException', 400, true, /can't be read/],
  ['InternalServerError', 500, true, /can't be read/],
] as const;

for (const [type, status, transient, message] of errors) {
  t.test(`reports ${type} as ${transient ? 'transient' : 'permanent'}, with the next step`, async (t) => {
    const source = await sourceAnswering(t, status, { __type: type, message: 'message of AWS' });
    await t.rejects(source(), { name: 'SourceError', transient, message });
  });
}

t.test('reports a 403 that is not in SSM’s format as an access-denied error', async (t) => {
  const source = await sourceAnswering(t, 403, '<xml>');
  await t.rejects(source(), { transient: false, message: /denies access/ });
});

t.test('reports an unreachable endpoint as transient', async (t) => {
  await t.rejects(reading(clientFor('http://127.0.0.1:1'))(), {
    name: 'SourceError',
    transient: true,
  });
});

t.test('does not quote a response that can’t be parsed', async (t) => {
  const source = await sourceAnswering(t, 200, '-----BEGIN PRIVATE KEY-----');
  await t.rejects(source(), { message: /can't be read/ });
  const error: unknown = await source().catch((reason: unknown) => reason);
  t.notMatch(String(error), /BEGIN/);
});

t.test('reports missing credentials and an endpoint that is not a URL', async (t) => {
  const withoutCredentials = new SSMClient({
    region: 'eu-central-1',
    credentials: () => Promise.reject(Object.assign(new Error('none'), { name: 'CredentialsProviderError' })),
  });
  await t.rejects(reading(withoutCredentials)(), {
    transient: true,
    message: /no AWS credentials were found/,
  });
  await t.rejects(reading(clientFor('nonsense'))(), {
    transient: false,
    message: /check AWS_ENDPOINT_URL/,
  });
});

t.test('reports a missing region', async (t) => {
  const client = new SSMClient({
    region: () => Promise.reject<string>(new Error('Region is missing')),
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  await t.rejects(reading(client)(), { transient: false, message: /set AWS_REGION/ });
});

t.test('ends a read whose connection hangs, and continues with a new client', async (t) => {
  // Accepts connections, and never responds.
  const silent = createTcpServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const connections = new Set<Socket>();
  silent.on('connection', (socket) => {
    connections.add(socket.on('close', () => connections.delete(socket)));
  });
  t.teardown(() => silent.close());

  const healthy = await endpointAnswering(t, 200, { Parameters: [{ Name: '/p/callback', Value: 'x' }] });
  const read = parameterReader(clientFor(`http://127.0.0.1:${port}`), {
    createClient: () => clientFor(healthy),
    timeoutMs: 200,
  });
  await t.rejects(read(names), {
    name: 'SourceError',
    transient: true,
    message: "/p/callback and /p/cosigner can't be read from SSM: no response within 0.2 s",
  });
  t.equal((await read(names))[0].value, 'x');
  await until(() => (connections.size === 0 ? true : undefined), 2000);
});

t.test('ends reads that wait for credentials forever, and continues with one new client', async (t) => {
  const endpoint = await endpointAnswering(t, 200, { Parameters: [{ Name: '/p/callback', Value: 'x' }] });
  const region = 'eu-central-1';
  const stuck = new SSMClient({ endpoint, region, credentials: () => new Promise(() => undefined) });
  let created = 0;
  const createClient = () => {
    created++;
    return clientFor(endpoint);
  };
  const read = parameterReader(stuck, { createClient, timeoutMs: 100 });
  const failed = { name: 'SourceError', transient: true, message: /no response within 0\.1 s/ };
  await Promise.all([t.rejects(read(names), failed), t.rejects(read(['/p/policy']), failed)]);
  t.equal((await read(names))[0].value, 'x');
  t.equal(created, 1);
});
