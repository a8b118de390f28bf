// The handlers to compare: this one, as built and shipped, and the reference handler.
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { LOCAL_KEY_DIRECTORY } from '../../src/config.js';
import type { CosignerKeys } from '../../cli/cosigner/client.js';
import { keysIn } from '../../cli/cosigner/keys.js';
import { type Payload, samplePayload, signToken } from '../../cli/cosigner/request.js';
import { KEY_FILES, createMissingKeys } from '../../src/keys/directory.js';
import type { AnswerAlgorithm } from '../../src/protocol/key.js';
import { p256Pair, type Pair, rsaPair } from '../../test/helpers/keys.js';
import { freePort } from '../../test/helpers/port.js';
import { BUILT } from '../../test/helpers/process.js';
import { kill, waitUntilHealthy } from '../measure.js';

export interface Target {
  readonly name: string;
  readonly url: string;
  readonly keys: CosignerKeys;
  /** Signed tokens to send, one per line. */
  readonly tokenFile: string;
  readonly start: () => ChildProcess;
}

export interface RunningTarget extends Target {
  readonly child: ChildProcess;
}

export interface Variation {
  /** The policy in YAML. @default the initial production policy */
  readonly policy?: string;
  /** Number of Co-signers that take turns sending, each with its own key. @default 1 */
  readonly cosigners?: number;
  /** Creates the payload to send. @default the published transaction */
  readonly payload?: () => Payload;
  /** The algorithm of the answers. @default RS256 */
  readonly algorithm?: AnswerAlgorithm;
  /** Number of different tokens. @default 200 */
  readonly tokens?: number;
  /** Options for Node.js itself. */
  readonly nodeOptions?: readonly string[];
  /** false: the variables name the parameters of keys and policy, as in production. @default true */
  readonly isLocal?: boolean;
  /** Further environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Receives the log lines that contain a text. */
  readonly watch?: { readonly text: string; readonly onLine: (line: string) => void };
  /** Opens a channel to the process, for `process.send()`. */
  readonly onMessage?: (message: unknown) => void;
}

export interface Targets {
  readonly createHandler: (name: string, variation?: Variation) => Promise<Target>;
  readonly createReference: (name: string) => Promise<Target>;
  /** What Node.js itself can do: node:http and node:crypto, without policy, log and checks. */
  readonly createBare: (name: string, algorithm: AnswerAlgorithm) => Promise<Target>;
}

const BARE = fileURLToPath(new URL('bare.js', import.meta.url));
const REFERENCE = fileURLToPath(new URL('reference.js', import.meta.url));
const SHIPPED_POLICY = fileURLToPath(new URL('../../policy.yaml', import.meta.url));
const TOKENS = 200;
/**
 * The environment that the image sets (see Dockerfile), and no store: the targets get the same requests again and again,
 * which a store answers by what is stored. `npm run bench -- store` measures the store.
 */
const ENV = { MALLOC_ARENA_MAX: '1', STORE_PATH: 'off', CONSOLE_PORT: 'off' };

/** @param directory where each target gets its own directory */
export function createTargets(directory: string): Targets {
  return {
    async createHandler(name, variation = {}) {
      const cwd = join(directory, name);
      const { keys, tokenFile } = await prepareKeys(join(cwd, LOCAL_KEY_DIRECTORY), variation);
      const policyFile = join(cwd, 'policy.yaml');
      if (variation.policy === undefined) copyFileSync(SHIPPED_POLICY, policyFile);
      else writeFileSync(policyFile, variation.policy);
      const port = await freePort();
      const env = {
        ...{ ...process.env, ...ENV, PORT: String(port), POLICY_FILE: policyFile },
        ...variation.env,
      };
      const start = (): ChildProcess => startHandler(cwd, env, variation);
      const scheme = variation.env?.['TLS'] === undefined ? 'http' : 'https';
      return { name, url: `${scheme}://127.0.0.1:${port}`, keys, tokenFile, start };
    },

    createReference: (name) => createScript(REFERENCE, join(directory, name), name, {}),
    createBare: (name, algorithm) => createScript(BARE, join(directory, name), name, { algorithm }),
  };
}

/** A handler in one file, which is started with the directory of its keys and the port. */
async function createScript(file: string, cwd: string, name: string, variation: Variation): Promise<Target> {
  const { keys, tokenFile } = await prepareKeys(cwd, variation);
  const port = await freePort();
  const env = { ...process.env, NODE_ENV: 'production' };
  const start = (): ChildProcess =>
    spawn(process.execPath, [file, cwd, String(port)], { cwd, env, stdio: 'ignore' });
  return { name, url: `http://127.0.0.1:${port}`, keys, tokenFile, start };
}

/** Starts a handler whose log is read by another process, as in production. */
function startHandler(
  cwd: string,
  env: NodeJS.ProcessEnv,
  { nodeOptions = [], isLocal = true, watch, onMessage }: Variation,
): ChildProcess {
  const child = spawn(process.execPath, [...nodeOptions, BUILT, ...(isLocal ? ['--local'] : [])], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'ignore', ...(onMessage === undefined ? [] : (['ipc'] as const))],
  });
  const [reader, args, output] =
    watch === undefined
      ? (['cat', [], 'ignore'] as const)
      : (['grep', ['--line-buffered', '--fixed-strings', watch.text], 'pipe'] as const);
  const { stdout } = spawn(reader, args, { stdio: [child.stdout, output, 'ignore'] });
  if (stdout !== null && watch !== undefined) createInterface({ input: stdout }).on('line', watch.onLine);
  if (onMessage !== undefined) child.on('message', onMessage);
  return child;
}

/** Starts the targets, measures them, and always kills them afterwards. */
export async function withRunning<Result>(
  targets: readonly Target[],
  measure: (running: readonly RunningTarget[]) => Promise<Result>,
): Promise<Result> {
  const running = targets.map((target) => ({ ...target, child: target.start() }));
  try {
    await Promise.all(running.map(({ child, url }) => waitUntilHealthy(child, url)));
    return await measure(running);
  } finally {
    await Promise.all(running.map(({ child }) => kill(child)));
  }
}

/** Creates the keys, and tokens that the Co-signers sign in turn. */
async function prepareKeys(
  directory: string,
  { cosigners = 1, payload = () => samplePayload('transaction'), tokens = TOKENS, algorithm }: Variation,
): Promise<{ keys: CosignerKeys; tokenFile: string }> {
  mkdirSync(directory, { recursive: true });
  if (algorithm === 'ES256') {
    const { privatePem, publicPem } = p256Pair();
    writeFileSync(join(directory, KEY_FILES.callbackPrivate), privatePem);
    writeFileSync(join(directory, KEY_FILES.callbackPublic), publicPem);
  }
  await createMissingKeys(directory);
  const keys = keysIn(directory);
  const further: Pair[] = Array.from({ length: cosigners - 1 }, () => rsaPair());
  for (const { publicPem } of further) appendFileSync(join(directory, KEY_FILES.cosignerPublic), publicPem);
  const signers = [keys.privateKey, ...further.map(({ privateKey }) => privateKey)];
  const tokenFile = join(directory, 'tokens');
  const lines = Array.from({ length: tokens }, (_, index) =>
    signToken(payload(), signers[index % signers.length] ?? keys.privateKey),
  );
  writeFileSync(tokenFile, lines.join('\n'));
  return { keys, tokenFile };
}
