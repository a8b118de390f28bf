// A request that people decide about, and the hash that stands for it.
import { createHash } from 'node:crypto';
import { canonicalJson } from '../protocol/content.js';
import type { Kind } from '../protocol/request.js';

export interface HeldRequest {
  readonly kind: Kind;
  readonly requestId: string;
  readonly stage: 'approval' | 'signing';
  /** See `contentHash`: a request whose content differs is another one. */
  readonly content: string;
}

const LABEL = 'fireblocks-callback-handler: held request, version 1';

/** @returns 64 hex digits */
export function heldHash({ kind, requestId, stage, content }: HeldRequest): string {
  // A list in JSON, so that no two requests are the same text.
  const text = canonicalJson([LABEL, kind, requestId, stage, content]);
  return createHash('sha256').update(text).digest('hex');
}
