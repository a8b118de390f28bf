// What a transaction request signs, and whether it agrees with what the request displays.
import type { CallbackRequest } from '../protocol/request.js';
import type { Catalog, CheckName } from './catalog.js';
import type { Reading } from './facts.js';
import type { Findings } from './finding.js';

export interface Signed extends Reading {
  /** Digest, recipient, amount and chain hold, and nothing contradicts. */
  readonly verified: boolean;
  /** Why it is not verified: the first contradiction, or else what can't be known. */
  readonly problem?: string;
  readonly findings: Findings;
  /** The check that refuses the request, by the policy's settings. */
  readonly refusal?: { readonly check: CheckName | 'rawTransaction'; readonly reason: string };
}

/** @param request a transaction */
export function readSigned(request: CallbackRequest, catalog: Catalog): Signed {
  void request;
  void catalog;
  return { verified: false, findings: {} };
}
