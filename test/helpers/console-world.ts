// The built handler and its console, on both stores, and requests that a policy holds for people.
import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Interface, keccak256, parseUnits, Transaction } from 'ethers';
import type { Test } from 'tap';
import { createCosigner, type Cosigner, type CosignerKeys } from '../../cli/cosigner/client.js';
import { keysIn } from '../../cli/cosigner/keys.js';
import type { Payload } from '../../cli/cosigner/request.js';
import { LOCAL_KEY_DIRECTORY } from '../../src/config.js';
import { createMissingKeys } from '../../src/keys/directory.js';
import type { Answer } from '../../src/protocol/decision.js';
import { storeWorld } from './moto-store.js';
import { ROOT } from './paths.js';
import { freePort } from './port.js';
import { type Handler, handlerOf, startHandler } from './process.js';

/** The console's own process, as built. */
const CONSOLE = join(ROOT, 'dist/console.js');

export interface ConsoleWorld {
  /** Of the console. */
  readonly origin: string;
  /** Base URL of the handler. */
  readonly url: string;
  /** Logs `person_decided` and the like. */
  readonly console: Handler;
  readonly handler: Handler;
  /** Asks as the Co-signer does. @returns its verified answer */
  ask(payload: Payload, kind?: 'transaction' | 'configuration'): Promise<Answer>;
  /** Changes the policy, and waits until handler and console have it. */
  setPolicy(yaml: string): Promise<void>;
}

export const CONSOLE_WORLDS: Readonly<Record<string, (t: Test, policy: string) => Promise<ConsoleWorld>>> = {
  async embedded(t, policy) {
    const cwd = t.testdir({ '.local': { 'policy.yaml': policy } });
    await createMissingKeys(join(cwd, LOCAL_KEY_DIRECTORY));
    const port = await freePort();
    const env = { CONSOLE_PORT: String(port), POLICY_REFRESH_SECONDS: '1' };
    const handler = startHandler(t, { args: ['--local'], cwd, env, built: true });
    await handler.line({ event: 'console_listening' }, 60_000);
    return worldOf(t, {
      ...{ handler, console: handler, origin: `http://localhost:${port}` },
      ...{ keys: keysIn(join(cwd, LOCAL_KEY_DIRECTORY)), policyFile: join(cwd, '.local/policy.yaml') },
    });
  },
  async DynamoDB(t, policy) {
    const { cwd, keys, env: base } = await storeWorld(t, policy);
    const port = String(await freePort());
    const origin = `http://localhost:${port}`;
    const env = { ...base, CONSOLE_ORIGIN: origin, POLICY_REFRESH_SECONDS: '1' };
    const handler = startHandler(t, { cwd, env, built: true });
    // It never reads keys.
    const ownEnv = Object.entries(env).filter(([name]) => !/^(CALLBACK|COSIGNER)_/.test(name));
    const child = spawn(process.execPath, [CONSOLE], {
      ...{ cwd, stdio: ['ignore', 'pipe', 'pipe'] },
      env: { ...process.env, ...Object.fromEntries(ownEnv), HOST: '127.0.0.1', CONSOLE_PORT: port },
    });
    const console = handlerOf(t, child);
    await Promise.all([handler.listening(60_000), console.line({ event: 'console_listening' }, 60_000)]);
    return worldOf(t, { handler, console, origin, keys, policyFile: join(cwd, 'policy.yaml') });
  },
};

interface Parts {
  readonly handler: Handler;
  readonly console: Handler;
  readonly origin: string;
  readonly keys: CosignerKeys;
  readonly policyFile: string;
}

async function worldOf(
  t: Test,
  { handler, console, origin, keys, policyFile }: Parts,
): Promise<ConsoleWorld> {
  const url = await handler.listening(60_000);
  const client: Cosigner = createCosigner({ url, keys });
  t.teardown(() => client.close());
  return {
    ...{ origin, url, console, handler },
    async ask(payload, kind = 'transaction') {
      const { answer, problem, status } = await client.send(kind, payload);
      if (answer === undefined) throw new Error(`no answer: ${status} ${problem}`);
      return answer;
    },
    async setPolicy(yaml) {
      writeFileSync(policyFile, yaml);
      const after = createHash('sha256').update(yaml).digest('hex');
      await Promise.all(
        [handler, console].map((each) => each.line({ event: 'policy_loaded', after }, 60_000)),
      );
    },
  };
}

const USDC = '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48';
export const PAYEE = '0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8';
const ERC20 = new Interface(['function transfer(address to, uint256 amount)']);

/** An approval of a transfer of USDC. */
export function transferOf(amount: string, more: Payload = {}): Payload {
  const id = randomUUID();
  return {
    ...{ requestId: id, txId: id, operation: 'TRANSFER', asset: 'USDC', amountStr: amount },
    ...{ requestedAmountStr: amount, sourceType: 'VAULT', sourceId: '0', signerId: 'signer-1' },
    ...{ destType: 'EXTERNAL_WALLET', destId: 'w-7', destAddressType: 'WHITELISTED', destAddress: PAYEE },
    note: 'Invoice 2026-118',
    destinations: [
      {
        ...{
          amountNativeStr: amount,
          amountUSD: Number(amount),
          dstAddressType: 'WHITELISTED',
          dstId: 'w-7',
        },
        ...{ dstName: 'ACME GmbH', dstType: 'EXTERNAL_WALLET', dstAddress: PAYEE },
      },
    ],
    ...more,
  };
}

/** The signing of an approved transfer: the same, with what is signed. */
export function signingOf(approval: Payload): Payload {
  const amount = parseUnits(String(approval['amountStr']), 6);
  const transaction = Transaction.from({
    ...{ type: 2, chainId: 1n, nonce: 1, gasLimit: 50_000n, maxFeePerGas: 20n * 10n ** 9n, to: USDC },
    data: ERC20.encodeFunctionData('transfer', [PAYEE, amount]),
  });
  const { unsignedSerialized } = transaction;
  return {
    ...approval,
    requestId: randomUUID(),
    fee: '0.001',
    destinations: (approval['destinations'] as readonly Payload[]).map((each) => ({
      ...each,
      displayDstAddress: PAYEE,
    })),
    rawTx: [{ rawTx: unsignedSerialized.slice(2), payload: keccak256(unsignedSerialized).slice(2) }],
  };
}
