// Keeps what records refer to by its hash: the policy and the public keys that decided.
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Policy } from '../policy/evaluate/rules.js';
import type { SigningKey, VerifyingKey } from '../protocol/key.js';
import type { Blobs } from '../store/blobs.js';
import { recordedUntil } from './writes.js';

interface Keys {
  readonly cosignerKey: VerifyingKey | undefined;
  readonly callbackKey: SigningKey;
}

/** How long it is known that something is kept, in ms: then its expiry is extended. */
const KNOWN_MS = 86_400_000;

/** How much longer lists are kept, in days: nobody has their bytes later, to extend it. */
const LIST_DAYS = 3650;

export class Keeper {
  readonly #blobs: Blobs;
  /** Lists that are not kept yet. */
  readonly #lists = new Map<string, Buffer>();
  readonly #retentionDays: number;
  /** What this process has kept or is keeping, by its hash. */
  readonly #kept = new Map<string, { readonly at: number; readonly putting: Promise<void> | undefined }>();

  constructor(blobs: Blobs, retentionDays: number) {
    this.#blobs = blobs;
    this.#retentionDays = retentionDays;
  }

  /** Keeps everything again: the store may have lost it. */
  forget(): void {
    this.#kept.clear();
  }

  /** Begins to keep a list. Decisions by it wait until it is kept. @param sha256 of the bytes */
  keepList(sha256: string, bytes: Buffer): void {
    if (this.#kept.has(sha256)) return;
    this.#lists.set(sha256, bytes);
    this.#putList(sha256, bytes).catch(() => undefined);
  }

  /** Keeps what is not kept yet, for as long as a record that is made now. @throws {StoreError} */
  async keep({ cosignerKey, callbackKey }: Keys, policy: Policy | undefined, now: Date): Promise<void> {
    const pending: Promise<void>[] = [];
    const need = (hash: string, bytes: () => Buffer): void => {
      const kept = this.#kept.get(hash);
      if (kept === undefined || now.getTime() - kept.at > KNOWN_MS)
        pending.push(this.#put(hash, bytes(), now));
      else if (kept.putting !== undefined) pending.push(kept.putting);
    };
    if (cosignerKey !== undefined) need(cosignerKey.fingerprint, () => derOf(cosignerKey.key));
    need(callbackKey.fingerprint, () => derOf(createPublicKey(callbackKey.key)));
    if (policy !== undefined) need(policy.hash, () => Buffer.from(policy.text));
    for (const { sha256 = '' } of policy?.loadedLists.values() ?? []) {
      const bytes = this.#lists.get(sha256);
      if (bytes !== undefined) pending.push(this.#kept.get(sha256)?.putting ?? this.#putList(sha256, bytes));
    }
    if (pending.length > 0) await Promise.all(pending);
  }

  /** Resolves once nothing is being kept that was begun before. Never rejects. */
  async idle(): Promise<void> {
    await Promise.allSettled([...this.#kept.values()].flatMap(({ putting }) => putting ?? []));
  }

  async #putList(sha256: string, bytes: Buffer): Promise<void> {
    await this.#put(sha256, bytes, new Date(Date.now() + LIST_DAYS * KNOWN_MS));
    this.#lists.delete(sha256);
  }

  #put(hash: string, bytes: Buffer, now: Date): Promise<void> {
    const at = now.getTime();
    // A day longer than the records that are made until it is extended.
    const expires = recordedUntil(now, this.#retentionDays) + (2 * KNOWN_MS) / 1000;
    const putting = this.#blobs.put(hash, bytes, expires).then(
      () => void this.#kept.set(hash, { at, putting: undefined }),
      (error: unknown) => {
        this.#kept.delete(hash);
        throw error;
      },
    );
    this.#kept.set(hash, { at, putting });
    return putting;
  }
}

/** As its fingerprint is made from. */
function derOf(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}
