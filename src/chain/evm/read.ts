// Reads an EVM transaction: what is signed, and whether it agrees with the request.
import type { FamilyResult } from '../facts.js';
import type { Signing } from '../signing.js';

/**
 * @param signing a request with `rawTx`. Without a known asset, the bytes are read only if their digest is the payload
 */
export function readEvm(signing: Signing): FamilyResult {
  void signing;
  return { reading: {}, findings: {} };
}

/** @param signing a CONTRACT_CALL without `rawTx` */
export function readContractCallData(signing: Signing): FamilyResult {
  void signing;
  return { reading: {}, findings: {} };
}
