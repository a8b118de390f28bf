// AWS emulated by moto_server, each server on its own port.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import {
  DeleteParameterCommand,
  type ParameterType,
  PutParameterCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import type { Scope } from './scope.js';
import { freePort } from './port.js';
import { until } from './process.js';

export const PARAMETERS = {
  callback: '/fireblocks/test/jwt/callback-private-key',
  cosigner: '/fireblocks/test/jwt/cosigner-public-key',
  policy: '/fireblocks/test/policy',
  stop: '/fireblocks/test/policy-stop',
  candidate: '/fireblocks/test/policy-candidate',
};

/** The initial production policy. */
const SHIPPED_POLICY = fileURLToPath(new URL('../../policy.yaml', import.meta.url));

const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

export interface Moto {
  readonly endpoint: string;
  /** Environment variables for a handler that reads its keys from this server. */
  readonly env: Readonly<Record<string, string>>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Deletes everything that is stored. */
  reset(): Promise<void>;
  /** Stores a parameter in SSM. @param type default SecureString */
  put(name: keyof typeof PARAMETERS, value: string, type?: ParameterType): Promise<void>;
  remove(name: keyof typeof PARAMETERS): Promise<void>;
}

/** @param options.started false: `start()` is called later, and nothing listens on the port until then */
export async function motoServer(t: Scope, { started = true } = {}): Promise<Moto> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const ssm = ssmClient(endpoint);
  let server: ChildProcess | undefined;

  const moto: Moto = {
    endpoint,
    env: {
      ...CREDENTIALS,
      AWS_REGION: 'eu-central-1',
      AWS_ENDPOINT_URL: endpoint,
      CALLBACK_PRIVATE_KEY_PARAMETER: PARAMETERS.callback,
      COSIGNER_PUBLIC_KEY_PARAMETER: PARAMETERS.cosigner,
      POLICY_FILE: SHIPPED_POLICY,
    },
    async start() {
      server = await spawnServer(port);
      await waitUntilStarted(endpoint);
    },
    async stop() {
      if (server === undefined) return;
      const exited = once(server, 'exit');
      server.kill('SIGKILL');
      await exited;
      server = undefined;
    },
    async reset() {
      await fetch(`${endpoint}/moto-api/reset`, { method: 'POST' });
    },
    put: (name, value, type) => putParameter(endpoint, PARAMETERS[name], value, type),
    async remove(name) {
      await ssm.send(new DeleteParameterCommand({ Name: PARAMETERS[name] }));
    },
  };
  t.teardown(() => moto.stop());
  if (started) await moto.start();
  return moto;
}

/** Stores a parameter in the SSM of any server. */
export async function putParameter(
  endpoint: string,
  name: string,
  value: string,
  type: ParameterType = 'SecureString',
): Promise<void> {
  await ssmClient(endpoint).send(
    new PutParameterCommand({ Name: name, Value: value, Type: type, Overwrite: true }),
  );
}

function ssmClient(endpoint: string): SSMClient {
  return new SSMClient({
    endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
}

async function spawnServer(port: number): Promise<ChildProcess> {
  const child = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  await once(child, 'spawn').catch(() => {
    throw new Error("moto_server is not installed: pip install 'moto[server]'");
  });
  return child;
}

/** Waits until a server responds. @throws {Error} if it does not within 30 s */
export async function waitUntilStarted(endpoint: string): Promise<void> {
  const isReady = (): Promise<true | undefined> =>
    fetch(`${endpoint}/moto-api/`).then(
      () => true,
      () => undefined,
    );
  if ((await until(isReady, 30_000)) === undefined) throw new Error('moto_server did not start within 30 s');
}
