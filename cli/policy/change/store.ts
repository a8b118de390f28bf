// Stores a policy: first its text in the bucket if the parameter can't hold it, then the parameter, then the newest
// signatures. After an interruption at any point, the old policy or the new one is in force, and the same command
// continues.
import type { PolicyManifest, PolicySignatures } from '../../../src/sources/stored-policy.js';
import type { Signers } from '../../../src/sources/signers.js';
import { DeployError } from '../../aws/error.js';
import { MAX_PARAMETER_BYTES, putParameter, readStoredParameter } from '../../aws/parameters.js';
import { storeNewestSignatures, storePolicyText } from '../../aws/policy-objects.js';
import type { Session } from '../../aws/session.js';
import { newestSignatures } from './signatures.js';

export interface ToStore {
  readonly parameter: string;
  readonly text: string;
  /** Of the text. */
  readonly sha256: string;
  readonly signed: PolicySignatures | undefined;
  /** Kept in the parameter's history. */
  readonly description: string;
  /** The parameter's version when the change was reviewed; 0 if it did not exist. */
  readonly reviewed: number;
}

/**
 * @returns the parameter's version
 * @throws {DeployError} if someone else has changed the parameter since it was reviewed
 */
export async function storePolicy(
  session: Session,
  { parameter, text, sha256, signed, description, reviewed }: ToStore,
): Promise<number> {
  const value =
    signed === undefined && fitsParameter(text) ? text : await manifestOf(session, { text, sha256, signed });
  // The operator may have looked at the difference for a while.
  const now = (await readStoredParameter(session, parameter))?.version ?? 0;
  if (now !== reviewed) {
    throw new DeployError(
      'POLICY_CHANGED',
      `someone else has changed ${parameter} in the meantime: it has version ${now}, not ${reviewed}; nothing was changed`,
      'run the same command again: it shows the difference to the policy that is in force now',
    );
  }
  return putParameter(session, parameter, { value, description, replace: reviewed > 0 });
}

/** SSM takes `{{` for a reference to another parameter. */
function fitsParameter(text: string): boolean {
  return Buffer.byteLength(text) <= MAX_PARAMETER_BYTES && !text.includes('{{');
}

async function manifestOf(
  session: Session,
  { text, sha256, signed }: Pick<ToStore, 'text' | 'sha256' | 'signed'>,
): Promise<string> {
  const { object, version } = await storePolicyText(session, text, sha256);
  const manifest: PolicyManifest = { object, version, sha256, ...(signed !== undefined && { signed }) };
  return JSON.stringify(manifest);
}

/** Makes the service refuse, when it starts, a policy with a smaller serial than this one. */
export async function rememberSignatures(
  session: Session,
  signers: Signers,
  signed: PolicySignatures,
): Promise<void> {
  const newest = await newestSignatures(session, signers);
  if (newest !== undefined && newest.serial > signed.serial) return;
  const json = JSON.stringify(signed);
  if (newest === undefined || JSON.stringify(newest) !== json) await storeNewestSignatures(session, json);
}
