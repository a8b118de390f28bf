// One store in memory, processes that decide with it, and a clock of its own.
import type { Test } from 'tap';
import { DecisionMemory, type Exchange } from '../../src/memory/decide.js';
import { Keeper } from '../../src/memory/keeper.js';
import type { PolicyDecision } from '../../src/policy/evaluate/decide.js';
import { decideBy, type Policy } from '../../src/policy/evaluate/rules.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import type { Action } from '../../src/protocol/decision.js';
import { importCallbackKey } from '../../src/protocol/key.js';
import { parseRequest } from '../../src/protocol/request.js';
import { signAnswer } from '../../src/protocol/sign-answer.js';
import type { Blobs } from '../../src/store/blobs.js';
import { createJournal } from '../../src/store/create-journal.js';
import { recordPartition } from '../../src/store/keys.js';
import type { DecisionRecord, StoredRecord } from '../../src/store/record.js';
import type { Table } from '../../src/store/table.js';
import { rsaPair } from './keys.js';
import { memoryLog } from './log.js';
import { MemoryBlobs } from './memory-blobs.js';
import { type Fault, MemoryTable } from './memory-table.js';

export const callbackKey = importCallbackKey(rsaPair().privatePem);
export const otherKey = importCallbackKey(rsaPair().privatePem);
export const HOUR = 3_600_000;
const START = Date.parse('2026-11-26T10:00:00Z');

export const LIMIT = `version: 1
limits:
  daily: { amount: tx.amount, window: 24h, max: "10" }
rules:
  - { id: all, for: transaction, when: 'true', action: approve }
  - { id: changes, for: configuration, when: 'true', action: approve }
`;

export type Payload = Record<string, unknown>;

/** One store in memory, and processes that use it. */
export function memoryWorld(t: Test, yaml = LIMIT) {
  const state = worldState(yaml, START);
  const table = new MemoryTable({
    now: () => state.now,
    fault: (operation) => (operation === 'write' ? state.fault : undefined),
  });
  t.teardown(() => table.close());
  return { ...worldOn(table, state, new MemoryBlobs()), table };
}

export type WorldState = ReturnType<typeof worldState>;

/** @param now Unix time in ms */
export function worldState(yaml: string, now: number) {
  return {
    now,
    policy: parsePolicy(yaml, 'test'),
    emergency: undefined as PolicyDecision | undefined,
    fault: undefined as Fault | undefined,
    /** Instead of what the policy decides. */
    action: undefined as Action | undefined,
    lost: false,
    /** Of the console. */
    origin: undefined as string | undefined,
    patienceMs: 5000,
    /** Called after each decision, before it is written; a promise is waited for. */
    meanwhile: (): void | Promise<void> => undefined,
  };
}

/** Processes that use a table. */
export function worldOn<Kept extends Blobs>(table: Table, state: WorldState, blobs: Kept) {
  const now = (): number => state.now;
  const process = (key = callbackKey, auth: Exchange['auth'] = 'json') => {
    const { log, lines } = memoryLog();
    const keeper = new Keeper(blobs, 400);
    let meanwhile: void | Promise<void>;
    const start = { type: 'start', at: '', version: '', task: '' } as const;
    const memory = new DecisionMemory({
      ...{ table, log, retentionDays: 400, keeper, origin: state.origin },
      journal: createJournal({ table, blobs, start, retentionSeconds: 1e7, now, patienceMs: 200 }),
      loss: { isLost: state.lost, report: () => (state.lost = true) },
      policy: {
        get current(): Policy {
          return state.policy;
        },
      },
      emergency: () => state.emergency,
      decideBy: (policy, request, at, known, signed) => {
        const decision = decideBy(policy, request, at, signed, Infinity, known);
        meanwhile = state.meanwhile();
        return state.action === undefined ? decision : { ...decision, action: state.action };
      },
      now: () => new Date(now()),
    });
    const ask = async (payload: Payload) => {
      const exchange: Exchange = {
        ...{ auth, body: JSON.stringify(payload), cosignerKey: undefined, callbackKey: key },
        encode: async (answer) => {
          await meanwhile;
          return auth === 'jwt' ? signAnswer(answer, key) : JSON.stringify(answer);
        },
        deadline: performance.now() + state.patienceMs,
      };
      return memory.decide(parseRequest(payload), exchange);
    };
    return { ask, lines, keeper };
  };
  const records = async (): Promise<DecisionRecord[]> => {
    const found: DecisionRecord[] = [];
    for await (const item of table.scan(recordPartition(''))) {
      const { body } = JSON.parse(item.data) as StoredRecord;
      if ('type' in body && body.type === 'decision') found.push(body);
    }
    return found;
  };
  return { state, blobs, process, records };
}

export function payment(id: string, amount = '4', more: Payload = {}): Payload {
  return {
    ...{ requestId: id, txId: id, operation: 'TRANSFER', asset: 'COIN', amountStr: amount },
    ...{ sourceType: 'VAULT', sourceId: '0' },
    destinations: [{ dstAddress: 'somewhere', amountNativeStr: amount }],
    ...more,
  };
}

export function signing(id: string, amount = '4', more: Payload = {}): Payload {
  return payment(id, amount, {
    fee: '0.1',
    destinations: [{ displayDstAddress: 'somewhere', dstAddress: 'somewhere', amountNativeStr: amount }],
    ...more,
  });
}
