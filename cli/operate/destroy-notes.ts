// What an operator should know before an environment is deleted.
import { join } from 'node:path';
import { KEY_FILES } from '../../src/keys/directory.js';
import { publicKeyOf, readStoredKey, type StoredKey } from '../aws/callback-key.js';
import { readPrivateFile } from '../aws/private-files.js';
import type { StackResource } from '../aws/removal.js';
import type { Session } from '../aws/session.js';

const TABLE = 'AWS::DynamoDB::Table';

export async function findNotes(
  session: Session,
  stacks: readonly { readonly resources: readonly StackResource[] }[],
  hasParameters: boolean,
): Promise<readonly string[]> {
  if (session.production) {
    return [
      "A new deployment of prod uses the same names: before it, manually delete what is kept, including the parameters, which are encrypted with this deployment's KMS key. The archive can't be deleted before its retention ends: until then, a new deployment needs another projectName.",
    ];
  }
  const hasStore = stacks.some(({ resources }) => resources.some(({ Type }) => Type === TABLE));
  return [
    ...(hasStore
      ? [
          `The store is deleted with its stack: the table ${session.names.table} and the archive, with all records of decisions, counters and announced transactions.`,
        ]
      : []),
    ...(hasParameters ? await findKeyNotes(session) : []),
  ];
}

async function findKeyNotes(session: Session): Promise<readonly string[]> {
  const { keyDirectory } = session;
  const [local, stored] = await Promise.all([
    readPrivateFile(join(keyDirectory, KEY_FILES.callbackPrivate)),
    // A key that is not encrypted is no secret to keep.
    readStoredKey(session).catch(() => undefined),
  ]);
  if (stored === undefined || (local !== undefined && isSame(local, stored))) return [];
  return [
    `The callback key in SSM is not the one in ${keyDirectory}: deleting the parameter may delete the only copy.`,
  ];
}

/** @returns false if the public key of the stored key is not recorded, or the key on this machine can't be used */
function isSame(local: string, { publicKey }: StoredKey): boolean {
  try {
    return publicKeyOf(local).fingerprint === publicKey?.fingerprint;
  } catch {
    return false;
  }
}
