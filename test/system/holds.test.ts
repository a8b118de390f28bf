// Tests with several real processes on one store that nothing is approved before enough people have approved it, and
// nothing twice, whatever is stored at the same time, and whoever is killed.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { keysIn } from '../../cli/cosigner/keys.js';
import { LOCAL_KEY_DIRECTORY } from '../../src/config.js';
import { createMissingKeys } from '../../src/keys/directory.js';
import { readHeld } from '../../src/memory/held.js';
import { askedOf, hashOf, heldKeyOf } from '../../src/memory/recall.js';
import { parseRequest } from '../../src/protocol/request.js';
import { DynamoTable } from '../../src/store/dynamodb.js';
import { personKey, recordPartition, WAITING } from '../../src/store/keys.js';
import { openStore } from '../../src/store/open.js';
import type { DecisionRecord, StoredRecord } from '../../src/store/record.js';
import type { Table } from '../../src/store/table.js';
import { type Ran, runAudit } from '../helpers/cli.js';
import { DecisionWriter } from '../helpers/decision-writers.js';
import { type Fleet, startFleet } from '../helpers/fleet.js';
import {
  createPeople,
  heldPolicy,
  ORIGIN,
  type PersonName,
  signAs,
  type Trick,
} from '../helpers/held-people.js';
import { payment, type Payload } from '../helpers/memory-world.js';
import { storeWorld } from '../helpers/moto-store.js';
import { until } from '../helpers/process.js';

const SIZE = 4;
/** How many requests are decided at once, and how often. */
const REQUESTS = 8;
const ROUNDS: Readonly<Record<string, number>> = { embedded: 15, DynamoDB: 2 };
/** A handler and a console are killed this often, in ms. */
const KILL_EVERY_MS = 500;

const people = createPeople();
const POLICY = heldPolicy(people);
/** Of its own, because the handlers' consoles are not used. */
const ENV = { CONSOLE_ORIGIN: ORIGIN };

interface Setup {
  readonly fleet: Fleet;
  readonly table: Table;
  /** They stand for two consoles. */
  readonly writers: readonly [DecisionWriter, DecisionWriter];
  /** Runs the audit, beside the running processes. */
  readonly verify: () => Promise<Ran>;
}

const SETUPS: Readonly<Record<string, (t: Test) => Promise<Setup>>> = {
  embedded: async (t) => {
    const cwd = t.testdir({ '.local': { 'policy.yaml': POLICY } });
    await createMissingKeys(join(cwd, LOCAL_KEY_DIRECTORY));
    const env = { ...ENV, POLICY_FILE: join(cwd, '.local/policy.yaml') };
    const keys = keysIn(join(cwd, LOCAL_KEY_DIRECTORY));
    const fleet = await startFleet(t, SIZE, { cwd, env, args: ['--local'] }, keys);
    const place = { path: join(cwd, '.local/store') };
    const { table } = await openStore(place);
    t.teardown(() => table.close());
    const writers = [new DecisionWriter(t, { place }), new DecisionWriter(t, { place })] as const;
    return { fleet, table, writers, verify: () => runAudit(['verify'], { cwd }) };
  },
  DynamoDB: async (t) => {
    const { moto, cwd, keys, env: base } = await storeWorld(t, POLICY);
    const env = { ...base, ...ENV };
    const fleet = await startFleet(t, SIZE, { cwd, env }, keys);
    const table = new DynamoTable(base.STORE_TABLE, { createClient: () => moto.client(), timeoutMs: 30_000 });
    t.teardown(() => table.close());
    const place = { table: base.STORE_TABLE };
    const writers = [new DecisionWriter(t, { place, env }), new DecisionWriter(t, { place, env })] as const;
    return {
      fleet,
      table,
      writers,
      verify: () => runAudit(['verify', '--table', base.STORE_TABLE], { cwd, env }),
    };
  },
};

for (const [name, setUp] of Object.entries(SETUPS)) {
  t.test(
    `${name}: never below the quorum and never twice, while processes are killed`,
    { timeout: 600_000 },
    async (t) => {
      const setup = await setUp(t);
      const running = new AbortController();
      const killing = killAll(setup, running.signal);
      for (let round = 0; round < (ROUNDS[name] ?? 0); round++) {
        await Promise.all(Array.from({ length: REQUESTS }, (_, place) => decideOne(t, setup, place)));
      }
      running.abort();
      t.comment(`${await killing} processes were killed`);
      await assertRecords(t, setup);
    },
  );
}

/** @returns how many processes were killed */
async function killAll({ fleet, writers }: Setup, signal: AbortSignal): Promise<number> {
  let kills = 0;
  while (!signal.aborted) {
    await sleep(KILL_EVERY_MS);
    await Promise.all([fleet.restart(kills % SIZE), writers[kills % 2]?.restart()]);
    kills += 2;
  }
  return kills;
}

/** Two Co-signers ask about one request, and people decide meanwhile: at every fourth one, somebody rejects. */
async function decideOne(t: Test, { fleet, table, writers }: Setup, place: number): Promise<void> {
  const payload = payment(randomUUID());
  const asking = [place, place + 1].map(async (at) => {
    const answers = await fleet.ask(payload, at);
    return { action: answers.at(-1), at: performance.now() };
  });
  const heldKey = heldKeyOf(askedOf(parseRequest(payload)));
  const tries = async (): Promise<number> => {
    const [item] = await table.read([heldKey]);
    return item === undefined ? 0 : readHeld(item.data).tries;
  };
  /** Waits until the request was tried again. */
  const again = async (): Promise<void> => {
    const before = await tries();
    await until(async () => ((await tries()) > before ? true : undefined), 60_000);
  };
  const store = (approver: PersonName, ...given: Given): Promise<boolean[]> =>
    storeTwice(writers, payload, approver, ...given);

  await again();
  const isRejected = place % 4 === 3;
  await store('alice', 'approve');
  if (isRejected) await store('bob', 'approve', { by: 'alice' });
  await again();
  await again();
  const lastAt = performance.now();
  const stored = isRejected ? await store('carol', 'reject') : await storeAtOnce(store);
  const finals = await Promise.all(asking);
  const expected = isRejected ? 'REJECT' : 'APPROVE';
  t.strictSame(
    finals.map(({ action }) => action),
    [expected, expected],
    'one final answer',
  );
  t.ok(
    finals.every(({ at }) => at >= lastAt),
    'not before the last decision was stored',
  );
  t.ok(stored.filter(Boolean).length <= stored.length / 2, 'each decision was stored once');
}

type Given = [verdict: 'approve' | 'reject', trick?: Trick];

async function storeAtOnce(
  store: (approver: PersonName, ...given: Given) => Promise<boolean[]>,
): Promise<boolean[]> {
  const stored = await Promise.all([store('bob', 'approve'), store('carol', 'approve')]);
  return stored.flat();
}

/** Both consoles store one decision. @returns which one was first; neither, if the first one was killed meanwhile */
async function storeTwice(
  writers: Setup['writers'],
  payload: Payload,
  approver: PersonName,
  ...[verdict, trick]: Given
): Promise<boolean[]> {
  const hash = hashOf(askedOf(parseRequest(payload)));
  const decision = signAs(people, approver, verdict, { hash, at: new Date().toISOString(), ...trick });
  const data = JSON.stringify(decision);
  return Promise.all(writers.map((writer) => writer.store(personKey(hash, approver), data)));
}

async function assertRecords(t: Test, { table, verify }: Setup): Promise<void> {
  const finals = new Map<string, string[]>();
  for await (const { data } of table.scan(recordPartition(''))) {
    const { body } = JSON.parse(data) as StoredRecord;
    if (!('type' in body) || body.type !== 'decision' || body.action === 'RETRY') continue;
    finals.set(body.requestId, [...(finals.get(body.requestId) ?? []), body.action]);
    if (body.action === 'APPROVE') t.ok(approvalsIn(body) >= 2, 'with the approvals of two');
  }
  t.ok(finals.size > 0);
  t.ok(
    [...finals.values()].every(({ length }) => length === 1),
    'each final answer is recorded once',
  );
  const waiting = [];
  for await (const { data } of table.query(WAITING)) waiting.push(data);
  t.strictSame(waiting, [], 'nothing waits any more');
  const audit = await verify();
  t.equal(audit.code, 0, audit.stdout);
  t.match(audit.stdout, /assertions verified/);
}

function approvalsIn({ people: decided }: DecisionRecord): number {
  const decisions = (decided?.decisions ?? []) as readonly {
    readonly verdict: string;
    readonly approver: string;
  }[];
  return new Set(decisions.filter(({ verdict }) => verdict === 'approve').map(({ approver }) => approver))
    .size;
}
