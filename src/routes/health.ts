// GET /health, for the load balancer's probe and for operators. It does not depend on anything outside the process.
import type { FastifyInstance } from 'fastify';
import type { Keys } from '../keys/ring.js';
import type { Policy } from '../policy/evaluate/rules.js';
import type { AnswerAlgorithm } from '../protocol/key.js';
import type { Emergency } from '../sources/emergency.js';
import type { StopAction } from '../sources/stop.js';
import { HEALTH_PATH } from '../timeouts.js';
import type { Auth } from './callback.js';

export interface HealthOptions {
  readonly auth: Auth;
  readonly keyRing: { readonly current: Keys };
  /** The policy in force. */
  readonly policy: { readonly current: Pick<Policy, 'hash' | 'loadedLists'> };
  /** The candidate that decisions are compared with. @default - there is none */
  readonly comparison?: { readonly candidate: { readonly hash: string } | undefined };
  readonly emergency: Emergency;
  /** Whether the store has lost something. @default - there is no store */
  readonly loss?: { readonly isLost: boolean } | undefined;
  readonly version: string;
  /** `stopping` is set before the listener closes, so that the probe sees it. */
  readonly lifecycle: { readonly stopping: boolean };
}

interface Health {
  readonly status: 'ok' | 'awaiting_cosigner_key' | 'emergency_stop' | 'stale' | 'store_lost' | 'stopping';
  readonly version: string;
  readonly uptimeSeconds: number;
  /** Fingerprint of the key that signs responses. */
  readonly callbackKey: string | null;
  /** The algorithm of that key's signatures. */
  readonly callbackAlgorithm: AnswerAlgorithm | null;
  /** Fingerprints of the keys that verify requests. */
  readonly cosignerKeys: readonly string[];
  /** The SHA-256 of the policy in force, 64 hex digits. */
  readonly policy: string;
  /** The lists that the policy takes from elsewhere. */
  readonly lists: Readonly<Record<string, { readonly sha256: string | undefined; readonly entries: number }>>;
  /** The SHA-256 of the candidate that decisions are compared with. */
  readonly candidate: string | null;
  /** The answer to every request while an emergency stop is in force. */
  readonly emergencyStop: StopAction | null;
  /** What could not be refreshed for longer than `MAX_STALENESS_SECONDS`: `keys`, `policy` or `stop`. */
  readonly stale: readonly string[];
  /** `lost`: every answer is RETRY until what is missing is back or accepted. `null`: there is no store. */
  readonly store: 'ok' | 'lost' | null;
  readonly auth: Auth;
}

export function healthRoute(app: FastifyInstance, options: HealthOptions): void {
  app.get(HEALTH_PATH, (_request, reply) => {
    const { callback, cosigners } = options.keyRing.current;
    const health: Health = {
      status: statusOf(options),
      version: options.version,
      uptimeSeconds: Math.floor(process.uptime()),
      callbackKey: callback?.fingerprint ?? null,
      callbackAlgorithm: callback?.algorithm ?? null,
      cosignerKeys: cosigners.map(({ fingerprint }) => fingerprint),
      ...policyHealth(options.policy.current),
      candidate: options.comparison?.candidate?.hash ?? null,
      emergencyStop: options.emergency.stop.action ?? null,
      stale: options.emergency.freshness.stale,
      store: options.loss === undefined ? null : options.loss.isLost ? 'lost' : 'ok',
      auth: options.auth,
    };
    return reply
      .code(health.status === 'stopping' ? 503 : 200)
      .header('cache-control', 'no-store')
      .send(health);
  });
}

function policyHealth({ hash, loadedLists }: HealthOptions['policy']['current']) {
  const lists = [...loadedLists].map(([name, { sha256, entries }]) => [name, { sha256, entries }] as const);
  return { policy: hash, lists: Object.fromEntries(lists) };
}

function statusOf({ lifecycle, auth, keyRing, emergency, loss }: HealthOptions): Health['status'] {
  if (lifecycle.stopping) return 'stopping';
  if (auth === 'jwt' && keyRing.current.cosigners.length === 0) return 'awaiting_cosigner_key';
  if (emergency.stop.action !== undefined) return 'emergency_stop';
  if (emergency.freshness.stale.length > 0) return 'stale';
  return loss?.isLost === true ? 'store_lost' : 'ok';
}
