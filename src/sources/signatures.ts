// Verifies who has signed a policy. Pure, so that `policy push` refuses what the service would refuse.
import { verify } from 'node:crypto';
import { decodeBase64 } from '../protocol/ed25519.js';
import type { Signers } from './signers.js';
import type { PolicySignatures } from './stored-policy.js';

/** Length of an Ed25519 signature, in bytes. */
const SIGNATURE_BYTES = 64;

/** What a policy must be signed for. */
export interface SignedFor {
  /** The name of the parameter, or the path of the file, that the service reads. */
  readonly for: string;
  /** Of the policy's text. */
  readonly sha256: string;
}

/** @returns the bytes that signers sign. `for` must have no line break */
export function statementOf(signed: Omit<PolicySignatures, 'signatures'>): Buffer {
  const { for: target, serial, sha256 } = signed;
  return Buffer.from(
    `fireblocks-callback-handler policy 1\nfor: ${target}\nserial: ${serial}\nsha256: ${sha256}\n`,
  );
}

/**
 * Checks that enough signers have signed exactly this policy for exactly this place. All signatures must be valid, not
 * only as many as are needed: one that is not is a mistake or an attack, and someone must look at it.
 * @param signed `undefined` if the policy is not signed
 * @returns the names of the signers, or why the signatures don't suffice and what to do
 */
export function verifySignatures(
  signed: PolicySignatures | undefined,
  expected: SignedFor,
  { quorum, keys }: Signers,
): { readonly signers: readonly string[] } | { readonly problem: string } {
  const needed = `${quorum} of ${[...keys.keys()].join(', ')} must sign it with "npm run policy -- sign"`;
  if (signed === undefined) return { problem: `it is not signed: ${needed}` };
  if (signed.for !== expected.for) {
    return {
      problem: `it is signed for ${JSON.stringify(signed.for)}, not for ${expected.for}: ${needed} for ${expected.for}`,
    };
  }
  if (signed.sha256 !== expected.sha256) {
    return {
      problem: `the signatures are of another text (SHA-256 ${signed.sha256}, this one has ${expected.sha256}): ${needed} again`,
    };
  }
  if (/[\r\n]/.test(signed.for))
    return { problem: 'the name that it is signed for has a line break: rename it' };

  const statement = statementOf(signed);
  const signers = new Set<string>();
  for (const { signer, signature } of signed.signatures) {
    const key = keys.get(signer);
    if (key === undefined) {
      return {
        problem: `${JSON.stringify(signer)} has signed it, but is no signer of this environment: ${needed}`,
      };
    }
    if (signers.has(signer)) return { problem: `${signer} has signed it twice: keep one of the signatures` };
    const bytes = decodeBase64(signature);
    if (bytes?.length !== SIGNATURE_BYTES) {
      return {
        problem: `the signature of ${signer} is not the base64 of ${SIGNATURE_BYTES} bytes: ${signer} must sign again`,
      };
    }
    if (!verify(null, statement, key, bytes)) {
      return {
        problem: `the signature of ${signer} does not match the key of ${signer}, or is of another for, serial or sha256: ${signer} must sign again`,
      };
    }
    signers.add(signer);
  }
  if (signers.size < quorum) {
    const missing = [...keys.keys()].filter((name) => !signers.has(name)).join(', ');
    return {
      problem: `${signers.size} of ${quorum} signatures: ${quorum - signers.size} more of ${missing} must sign it with "npm run policy -- sign"`,
    };
  }
  return { signers: [...signers] };
}
