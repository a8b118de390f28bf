// The key ring: the keys in force. They are swapped whole, so that a request uses one set from start to end.
import {
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
  /** Signs answers; `undefined` until one was loaded, which is before the service listens. */
  readonly callback: SigningKey | undefined;
  /** Any of them verifies a request; empty until the first Co-signer's key is known. */
  readonly cosigners: readonly VerifyingKey[];
}

/** What became of one stored value. */
export interface KeyChange {
  readonly key: 'callback' | 'cosigner';
  /** The parameter or file. */
  readonly name: string;
  readonly outcome: 'unchanged' | 'replaced' | 'missing' | 'refused';
  /** Fingerprints in force before and after. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Why it was refused, and what to do. */
  readonly problem?: KeyError;
}

export class KeyRing {
  #keys: Keys = { callback: undefined, cosigners: [] };

  get current(): Keys {
    return this.#keys;
  }

  /**
   * Takes what a source holds now. A value that is missing or can't be used leaves the key in force where it is.
   * @returns one change for each of the two values
   */
  update(stored: StoredKeys): readonly KeyChange[] {
    const before = this.#keys;
    const callback = importStored(stored.callbackPrivateKey, (text) => {
      const key = importCallbackKey(text);
      assertApart(
        key,
        before.cosigners,
        "it is the pair of a Co-signer's key: store the handler's own private key",
      );
      return [key];
    });
    const callbackInForce = callback.keys?.[0] ?? before.callback;

    const cosigner = importStored(stored.cosignerPublicKeys, (text) => {
      const keys = importCosignerKeys(text);
      assertApart(
        callbackInForce,
        keys,
        `it holds the handler's own public key: store the output of "cosigner print-public-key"`,
      );
      return keys;
    });

    this.#keys = { callback: callbackInForce, cosigners: cosigner.keys ?? before.cosigners };
    return [
      toChange('callback', stored.callbackPrivateKey, callback, before.callback ? [before.callback] : []),
      toChange('cosigner', stored.cosignerPublicKeys, cosigner, before.cosigners),
    ];
  }
}

/** Were one key on both sides, the handler's answers would pass as requests. */
function assertApart(
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

function importStored<Key>({ value }: StoredValue, read: (text: string) => readonly Key[]): Imported<Key> {
  if (value === undefined) return {};
  try {
    return { keys: read(value) };
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
