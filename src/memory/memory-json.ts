// A memory as JSON: what a record keeps of it, so that the decision can be repeated.
import type { Memory } from '../policy/evaluate/memory.js';
import { counterFromJson, counterToJson, sharesFromJson } from '../policy/limits/counter-json.js';
import { isObject } from '../protocol/request.js';

export function memoryToJson(memory: Memory): Readonly<Record<string, unknown>> {
  const { counters, shares, expected, proofUsedBy, changed, subject } = memory;
  return {
    subject,
    ...(counters.size > 0 && {
      counters: Object.fromEntries([...counters].map(([id, counter]) => [id, counterToJson(counter)])),
    }),
    ...(shares.length > 0 && { shares }),
    ...(expected.length > 0 && { expected }),
    ...(proofUsedBy !== undefined && { proofUsedBy }),
    ...(changed !== undefined && { changed }),
  };
}

/** @throws {Error} if it is malformed */
export function memoryFromJson(json: unknown): Memory {
  if (!isObject(json) || typeof json['subject'] !== 'string') throw new Error('the memory is malformed');
  const { subject, counters = {}, shares = [], expected = [], proofUsedBy, changed } = json;
  if (!isObject(counters)) throw new Error('the counters are malformed');
  return {
    subject,
    counters: new Map(Object.entries(counters).map(([id, counter]) => [id, counterFromJson(counter)])),
    shares: sharesFromJson(shares),
    // Written by memoryToJson, and proven by the chain.
    expected: expected as Memory['expected'],
    proofUsedBy: proofUsedBy as string | undefined,
    changed: changed as string | undefined,
  };
}
