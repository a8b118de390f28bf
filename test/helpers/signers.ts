// Signers of policies for tests, and their signatures.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { statementOf } from '../../src/sources/signatures.js';
import { encodeKey, type Signers, toSigners } from '../../src/sources/signers.js';
import type { PolicySignatures } from '../../src/sources/stored-policy.js';

export interface TestSigner {
  readonly name: string;
  /** As in POLICY_SIGNERS. */
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

export function createSigner(name: string): TestSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { name, publicKey: encodeKey(publicKey), privateKey };
}

/** @throws {Error} if they can't be used */
export function signersOf(people: readonly TestSigner[], quorum?: number): Signers {
  const signers = toSigners(
    people.map(({ name, publicKey }) => [name, publicKey] as const),
    quorum,
  );
  if ('problems' in signers) throw new Error(signers.problems.join('\n'));
  return signers;
}

/** What people have signed, with all their signatures. */
export function signedBy(
  people: readonly TestSigner[],
  statement: Omit<PolicySignatures, 'signatures'>,
): PolicySignatures {
  const signatures = people.map(({ name, privateKey }) => ({
    signer: name,
    signature: sign(null, statementOf(statement), privateKey).toString('base64'),
  }));
  return { ...statement, signatures };
}
