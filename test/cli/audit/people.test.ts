// Tests that an audit verifies what people signed, and shows who decided.
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createAuditProgram } from '../../../cli/audit/program.js';
import { peopleRows } from '../../../cli/audit/people-rows.js';
import { verifyStore } from '../../../cli/audit/verify/verify.js';
import { repeatDecision } from '../../../src/memory/repeat.js';
import { hashOf, NO_RECORD } from '../../../src/store/chain.js';
import { HEADS, recordPartition } from '../../../src/store/keys.js';
import type { DecisionRecord, StoredRecord } from '../../../src/store/record.js';
import { openStore } from '../../../src/store/open.js';
import { runInProcess } from '../../helpers/cli.js';
import { heldWorld, heldWorldOn } from '../../helpers/held-world.js';
import type { MemoryTable } from '../../helpers/memory-table.js';
import { payment, signing, worldState } from '../../helpers/memory-world.js';

/** A payment that two people approved, and its signing; and one that somebody rejected. */
async function decided(t: Test) {
  const world = heldWorld(t);
  const { process, vote, state } = world;
  const { ask } = process();
  await ask(payment('a'));
  await vote('alice', 'approve', payment('a'), { reason: 'as\nagreed' });
  await vote('bob', 'approve', payment('a'));
  await ask(payment('a'));
  await ask(signing('a'));
  await ask(payment('b'));
  await vote('carol', 'reject', payment('b'), { reason: 'unknown payee' });
  await ask(payment('b'));
  const verify = () => verifyStore(world, { now: state.now });
  return { ...world, verify };
}

/** Changes records, and everything that follows from them: as if they had been written so. */
function rewrite(table: MemoryTable, change: (record: DecisionRecord) => DecisionRecord): void {
  const records = table.all().filter(({ partition }) => partition.startsWith(recordPartition('')));
  let previous = NO_RECORD;
  for (const item of records) {
    const { body, ...link } = JSON.parse(item.data) as StoredRecord;
    const changed = 'type' in body && body.type === 'decision' ? change(body) : body;
    const data = JSON.stringify({ ...link, previous, body: changed });
    table.tamper(item, { ...item, data });
    previous = hashOf(data);
  }
  const head = table.all().find(({ partition }) => partition === HEADS);
  if (head === undefined) throw new Error('there is no head');
  const data = JSON.stringify({ ...(JSON.parse(head.data) as object), hash: previous });
  table.tamper(head, { ...head, data });
}

t.test('what people signed is verified again, and decides again', async (t) => {
  const { verify, records, state } = await decided(t);
  t.match(await verify(), { problems: [], decisions: 5, repeated: 5, assertions: 3 });
  for (const record of await records()) {
    const { action, rule, people } = record;
    const verified = people?.decisions.length ?? 0;
    t.match(await repeatDecision(record, state.policy), { action, rule, verified, forged: [] });
  }
});

t.test('a record whose text was rewritten as it was is as it was', async (t) => {
  const { verify, table } = await decided(t);
  rewrite(table, (record) => record);
  t.match(await verify(), { problems: [], assertions: 3 });
});

type Change = (record: DecisionRecord) => DecisionRecord;

/** Changes the decisions of people in the record of an APPROVE. */
function changed(change: (decisions: readonly Record<string, unknown>[]) => readonly unknown[]): Change {
  return (record) => {
    const { people, action } = record;
    if (people === undefined || action !== 'APPROVE') return record;
    return {
      ...record,
      people: { ...people, decisions: change(people.decisions as Record<string, unknown>[]) },
    };
  };
}

const FORGERIES: Readonly<Record<string, Change>> = {
  'a signature that was altered': changed(([alice = {}, bob = {}]) => [
    alice,
    { ...bob, assertion: withSignature(bob['assertion']) },
  ]),
  'a decision under another name': changed(([alice = {}, bob = {}]) => [
    alice,
    { ...bob, approver: 'carol' },
  ]),
  'a decision that was doubled': changed(([alice = {}]) => [alice, alice]),
  'a decision that was removed': changed(([alice = {}]) => [alice]),
  'a rejection made an approval': (record) => {
    if (record.action !== 'REJECT') return record;
    const people = record.people && {
      ...record.people,
      decisions: record.people.decisions.map((decision) => ({ ...(decision as object), verdict: 'approve' })),
    };
    return { ...record, people };
  },
  'another origin': (record) =>
    record.people === undefined
      ? record
      : { ...record, people: { ...record.people, origin: 'https://x.example' } },
};

function withSignature(assertion: unknown): unknown {
  const { response, ...rest } = assertion as { response: { signature: string } };
  const { signature } = response;
  const altered = `${signature.slice(0, -4)}${signature.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;
  return { ...rest, response: { ...response, signature: altered } };
}

t.test('a record does not verify, although its chain does, with…', async (t) => {
  for (const [name, forge] of Object.entries(FORGERIES)) {
    const { verify, table } = await decided(t);
    rewrite(table, forge);
    const { problems } = await verify();
    const whats = new Set(problems.map(({ what }) => what));
    t.ok(whats.has('decision'), `… ${name}`);
    t.equal(whats.has('signature'), true, 'and says what');
    t.notOk(whats.has('altered'));
  }
});

t.test('approvals that count at the signing must be in a record of the approval', async (t) => {
  const { verify, table } = await decided(t);
  rewrite(table, (record) => {
    if (record.stage !== 'signing') return record;
    const text = JSON.stringify(record.memory).replaceAll('"bob"', '"carol"');
    return { ...record, memory: JSON.parse(text) as unknown };
  });
  const { problems } = await verify();
  t.match(
    problems.filter(({ what }) => what === 'signature'),
    [{ message: /counts an approval of carol that no record of its approval has/ }],
  );
});

t.test('`audit show` says who decided, by the names in the policy', async (t) => {
  const path = join(t.testdir(), 'store');
  const store = await openStore({ path });
  const state = worldState('version: 1\nrules: []\n', Date.now());
  const { process, vote } = heldWorldOn(store, state);
  const { ask } = process();
  await ask(payment('a'));
  await vote('alice', 'reject', payment('a'), { reason: 'unknown payee\u001b[2J' });
  await ask(payment('a'));
  await store.table.close();
  const fail = (error: unknown): never => {
    throw error;
  };
  const shown = await runInProcess(createAuditProgram, ['show', 'a', '--store-path', path], fail, true);
  t.match(shown.stdout, /hold +treasury, waiting: 0 of 2; from/);
  t.match(shown.stdout, /alice +alice Example rejected at 20.+: unknown payee/);
  t.notMatch(shown.stdout, '\u001b[2J');
});

t.test('who decided is shown, with time and reason', async (t) => {
  const { records } = await decided(t);
  const nameOf = (approver: string) => (approver === 'alice' ? 'Alice Example' : undefined);
  const [, approved, signed, , rejected] = await records();
  if (approved === undefined || signed === undefined || rejected === undefined) throw new Error('no records');
  const times = 'from 2026-11-26T10:00:00.000Z to 2026-11-26T10:50:00.000Z';
  t.strictSame(peopleRows(approved, nameOf), [
    ['hold', `treasury, approved: 2 of 2 (alice, bob); ${times}`],
    ['alice', 'Alice Example approved at 2026-11-26T10:00:00.000Z: as\nagreed'],
    ['bob', 'bob approved at 2026-11-26T10:00:00.000Z'],
  ]);
  t.strictSame(peopleRows(signed, nameOf), [
    ['hold', `treasury, approved: 2 of 2 (alice, bob); approved at the approval; ${times}`],
  ]);
  t.strictSame(peopleRows(rejected, nameOf), [
    ['hold', `treasury, rejected: 0 of 2; ${times}`],
    ['carol', 'carol rejected at 2026-11-26T10:00:00.000Z: unknown payee'],
  ]);
});
