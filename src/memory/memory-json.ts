// A memory as JSON: what a record keeps of it, so that the decision can be repeated.
import * as z from 'zod';
import type { Memory } from '../policy/evaluate/memory.js';
import type { People } from '../policy/evaluate/people.js';
import { counterFromJson, counterToJson, sharesFromJson } from '../policy/limits/counter-json.js';
import { isObject } from '../protocol/request.js';
import { VOTE } from './transaction-data.js';

export function memoryToJson(memory: Memory): Readonly<Record<string, unknown>> {
  const { counters, shares, expected, proofUsedBy, changed, subject, people } = memory;
  return {
    subject,
    ...(counters.size > 0 && {
      counters: Object.fromEntries([...counters].map(([id, counter]) => [id, counterToJson(counter)])),
    }),
    ...(shares.length > 0 && { shares }),
    ...(expected.length > 0 && { expected }),
    ...(proofUsedBy !== undefined && { proofUsedBy }),
    ...(changed !== undefined && { changed }),
    ...peopleToJson(people),
  };
}

/** Without people's votes: the record has what they signed. */
function peopleToJson({ since, carried }: People): { readonly people?: unknown } {
  if (since === undefined && carried.length === 0) return {};
  return { people: { since, ...(carried.length > 0 && { carried }) } };
}

const PEOPLE = z.strictObject({ since: z.int().optional(), carried: z.array(VOTE).default([]) });

/** Without people's votes. @throws {Error} if it is malformed */
export function memoryFromJson(json: unknown): Memory {
  if (!isObject(json) || typeof json['subject'] !== 'string') throw new Error('the memory is malformed');
  const { subject, counters = {}, shares = [], expected = [], proofUsedBy, changed, people = {} } = json;
  if (!isObject(counters)) throw new Error('the counters are malformed');
  const { since, carried } = PEOPLE.parse(people);
  return {
    subject,
    counters: new Map(Object.entries(counters).map(([id, counter]) => [id, counterFromJson(counter)])),
    shares: sharesFromJson(shares),
    // Written by memoryToJson, and proven by the chain.
    expected: expected as Memory['expected'],
    proofUsedBy: proofUsedBy as string | undefined,
    changed: changed as string | undefined,
    people: { since, votes: [], carried },
  };
}
