// Keeps what records refer to by its hash: the policy and the public keys that decided.
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Policy } from '../policy/evaluate/rules.js';
import type { SigningKey, VerifyingKey } from '../protocol/key.js';
import type { Blobs } from '../store/blobs.js';

interface Keys {
  readonly cosignerKey: VerifyingKey | undefined;
  readonly callbackKey: SigningKey;
}

export class Keeper {
  readonly #blobs: Blobs;
  /** What this process has kept or is keeping, by its hash. */
  readonly #kept = new Map<string, Promise<void>>();

  constructor(blobs: Blobs) {
    this.#blobs = blobs;
  }

  /** Keeps what is not kept yet. @throws {StoreError} */
  async keep({ cosignerKey, callbackKey }: Keys, policy: Policy | undefined): Promise<void> {
    const pending: Promise<void>[] = [];
    const need = (hash: string, bytes: () => Buffer): void => {
      const kept = this.#kept.get(hash);
      if (kept !== done) pending.push(kept ?? this.#put(hash, bytes()));
    };
    if (cosignerKey !== undefined) need(cosignerKey.fingerprint, () => derOf(cosignerKey.key));
    need(callbackKey.fingerprint, () => derOf(createPublicKey(callbackKey.key)));
    if (policy !== undefined) need(policy.hash, () => Buffer.from(policy.text));
    if (pending.length > 0) await Promise.all(pending);
  }

  #put(hash: string, bytes: Buffer): Promise<void> {
    const putting = this.#blobs.put(hash, bytes).then(
      () => void this.#kept.set(hash, done),
      (error: unknown) => {
        this.#kept.delete(hash);
        throw error;
      },
    );
    this.#kept.set(hash, putting);
    return putting;
  }
}

const done = Promise.resolve();

/** As its fingerprint is made from. */
function derOf(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}
