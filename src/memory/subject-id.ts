// What a request is about: a transaction, which may be asked about several times, or a configuration change.
import { type CallbackRequest, present } from '../protocol/request.js';

/** @returns `transaction:<txId>`, or `<kind>:<requestId>` for a configuration change or without a `txId` */
export function subjectId({ kind, requestId, payload }: CallbackRequest): string {
  const txId = present(payload['txId']);
  return kind === 'transaction' && typeof txId === 'string' ? `transaction:${txId}` : `${kind}:${requestId}`;
}
