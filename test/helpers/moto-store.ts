// DynamoDB and S3 emulated by moto in one thread: with its usual threads, conditional transactions are not isolated, and
// more of them succeed than may.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Test } from 'tap';
import type { CosignerKeys } from '../../cli/cosigner/client.js';
import { keysIn } from '../../cli/cosigner/keys.js';
import { createTable } from '../../cli/store/table.js';
import { createMissingKeys, KEY_FILES } from '../../src/keys/directory.js';
import { PARAMETERS, putParameter, waitUntilStarted } from './moto.js';
import { freePort } from './port.js';
import type { Scope } from './scope.js';

const PROGRAM = `
import sys
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple
run_simple("127.0.0.1", int(sys.argv[1]), DomainDispatcherApplication(create_backend_app), threaded=False)
`;

const REGION = 'eu-central-1';

/** What a service needs in production, on one emulator: its keys in SSM, and a table. */
export interface StoreWorld {
  readonly moto: MotoStore;
  readonly cwd: string;
  readonly keys: CosignerKeys;
  /** Environment variables of the service. */
  readonly env: Readonly<Record<string, string>> & { readonly STORE_TABLE: string };
}

/** @param policy YAML */
export async function storeWorld(t: Test, policy: string): Promise<StoreWorld> {
  const cwd = t.testdir({ 'policy.yaml': policy, keys: {} });
  const directory = join(cwd, 'keys');
  await createMissingKeys(directory);
  const moto = await motoStore(t);
  for (const [name, file] of [
    ['callback', KEY_FILES.callbackPrivate],
    ['cosigner', KEY_FILES.cosignerPublic],
  ] as const) {
    await putParameter(moto.endpoint, PARAMETERS[name], readFileSync(join(directory, file), 'utf8'));
  }
  const env = {
    ...moto.env,
    CALLBACK_PRIVATE_KEY_PARAMETER: PARAMETERS.callback,
    COSIGNER_PUBLIC_KEY_PARAMETER: PARAMETERS.cosigner,
    POLICY_FILE: join(cwd, 'policy.yaml'),
    STORE_TABLE: await moto.createTable(),
  };
  return { moto, cwd, keys: keysIn(directory), env };
}

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
