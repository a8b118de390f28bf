// The policies that decided, from what was kept of them.
import type { Policy } from '../../../src/policy/evaluate/rules.js';
import { readAddressFile } from '../../../src/policy/parse/address-file.js';
import { draftPolicy, type LoadedList } from '../../../src/policy/parse/file.js';
import { ListError, PolicyError } from '../../../src/policy/parse/problem.js';
import type { Blobs } from '../../../src/store/blobs.js';
import type { DecisionRecord } from '../../../src/store/record.js';

/** How many policies are in memory at once: their lists can be large. */
const MAX_KNOWN = 4;

/** @returns the policy that decided, or why it can't be had */
export type FindPolicy = (record: DecisionRecord) => Promise<Policy | string>;

export function keptPolicies(blobs: Blobs): FindPolicy {
  const known = new Map<string, Policy | string>();
  return async ({ policy: hash = '', lists = {} }) => {
    const id = JSON.stringify([hash, lists]);
    const policy = known.get(id) ?? (await read(blobs, hash, lists));
    known.delete(id);
    known.set(id, policy);
    const [oldest] = known.keys();
    if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
    return policy;
  };
}

async function read(
  blobs: Blobs,
  hash: string,
  lists: Readonly<Record<string, string>>,
): Promise<Policy | string> {
  const bytes = await blobs.get(hash);
  if (bytes === undefined) return 'the policy is not kept';
  try {
    const draft = draftPolicy(bytes.toString(), 'policy');
    const loaded = new Map<string, LoadedList>();
    for (const { name, from } of draft.references) {
      const sha256 = lists[name];
      if (sha256 === undefined) continue;
      const list = await blobs.get(sha256);
      if (list === undefined) return 'a list is not kept';
      loaded.set(name, { sha256, addresses: readList(list, from) });
    }
    return draft.complete(loaded);
  } catch (error) {
    if (error instanceof PolicyError) return 'the policy is not valid in this version';
    if (error instanceof ListError) return 'a list is not valid in this version';
    throw error;
  }
}

function readList(bytes: Buffer, from: string): LoadedList['addresses'] {
  const steps = readAddressFile(bytes, from);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
