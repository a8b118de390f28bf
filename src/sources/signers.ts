// Whose signatures put a policy in force: reads the Ed25519 public keys that the operator has configured.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { decodeBase64, isWeakEd25519 } from '../protocol/ed25519.js';

/** Who may sign policies. */
export interface Signers {
  /** How many of them must have signed. At least 1. */
  readonly quorum: number;
  /** Ed25519 public keys by the name of the signer. All keys are different. */
  readonly keys: ReadonlyMap<string, KeyObject>;
}

/** Shorter than a key in base64 or hex, so that a key without a name is never taken for a name, and quoted. */
export const SIGNER_NAME = /^[\w.@-]{1,32}$/;
const NAME_EXPECTED = 'a name of at most 32 letters, digits and _ . @ -';

/** SPKI in DER, up to the key's 32 bytes (RFC 8410, section 10.1). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
/** PKCS#8 in DER: a SEQUENCE that starts with a version; SPKI starts with another SEQUENCE. */
const PRIVATE_PREFIX = /^30(..|81..|82....)0201/;
const KEY_BYTES = 32;
/** Of a private key with its public key, as some libraries store them. */
const PAIR_BYTES = 64;

const PRIVATE =
  'is a private key: set the public key, and sign with a new pair, because this one is no longer secret';
const EXPECTED =
  'must be an Ed25519 public key in base64, as "npm run policy -- sign" prints it, starting with MCow';

/**
 * Reads one public key.
 * @param text base64 of the 44 bytes of SPKI, or of the key's 32 bytes
 * @returns the key, or what is wrong with the text, which is never quoted
 */
export function readSignerKey(text: string): KeyObject | { readonly problem: string } {
  if (text.includes('PRIVATE KEY')) return { problem: PRIVATE };
  const bytes = decodeBase64(text);
  if (bytes === undefined) return { problem: EXPECTED };
  const hex = bytes.toString('hex');
  if (PRIVATE_PREFIX.test(hex) || bytes.length === PAIR_BYTES) return { problem: PRIVATE };
  const isSpki =
    bytes.length === SPKI_PREFIX.length + KEY_BYTES && hex.startsWith(SPKI_PREFIX.toString('hex'));
  if (bytes.length !== KEY_BYTES && !isSpki) return { problem: EXPECTED };
  if (isWeakEd25519(bytes.subarray(-KEY_BYTES))) {
    return {
      problem: 'is a placeholder, for which anyone can make signatures: set the key of a real signer',
    };
  }
  const key = Buffer.concat([SPKI_PREFIX, bytes.subarray(-KEY_BYTES)]);
  return createPublicKey({ key, format: 'der', type: 'spki' });
}

/**
 * Combines signers with their quorum.
 * @param entries names and keys, in the form of `readSignerKey`
 * @param quorum by default, all must sign
 * @returns the signers, or all problems
 */
export function toSigners(
  entries: readonly (readonly [name: string, key: string])[],
  quorum: number = entries.length,
): Signers | { readonly problems: readonly string[] } {
  const problems: string[] = [];
  const keys = new Map<string, KeyObject>();
  const owners = new Map<string, string>();
  for (const [index, [name, text]] of entries.entries()) {
    if (!SIGNER_NAME.test(name) || text === '') {
      problems.push(`entry ${index + 1} must be NAME=KEY, with ${NAME_EXPECTED}, and the key in base64`);
      continue;
    }
    const key = readSignerKey(text);
    if ('problem' in key) {
      problems.push(`the key of ${name} ${key.problem}`);
      continue;
    }
    if (keys.has(name)) problems.push(`${name} is there twice: give each signer one key`);
    const same = owners.get(encodeKey(key));
    if (same !== undefined && same !== name) {
      problems.push(`${same} and ${name} have the same key, so that one signature would count twice`);
    }
    keys.set(name, key);
    owners.set(encodeKey(key), name);
  }
  if (quorum < 1) problems.push('the quorum must be at least 1');
  if (quorum > entries.length) {
    problems.push(
      `the quorum is ${quorum}, but there ${entries.length === 1 ? 'is 1 signer' : `are ${entries.length} signers`}: no policy could ever be approved`,
    );
  }
  return problems.length > 0 ? { problems } : { quorum, keys };
}

/**
 * Reads who may sign policies from the service's configuration.
 * @param list `alice=KEY,bob=KEY`
 * @param quorum by default, all must sign
 * @returns the signers, or all problems, which never quote a key
 */
export function parseSigners(
  list: string,
  quorum?: number,
): Signers | { readonly problems: readonly string[] } {
  const entries = list.split(',').map((entry): [string, string] => {
    // Base64 ends with this sign, too.
    const [name = '', ...key] = entry.trim().split('=');
    return [name, key.join('=')];
  });
  return toSigners(entries, quorum);
}

/** @returns the key as it is configured: base64 of SPKI */
export function encodeKey(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'der' }).toString('base64');
}
