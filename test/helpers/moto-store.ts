// DynamoDB and S3 emulated by moto in one thread: with its usual threads, conditional transactions are not isolated, and
// more of them succeed than may.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createTable } from '../../cli/store/table.js';
import { freePort } from './port.js';
import { until } from './process.js';
import type { Scope } from './scope.js';

const PROGRAM = `
import sys
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple
run_simple("127.0.0.1", int(sys.argv[1]), DomainDispatcherApplication(create_backend_app), threaded=False)
`;

const REGION = 'eu-central-1';

export interface MotoStore {
  readonly endpoint: string;
  /** Environment variables for a process that uses this store, without STORE_TABLE. */
  readonly env: Readonly<Record<string, string>>;
  /** Creates a table. @returns its name */
  createTable(name?: string): Promise<string>;
  /** A client for this server. @param endpoint that of a proxy in front of it */
  client(endpoint?: string): DynamoDBClient;
  start(): Promise<void>;
  /** Ends it at once. What was stored is lost. */
  stop(): Promise<void>;
}

let created = 0;

export async function motoStore(t: Scope): Promise<MotoStore> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  let server: ChildProcess | undefined;
  const moto: MotoStore = {
    endpoint,
    env: {
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: REGION,
      AWS_ENDPOINT_URL: endpoint,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    async createTable(name = `store-${++created}`) {
      const client = moto.client();
      await createTable(client, name);
      client.destroy();
      return name;
    },
    client: (at = endpoint) =>
      new DynamoDBClient({
        endpoint: at,
        region: REGION,
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
        maxAttempts: 1,
      }),
    async start() {
      server = spawn('python3', ['-c', PROGRAM, String(port)], { stdio: 'ignore' });
      await once(server, 'spawn').catch(() => {
        throw new Error("python3 with moto is not installed: pip install 'moto[server]'");
      });
      await waitUntilStarted(endpoint);
    },
    async stop() {
      if (server === undefined) return;
      const exited = once(server, 'exit');
      server.kill('SIGKILL');
      await exited;
      server = undefined;
    },
  };
  t.teardown(() => moto.stop());
  await moto.start();
  return moto;
}

async function waitUntilStarted(endpoint: string): Promise<void> {
  const isReady = (): Promise<true | undefined> =>
    fetch(`${endpoint}/moto-api/`).then(
      () => true,
      () => undefined,
    );
  if ((await until(isReady, 30_000)) === undefined) throw new Error('moto did not start within 30 s');
}
