// The application without a process or listener, with generated keys and an in-memory log.
import type { Test } from 'tap';
import { type AppOptions, buildApp } from '../../src/app.js';
import { KeyRing } from '../../src/keys/ring.js';
import type { Decide } from '../../src/policy/evaluate/decide.js';
import { rsaPair } from './keys.js';
import { memoryLog } from './log.js';

export const callback = rsaPair();
export const cosigner = rsaPair();
export const secondCosigner = rsaPair();

const rejectEverything: Decide = () => ({ action: 'REJECT', reason: 'Everything is rejected.' });

/** @param cosignerPem value of the Co-signer key parameter; `undefined` if it does not exist */
export function ringWith(cosignerPem: string | undefined): KeyRing {
  const ring = new KeyRing();
  ring.update({
    callbackPrivateKey: { name: 'callback', value: callback.privatePem },
    cosignerPublicKeys: { name: 'cosigner', value: cosignerPem },
  });
  return ring;
}

/** Overload detection is off, because any test could fail on a busy machine. */
export async function testApp(t: Test, overrides: Partial<AppOptions> = {}) {
  const memory = memoryLog();
  const giveUp = new AbortController();
  const lifecycle = { stopping: false, giveUp: giveUp.signal };
  const app = await buildApp({
    auth: 'jwt',
    basePath: '/callback',
    keyRing: ringWith(cosigner.publicPem + secondCosigner.publicPem),
    decide: rejectEverything,
    decisionTimeoutMs: 1000,
    policy: { current: { hash: '0123456789ab', loadedLists: new Map() } },
    emergency: { stop: { action: undefined }, freshness: { stale: [] } },
    version: '1.2.3',
    lifecycle,
    overload: { maxEventLoopDelayMs: 0 },
    log: memory.log,
    ...overrides,
  });
  t.teardown(() => app.close());
  return { app, lifecycle, ...memory };
}
