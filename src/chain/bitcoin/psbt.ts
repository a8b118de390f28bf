// Checks that what a RAW request signs are signature hashes of the PSBT that it shows.
import type { FamilyResult } from '../facts.js';
import type { Signing } from '../signing.js';

/** @param signing a RAW request with `extraParameters.psbt` */
export function readPsbt(signing: Signing): FamilyResult {
  void signing;
  return { reading: {}, findings: {} };
}
