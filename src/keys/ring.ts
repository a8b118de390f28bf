// The key ring holds the current keys. All keys are replaced together, so that each request uses one set throughout.
import {
  type AnswerAlgorithm,
  importCallbackKey,
  importCosignerKeys,
  KeyError,
  type SigningKey,
  type VerifyingKey,
} from '../protocol/key.js';
import type { StoredValue } from '../sources/source.js';

export interface StoredKeys {
  readonly callbackPrivateKey: StoredValue;
  readonly cosignerPublicKeys: StoredValue;
}

export interface Keys {
  /** Signs responses. `undefined` only until the service listens. */
  readonly callback: SigningKey | undefined;
  /** Any of these keys may verify a request. Empty until the first Co-signer key is known. */
  readonly cosigners: readonly VerifyingKey[];
}

/** The result of an update for one stored value. */
export interface KeyChange {
  readonly key: 'callback' | 'cosigner';
  /** The parameter or file. */
  readonly name: string;
  readonly outcome: 'unchanged' | 'replaced' | 'missing' | 'refused';
  /** Fingerprints of the keys before the update. */
  readonly before: readonly string[];
  /** Fingerprints of the keys after the update. */
  readonly after: readonly string[];
  /** The algorithm of the callback key in force. */
  readonly algorithm?: AnswerAlgorithm | undefined;
  /** Why the value was rejected. */
  readonly problem?: KeyError;
}

export class KeyRing {
  #keys: Keys = { callback: undefined, cosigners: [] };

  get current(): Keys {
    return this.#keys;
  }

  /**
   * Replaces the current keys with stored ones. If a value is missing or unusable, its current keys are kept.
   * @returns one change for each of the two values
   */
  update(stored: StoredKeys): readonly KeyChange[] {
    const before = this.#keys;
    const callback = importStored(stored.callbackPrivateKey, (text) => {
      const key = importCallbackKey(text);
      assertNotShared(
        key,
        before.cosigners,
        "it matches a Co-signer's public key: store the handler's own private key",
      );
      return [key];
    });
    const callbackInForce = callback.keys?.[0] ?? before.callback;

    const cosigner = importStored(stored.cosignerPublicKeys, (text) => {
      const keys = importCosignerKeys(text);
      assertNotShared(
        callbackInForce,
        keys,
        `it contains the handler's own public key: store the output of "cosigner print-public-key"`,
      );
      return keys;
    });

    this.#keys = { callback: callbackInForce, cosigners: cosigner.keys ?? before.cosigners };
    const callbackChange = toChange(
      'callback',
      stored.callbackPrivateKey,
      callback,
      before.callback ? [before.callback] : [],
    );
    return [
      { ...callbackChange, algorithm: callbackInForce?.algorithm },
      toChange('cosigner', stored.cosignerPublicKeys, cosigner, before.cosigners),
    ];
  }
}

/** If one key were used on both sides, the handler's own responses would be accepted as requests. */
function assertNotShared(
  callback: Fingerprinted | undefined,
  cosigners: readonly Fingerprinted[],
  message: string,
): void {
  if (cosigners.some(({ fingerprint }) => fingerprint === callback?.fingerprint)) {
    throw new KeyError('KEY_ON_BOTH_SIDES', message);
  }
}

interface Fingerprinted {
  readonly fingerprint: string;
}

interface Imported<Key> {
  readonly keys?: readonly Key[];
  readonly problem?: KeyError;
}

function importStored<Key>(
  { value }: StoredValue,
  importKeys: (text: string) => readonly Key[],
): Imported<Key> {
  if (value === undefined) return {};
  try {
    return { keys: importKeys(value) };
  } catch (error) {
    if (error instanceof KeyError) return { problem: error };
    throw error;
  }
}

function toChange(
  key: KeyChange['key'],
  { name }: StoredValue,
  { keys, problem }: Imported<Fingerprinted>,
  keysBefore: readonly Fingerprinted[],
): KeyChange {
  const before = fingerprints(keysBefore);
  const after = keys === undefined ? before : fingerprints(keys);
  if (problem !== undefined) return { key, name, outcome: 'refused', before, after, problem };
  if (keys === undefined) return { key, name, outcome: 'missing', before, after };
  const outcome = before.join() === after.join() ? 'unchanged' : 'replaced';
  return { key, name, outcome, before, after };
}

function fingerprints(keys: readonly Fingerprinted[]): readonly string[] {
  return keys.map(({ fingerprint }) => fingerprint);
}
