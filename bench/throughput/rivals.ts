// What is measured side by side: this handler as it is built and shipped, and the reference, with the same keys.
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LOCAL_KEY_DIRECTORY } from '../../src/config.js';
import type { CosignerKeys } from '../../cli/cosigner/client.js';
import { keysIn } from '../../cli/cosigner/keys.js';
import { type Payload, samplePayload, signToken } from '../../cli/cosigner/request.js';
import { KEY_FILES, createMissingKeys } from '../../src/keys/directory.js';
import { type Pair, rsaPair } from '../../test/helpers/keys.js';
import { healthy } from '../../test/helpers/measure.js';
import { freePort } from '../../test/helpers/port.js';
import { BUILT } from '../../test/helpers/process.js';

export interface Rival {
  readonly name: string;
  readonly url: string;
  readonly keys: CosignerKeys;
  /** Tokens to send, one a line. */
  readonly tokenFile: string;
  /** Node.js, and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** Where, and with what environment. */
  readonly place: { readonly cwd: string; readonly env: NodeJS.ProcessEnv };
  readonly start: () => ChildProcess;
}

export interface Running extends Rival {
  readonly child: ChildProcess;
}

const REFERENCE = fileURLToPath(new URL('reference.js', import.meta.url));
const SHIPPED_POLICY = fileURLToPath(new URL('../../policy.yaml', import.meta.url));

export interface Variation {
  /** Text of the policy. @default the one that production starts with */
  readonly policy?: string;
  /** Co-signers, each with a key of its own, that send in turn. @default 1 */
  readonly cosigners?: number;
  /** What is sent. @default the published transaction */
  readonly payload?: () => Payload;
  readonly tokens?: number;
}

const TOKENS = 200;

/** @param directory that gets a directory for each rival */
export function rivals(directory: string) {
  /** This handler, its log read by another process. */
  const handler = async (name: string, variation: Variation = {}): Promise<Rival> => {
    const place = join(directory, name);
    const keyDirectory = join(place, LOCAL_KEY_DIRECTORY);
    const { keys, tokenFile } = await prepare(keyDirectory, variation);
    const policyFile = join(place, 'policy.yaml');
    if (variation.policy === undefined) copyFileSync(SHIPPED_POLICY, policyFile);
    else writeFileSync(policyFile, variation.policy);
    const port = await freePort();
    const env = { ...process.env, PORT: String(port), POLICY_FILE: policyFile };
    const command = [process.execPath, BUILT, '--local'] as const;
    const start = (): ChildProcess => {
      const child = spawn(command[0], command.slice(1), {
        ...{ cwd: place, env },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      spawn('cat', { stdio: [child.stdout, 'ignore', 'ignore'] });
      return child;
    };
    const url = `http://127.0.0.1:${port}`;
    return { name, url, keys, tokenFile, command: [...command], place: { cwd: place, env }, start };
  };

  const reference = async (name: string, variation: Variation = {}): Promise<Rival> => {
    const keyDirectory = join(directory, name);
    const { keys, tokenFile } = await prepare(keyDirectory, variation);
    const port = await freePort();
    const env = { ...process.env, NODE_ENV: 'production' };
    const command = [process.execPath, REFERENCE, keyDirectory, String(port)] as const;
    const place = { cwd: keyDirectory, env };
    const start = (): ChildProcess => spawn(command[0], command.slice(1), { ...place, stdio: 'ignore' });
    const url = `http://127.0.0.1:${port}`;
    return { name, url, keys, tokenFile, command: [...command], place, start };
  };

  return { handler, reference };
}

export async function run(rival: Rival): Promise<Running> {
  const child = rival.start();
  await healthy(child, rival.url);
  return { ...rival, child };
}

/** Keys, and tokens signed by each Co-signer in turn. */
async function prepare(
  keyDirectory: string,
  { cosigners = 1, payload = () => samplePayload('transaction'), tokens = TOKENS }: Variation,
) {
  mkdirSync(keyDirectory, { recursive: true });
  await createMissingKeys(keyDirectory);
  const keys = keysIn(keyDirectory);
  const more: Pair[] = Array.from({ length: cosigners - 1 }, () => rsaPair());
  for (const { publicPem } of more) appendFileSync(join(keyDirectory, KEY_FILES.cosignerPublic), publicPem);
  const signers = [keys.privateKey, ...more.map(({ privateKey }) => privateKey)];
  const tokenFile = join(keyDirectory, 'tokens');
  const lines = Array.from({ length: tokens }, (_, index) =>
    signToken(payload(), signers[index % signers.length] ?? keys.privateKey),
  );
  writeFileSync(tokenFile, lines.join('\n'));
  return { keys, tokenFile };
}
