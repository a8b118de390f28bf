// The setting `policySigners`: whose signatures put a policy in force.
import * as z from 'zod';
import { encodeKey, readSignerKey, SIGNER_NAME } from '../../src/sources/signers.js';

const EXPECTED =
  'must be {"quorum": 2, "keys": {"alice": "MCow…", "bob": "MCow…"}}: how many must sign, and their Ed25519 public keys';
const KEYS_EXPECTED =
  'must be {"alice": "MCow…", "bob": "MCow…"}: names of at most 32 letters, digits and _ . @ -, and Ed25519 public keys';

const signerKey = z.string('must be a public key in base64, in quotes').check(({ value, issues }) => {
  const key = readSignerKey(value);
  if ('problem' in key) issues.push({ code: 'custom', input: value, message: key.problem });
});

export const policySigners = z
  .strictObject(
    {
      /** How many signers must have signed. */
      quorum: z.int('must be a whole number: how many signers must have signed').min(1, 'must be at least 1'),
      /** Public keys in base64, by the name of the signer. */
      keys: z.record(z.string().regex(SIGNER_NAME), signerKey, KEYS_EXPECTED),
    },
    { error: ({ code }) => (code === 'unrecognized_keys' ? undefined : EXPECTED) },
  )
  .check(({ value: { quorum, keys }, issues }) => {
    const owners = new Map<string, string>();
    for (const [name, text] of Object.entries(keys)) {
      // The same key can be written in two ways.
      const key = readSignerKey(text);
      const encoded = 'problem' in key ? text : encodeKey(key);
      const same = owners.get(encoded);
      owners.set(encoded, name);
      if (same === undefined) continue;
      const message = `is the key of ${same} too: one signature would count twice`;
      issues.push({ code: 'custom', path: ['keys', name], input: text, message });
    }
    const signers = Object.keys(keys).length;
    if (quorum > signers) {
      const message = `is ${quorum}, but there ${signers === 1 ? 'is 1 key' : `are ${signers} keys`}: no policy could ever be signed`;
      issues.push({ code: 'custom', path: ['quorum'], input: quorum, message });
    }
  });
