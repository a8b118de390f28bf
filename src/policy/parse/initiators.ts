// Reads from a policy file the public keys of those who may initiate transactions.
import type { KeyObject } from 'node:crypto';
import { importInitiatorKey } from '../../protocol/initiator-key.js';
import { KeyError } from '../../protocol/key-error.js';
import type { Initiators } from '../facts/subject.js';
import type { Found } from './catalog.js';
import { type PolicyDocument, toRecord } from './document.js';
import { initiatorSchema } from './schema.js';

/** Keys that can't be used are problems. What does not match the schema is left out: the schema's own check reports it. */
export function readInitiators(document: PolicyDocument, { problems }: Found): Initiators {
  const keys = new Map<string, KeyObject>();
  const owners = new Map<string, string>();
  for (const [name, entry] of Object.entries(toRecord(toRecord(document.value)['initiators']))) {
    const path = ['initiators', name];
    if (!/^[\w.@-]{1,64}$/.test(name)) {
      problems.push(
        document.problemAtKey(path, `invalid initiator name "${name}": use letters, digits and _ . @ -`),
      );
      continue;
    }
    const { data } = initiatorSchema.safeParse(entry);
    if (data === undefined) continue;
    try {
      const key = importInitiatorKey(data.key);
      const spki = key.export({ type: 'spki', format: 'der' }).toString('hex');
      const owner = owners.get(spki);
      if (owner !== undefined) {
        problems.push(
          document.problemAtKey(path, `${owner} and ${name} have the same key: give each its own`),
        );
      }
      owners.set(spki, name);
      keys.set(name, key);
    } catch (error) {
      if (!(error instanceof KeyError)) throw error;
      problems.push(
        document.problemAtKey([...path, 'key'], `the key of ${name} can't be used: ${error.message}`),
      );
    }
  }
  return keys;
}
