// The setting `policySigners`: whose signatures put a policy in force.
import { createPublicKey } from 'node:crypto';
import * as z from 'zod';

const EXPECTED =
  'must be {"quorum": 2, "keys": {"alice": "MCow…", "bob": "MCow…"}}: how many must sign, and their Ed25519 public keys';
const KEYS_EXPECTED =
  'must be {"alice": "MCow…", "bob": "MCow…"}: names of at most 32 letters, digits and _ . @ -, and Ed25519 public keys';
const KEY_EXPECTED = 'must be an Ed25519 public key: 44 bytes in base64, starting with MCow';

/** What `POLICY_SIGNERS` accepts as the name of a signer. */
const NAME = /^[\w.@-]{1,32}$/;

/** SPKI of an Ed25519 key up to its 32 bytes (RFC 8410, section 10.1). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export const policySigners = z
  .strictObject(
    {
      /** How many signers must have signed. */
      quorum: z.int('must be a whole number: how many signers must have signed').min(1, 'must be at least 1'),
      /** Public keys in base64, by the name of the signer. */
      keys: z.record(
        z.string().regex(NAME),
        z.string(KEY_EXPECTED).refine(isEd25519, KEY_EXPECTED),
        KEYS_EXPECTED,
      ),
    },
    { error: ({ code }) => (code === 'unrecognized_keys' ? undefined : EXPECTED) },
  )
  .check(({ value: { quorum, keys }, issues }) => {
    const owners = new Map<string, string>();
    for (const [name, key] of Object.entries(keys)) {
      const same = owners.get(key);
      owners.set(key, name);
      if (same === undefined) continue;
      const message = `is the key of ${same} too: one signature would count twice`;
      issues.push({ code: 'custom', path: ['keys', name], input: key, message });
    }
    const signers = Object.keys(keys).length;
    if (quorum > signers) {
      const message = `is ${quorum}, but there ${signers === 1 ? 'is 1 key' : `are ${signers} keys`}: no policy could ever be signed`;
      issues.push({ code: 'custom', path: ['quorum'], input: quorum, message });
    }
  });

function isEd25519(text: string): boolean {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text || !bytes.subarray(0, SPKI_PREFIX.length).equals(SPKI_PREFIX)) {
    return false;
  }
  try {
    return createPublicKey({ key: bytes, format: 'der', type: 'spki' }).asymmetricKeyType === 'ed25519';
  } catch {
    return false;
  }
}
