// Reads typed messages (EIP-712): their digest, their content, and what they permit.
import type { FamilyResult } from '../facts.js';
import type { Signing } from '../signing.js';

/** @param signing a TYPED_MESSAGE request */
export function readTypedMessage(signing: Signing): FamilyResult {
  void signing;
  return { reading: {}, findings: {} };
}
