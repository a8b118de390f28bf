// Tests four built handlers and two built consoles on one table: people decide at both consoles at once, while handlers
// and consoles are killed. Nothing is approved below the quorum, and nothing twice.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { readHeld } from '../../src/memory/held.js';
import { askedOf, hashOf, heldKeyOf } from '../../src/memory/recall.js';
import { parseRequest } from '../../src/protocol/request.js';
import { DynamoTable } from '../../src/store/dynamodb.js';
import { recordPartition, WAITING } from '../../src/store/keys.js';
import type { StoredRecord } from '../../src/store/record.js';
import type { Table } from '../../src/store/table.js';
import { type ConsoleAddress, decideAt, signInAt } from '../helpers/console-client.js';
import { type Fleet, startFleet } from '../helpers/fleet.js';
import { createPeople, heldPolicy, ORIGIN, PEOPLE, type PersonName } from '../helpers/held-people.js';
import { payment } from '../helpers/memory-world.js';
import { storeWorld } from '../helpers/moto-store.js';
import { ROOT } from '../helpers/paths.js';
import { freePort } from '../helpers/port.js';
import { handlerOf, until } from '../helpers/process.js';

const HANDLERS = 4;
const REQUESTS = 6;
const ROUNDS = 2;
/** A handler and a console are killed this often, in ms. */
const KILL_EVERY_MS = 1000;

const people = createPeople();

/** A console's process, which is killed and started again on its port. */
class ConsoleProcess {
  readonly address: ConsoleAddress;
  readonly #start: () => ReturnType<typeof handlerOf>;
  #process: ReturnType<typeof handlerOf>;
  readonly #cookies = new Map<PersonName, string>();

  constructor(t: Test, port: number, cwd: string, env: Readonly<Record<string, string>>) {
    this.address = { port, origin: ORIGIN };
    this.#start = () =>
      handlerOf(
        t,
        spawn(process.execPath, [join(ROOT, 'dist/console.js')], {
          cwd,
          env: {
            ...process.env,
            ...env,
            HOST: '127.0.0.1',
            CONSOLE_PORT: String(port),
            CONSOLE_ORIGIN: ORIGIN,
          },
          stdio: ['ignore', 'pipe', 'pipe'],
        }),
      );
    this.#process = this.#start();
  }

  async listening(): Promise<void> {
    await this.#process.line({ event: 'console_listening' }, 60_000);
  }

  async restart(): Promise<void> {
    const exited = once(this.#process.child, 'exit');
    this.#process.child.kill('SIGKILL');
    await exited;
    this.#process = this.#start();
    await this.listening();
  }

  /** Decides, however often the process is killed. @returns whether it was stored; false: this person has decided */
  async decide(name: PersonName, requestId: string, hash: string, verdict: string): Promise<boolean> {
    const [passkey] = people[name];
    const decided = await until(async () => {
      try {
        const cookie = this.#cookies.get(name) ?? (await signInAt(this.address, passkey));
        this.#cookies.set(name, cookie);
        const { status } = await decideAt(this.address, cookie, passkey, { requestId, hash, verdict });
        return status === 200 || status === 409 ? { isStored: status === 200 } : undefined;
      } catch {
        return undefined;
      }
    }, 60_000);
    if (decided === undefined) throw new Error(`${name} could not decide`);
    return decided.isStored;
  }
}

t.test('never below the quorum, and never twice', { timeout: 600_000 }, async (t) => {
  const { moto, cwd, keys, env: base } = await storeWorld(t, heldPolicy(people));
  const env = { ...base, CONSOLE_ORIGIN: ORIGIN };
  const fleet = await startFleet(t, HANDLERS, { cwd, env }, keys);
  const consoles = [
    new ConsoleProcess(t, await freePort(), cwd, env),
    new ConsoleProcess(t, await freePort(), cwd, env),
  ] as const;
  await Promise.all(consoles.map((each) => each.listening()));
  const table = new DynamoTable(base.STORE_TABLE, { createClient: () => moto.client(), timeoutMs: 30_000 });
  t.teardown(() => table.close());

  const running = new AbortController();
  const killing = killAll(fleet, consoles, running.signal);
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all(
      Array.from({ length: REQUESTS }, (_, place) => decideOne(t, { fleet, consoles, table }, place)),
    );
  }
  running.abort();
  t.comment(`${await killing} processes were killed`);
  await assertRecords(t, table);
});

async function killAll(
  fleet: Fleet,
  consoles: readonly [ConsoleProcess, ConsoleProcess],
  signal: AbortSignal,
): Promise<number> {
  let kills = 0;
  while (!signal.aborted) {
    await sleep(KILL_EVERY_MS);
    await Promise.all([fleet.restart(kills % HANDLERS), consoles[kills % 2]?.restart()]);
    kills += 2;
  }
  return kills;
}

interface World {
  readonly fleet: Fleet;
  readonly consoles: readonly [ConsoleProcess, ConsoleProcess];
  readonly table: Table;
}

/** Everybody decides at both consoles at once; one of three requests is rejected by one of them. */
async function decideOne(t: Test, { fleet, consoles, table }: World, place: number): Promise<void> {
  const payload = payment(randomUUID());
  const asked = askedOf(parseRequest(payload));
  const hash = hashOf(asked);
  const { requestId } = asked.request;
  const asking = Promise.all([place, place + 1].map((at) => fleet.ask(payload, at)));
  const tries = async (): Promise<number | undefined> => {
    const [item] = await table.read([heldKeyOf(asked)]);
    return item && readHeld(item.data).tries;
  };
  const decide = (name: PersonName, verdict: string): Promise<boolean[]> =>
    Promise.all(consoles.map((each) => each.decide(name, requestId, hash, verdict)));
  await until(tries, 60_000);
  const isRejected = place % 3 === 2;
  const first = await decide('alice', isRejected ? 'reject' : 'approve');
  if (!isRejected) {
    const before = (await tries()) ?? 0;
    await until(async () => ((await tries()) ?? 0) > before + 1 || undefined, 60_000);
    const [item] = await table.read([heldKeyOf(asked)]);
    t.equal(readHeld(item?.data ?? '').done, undefined, 'one approval is not enough');
  }
  const others = isRejected
    ? []
    : await Promise.all(['bob', 'carol'].map((name) => decide(name as PersonName, 'approve')));
  const finals = (await asking).map((answers) => answers.at(-1));
  const expected = isRejected ? 'REJECT' : 'APPROVE';
  t.strictSame(finals, [expected, expected], 'one final answer');
  for (const stored of [first, ...others]) {
    t.ok(stored.filter(Boolean).length <= 1, 'each person decides once');
  }
}

async function assertRecords(t: Test, table: Table): Promise<void> {
  const finals = new Map<string, number>();
  for await (const { data } of table.scan(recordPartition(''))) {
    const { body } = JSON.parse(data) as StoredRecord;
    if (!('type' in body) || body.type !== 'decision' || body.action === 'RETRY') continue;
    finals.set(body.requestId, (finals.get(body.requestId) ?? 0) + 1);
    const verdicts = (body.people?.decisions ?? []) as readonly { verdict: string; approver: string }[];
    const approvals = new Set(
      verdicts.filter(({ verdict }) => verdict === 'approve').map((each) => each.approver),
    );
    if (body.action === 'APPROVE') t.ok(approvals.size >= 2, 'approved by two people');
    t.ok([...approvals].every((name) => PEOPLE.some((each) => each === name)));
  }
  t.equal(finals.size, REQUESTS * ROUNDS);
  t.ok(
    [...finals.values()].every((count) => count === 1),
    'each final answer is recorded once',
  );
  for await (const { data } of table.query(WAITING)) t.fail(`waits still: ${data}`);
}
