// A store, processes that decide with it, and people who decide about what a policy holds, as the console stores it.
import type { Test } from 'tap';
import type { Verdict } from '../../src/approvals/statement.js';
import { askedOf, hashOf, heldKeyOf } from '../../src/memory/recall.js';
import { type HeldState, readHeld, readWaiting } from '../../src/memory/held.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import { parseRequest } from '../../src/protocol/request.js';
import { personKey, WAITING } from '../../src/store/keys.js';
import type { Store } from '../../src/store/open.js';
import {
  createPeople,
  heldPolicy,
  ORIGIN,
  type PersonName,
  type PolicyParts,
  signAs,
  type Trick,
} from './held-people.js';
import { MemoryBlobs } from './memory-blobs.js';
import { MemoryTable } from './memory-table.js';
import { type Payload, worldOn, worldState, type WorldState } from './memory-world.js';

const START = Date.parse('2026-11-26T10:00:00Z');

/** @param parts what is not as usual: two of alice, bob and carol approve whatever is asked */
export function heldWorld(t: Test, parts: PolicyParts = {}) {
  const state = worldState('version: 1\nrules: []\n', START);
  const table = new MemoryTable({ now: () => state.now });
  t.teardown(() => table.close());
  return { ...heldWorldOn({ table, blobs: new MemoryBlobs() }, state, parts), table };
}

/** The same on a given store. */
export function heldWorldOn({ table, blobs }: Store, state: WorldState, parts: PolicyParts = {}) {
  const people = createPeople();
  const policyOf = (changed: PolicyParts) =>
    parsePolicy(heldPolicy(people, { ...parts, ...changed }), 'test');
  state.policy = policyOf({});
  state.origin = ORIGIN;
  const world = worldOn(table, state, blobs);
  const hashFor = (payload: Payload): string => hashOf(askedOf(parseRequest(payload)));
  const sign = (name: PersonName, verdict: Verdict, payload: Payload, trick: Trick = {}) =>
    signAs(people, name, verdict, {
      hash: hashFor(payload),
      at: new Date(state.now).toISOString(),
      ...trick,
    });
  /** Stores a decision as somebody can who may write everything that the console may. */
  const plant = async (name: PersonName, payload: Payload, decision: unknown): Promise<void> => {
    const data = typeof decision === 'string' ? decision : JSON.stringify(decision);
    await table.write([{ type: 'put', ...personKey(hashFor(payload), name), data }]);
  };
  return {
    ...world,
    policyOf,
    hashFor,
    sign,
    plant,
    /** Signs and stores a decision. */
    vote: async (...args: Parameters<typeof sign>): Promise<void> => {
      const [name, , payload] = args;
      await plant(name, payload, sign(...args));
    },
    /** @returns the state of a held request */
    held: async (payload: Payload): Promise<HeldState | undefined> => {
      const [item] = await table.read([heldKeyOf(askedOf(parseRequest(payload)))]);
      return item && readHeld(item.data);
    },
    /** @returns what waits for people */
    waiting: async () => {
      const found = [];
      for await (const { data } of table.query(WAITING)) found.push(readWaiting(data));
      return found;
    },
  };
}
