// Reads a stored policy: the value of a parameter is its text, or a manifest that names an object in the policy bucket.
import { createHash } from 'node:crypto';
import { readObject } from '../../aws/policy-objects.js';
import type { Session } from '../../aws/session.js';
import { type PolicySignatures, readManifest } from '../../../src/sources/stored-policy.js';

/** A policy as it is stored, not yet checked. */
export interface StoredText {
  readonly text: string;
  /** Of the text. */
  readonly sha256: string;
  readonly signed: PolicySignatures | undefined;
  /** Where the text is, unless it is in the parameter itself. */
  readonly object: string | undefined;
}

/** A stored policy whose text can't be read. */
export interface Unreadable {
  readonly problem: string;
  /** What the manifest says about the text. */
  readonly sha256: string | undefined;
  readonly signed: PolicySignatures | undefined;
}

/** @param value of the parameter */
export async function readStored(
  session: Pick<Session, 'aws'>,
  value: string,
): Promise<StoredText | Unreadable> {
  const manifest = readManifest(value);
  if (manifest === undefined) {
    return { text: value, sha256: sha256Of(value), signed: undefined, object: undefined };
  }
  if ('problem' in manifest) {
    const problem = `it is no manifest: ${manifest.problem}`;
    return { problem, sha256: undefined, signed: undefined };
  }
  const { object, version, sha256, signed } = manifest;
  const text = await readObject(session, { object, version });
  if (text === undefined) return { problem: `${object} has no version ${version}`, sha256, signed };
  if (sha256Of(text) !== sha256) {
    return { problem: `${object} has not the SHA-256 that the parameter says`, sha256, signed };
  }
  return { text, sha256, signed, object };
}

export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
