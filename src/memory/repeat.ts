// Repeats a recorded decision, to prove it.
import { decideBy, type Policy } from '../policy/evaluate/rules.js';
import { type CallbackRequest, parseJson, parseRequest } from '../protocol/request.js';
import type { DecisionRecord } from '../store/record.js';
import { memoryFromJson } from './memory-json.js';

/**
 * Decides again what a record says was decided, from the request and the memory in the record.
 * @param policy the one whose hash is in the record, with its lists
 * @throws {Error} if the request or the memory in the record can't be read
 */
export function repeatDecision(
  record: DecisionRecord,
  policy: Policy,
): { readonly action: string; readonly rule?: string } {
  const memory = memoryFromJson(record.memory);
  const { action, rule } = decideBy(
    policy,
    requestIn(record),
    new Date(record.at),
    undefined,
    Infinity,
    memory,
  );
  return { action, rule };
}

/** @throws {Error} if it can't be read */
export function requestIn({ auth, request, kind }: DecisionRecord): CallbackRequest {
  const claims =
    auth === 'json' ? Buffer.from(request) : Buffer.from(request.split('.')[1] ?? '', 'base64url');
  return parseRequest(parseJson(claims), kind);
}
