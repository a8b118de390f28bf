// Holds in the policy commands: test cases say what people decide, replays and explanations know what they had decided.
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createPolicyProgram } from '../../../cli/policy/program.js';
import { recordFacts } from '../../../src/policy/evaluate/record.js';
import { initiator } from '../../helpers/announced.js';
import { runInProcess } from '../../helpers/cli.js';
import { passkeyOf } from '../../helpers/holds.js';
import { request } from '../../helpers/policy.js';

const KEY = initiator().publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const PASSKEYS = [passkeyOf('alice'), passkeyOf('bob')] as const;

const policyWith = (hold = '', alice: string = PASSKEYS[0]): string => `version: 1
approvers:
  alice: { name: Alice Example, passkeys: ["${alice}"] }
  bob: { name: Bob Example, passkeys: ["${PASSKEYS[1]}"] }
  carol: { name: Carol Example, passkeys: [] }
holds:
  treasury: { of: [alice, bob, carol], quorum: 2 ${hold} }
rules:
  - { id: small, for: transaction, when: 'tx.amount <= decimal("10")', action: approve }
  - { id: large, for: transaction, when: "true", action: hold, hold: treasury }
`;
const POLICY = policyWith();

async function run(t: Test, files: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const cwd = t.testdir({ 'policy.yaml': POLICY, ...files });
  const paths = args.map((arg) => (/^[\w-]+\.(?:yaml|ndjson)$/.test(arg) ? join(cwd, arg) : arg));
  return runInProcess(createPolicyProgram, [...paths, '--policy', join(cwd, 'policy.yaml')]);
}

const PAYLOAD = '{ operation: TRANSFER, txId: t, requestId: q, amountStr: "11" }';
const SIGNING = '{ operation: TRANSFER, txId: t, requestId: s, amountStr: "11", fee: "0.1" }';

/** A case with the keys besides its name and payload. */
function caseOf(rest: string, payload = PAYLOAD): string {
  return `cases: [{ name: c, payload: ${payload}, ${rest} }]`;
}

async function testCase(t: Test, text: string, policy = POLICY): Promise<string> {
  const { stdout, stderr } = await run(
    t,
    { 'cases.yaml': text, 'policy.yaml': policy },
    'test',
    'cases.yaml',
  );
  return stderr === '' ? (/^(?:ok|FAILED).*$/m.exec(stdout)?.[0] ?? '') : stderr;
}

t.test('a case says what people decide, also those without a passkey yet', async (t) => {
  for (const [people, action] of [
    ['', 'retry'],
    ['people: {},', 'retry'],
    ['people: { alice: approve },', 'retry'],
    ['people: { alice: approve, carol: approve },', 'approve'],
    ['people: { alice: approve, carol: approve, bob: reject },', 'reject'],
  ] as const) {
    t.match(await testCase(t, caseOf(`${people} expect: { action: ${action}, rule: large }`)), /^ok/, people);
  }
});

t.test('a case shows what happens at the expiry', async (t) => {
  const earlier = `earlier: [{ payload: ${PAYLOAD}, now: 2026-03-02T10:00:00Z }]`;
  for (const [now, action] of [
    ['2026-03-02T10:49:59Z', 'approve'],
    ['2026-03-02T10:50:00Z', 'reject'],
  ] as const) {
    const text = caseOf(
      `${earlier}, now: ${now}, people: { alice: approve, bob: approve }, expect: { action: ${action} }`,
    );
    t.match(await testCase(t, text), /^ok/, now);
  }
});

t.test('a case shows that a quorum at the approval counts at the signing', async (t) => {
  for (const [people, payload, action] of [
    ['alice: approve, bob: approve', SIGNING, 'approve'],
    ['alice: approve', SIGNING, 'retry'],
    ['alice: approve, bob: approve', SIGNING.replace('"11"', '"12"'), 'reject'],
  ] as const) {
    const text = caseOf(
      `earlier: [{ payload: ${PAYLOAD}, people: { ${people} } }], expect: { action: ${action} }`,
      payload,
    );
    t.match(await testCase(t, text), /^ok/, `${people} ${payload}`);
  }
});

t.test('a case that says something about people in vain is an error', async (t) => {
  t.match(
    await testCase(t, caseOf('people: { allice: approve }, expect: { action: retry }')),
    /says what allice decides, who is no approver of the policy; did you mean "alice"\?/,
  );
  t.match(
    await testCase(
      t,
      caseOf('people: { alice: approve }, expect: { action: approve }', '{ amountStr: "1" }'),
    ),
    /says what people decide, but no rule holds this request/,
  );
  t.match(await testCase(t, caseOf('people: { alice: yes }, expect: { action: approve }')), /people\.alice/);
});

t.test('a mutation test changes the quorum', async (t) => {
  const text = `cases:
  - { name: a, payload: { amountStr: "10" }, expect: { action: approve, rule: small } }
  - { name: b, payload: { amountStr: "10.1" }, people: { alice: approve, bob: approve }, expect: { action: approve } }
`;
  const few = await run(t, { 'cases.yaml': text }, 'test', 'cases.yaml', '--mutate');
  t.match(few.stdout, /policy\.yaml:7:48\n {2}quorum: 2 -> quorum: 1\n/);
  t.notMatch(few.stdout, 'quorum: 2 -> quorum: 3');
});

const TIME = '2026-11-26T12:03:00.000Z';

/** A decision line as the service writes it. */
function line(action: string, hold: object | undefined, payload: object = {}): string {
  const sent = { operation: 'TRANSFER', txId: 't', requestId: 'q', amountStr: '11', ...payload };
  return JSON.stringify({
    ...{
      time: TIME,
      event: 'decision',
      kind: 'transaction',
      requestId: sent.requestId,
      action,
      rule: 'large',
    },
    ...recordFacts(request(sent)),
    ...(hold !== undefined && { hold }),
  });
}

const REPORT = {
  ...{ name: 'treasury', state: 'approved', quorum: 2, approvals: ['alice', 'bob'] },
  ...{ since: '2026-11-26T12:00:00.000Z', expires: '2026-11-26T12:50:00.000Z' },
};

t.test('a replay counts what people had decided, under the policy that it is given', async (t) => {
  const changes = async (policy: string, ...lines: readonly string[]): Promise<object[]> => {
    const files = { 'policy.yaml': policy, 'log.ndjson': lines.join('\n') };
    const { stdout } = await run(t, files, 'replay', 'log.ndjson', '--json');
    return (JSON.parse(stdout) as { changes: object[] }).changes;
  };
  const approved = line('APPROVE', REPORT);
  t.strictSame(await changes(POLICY, line('RETRY', undefined), approved), []);
  t.strictSame(await changes(POLICY, line('APPROVE', { ...REPORT, carried: true }, { fee: '0.1' })), []);
  const rejected = { ...REPORT, state: 'rejected', approvals: [], rejectedBy: 'carol' };
  t.strictSame(
    await changes(policyWith('', passkeyOf('new')), approved),
    [],
    'another passkey of the same person',
  );
  t.match(await changes(POLICY, line('REJECT', rejected)), [{ to: { action: 'RETRY' } }], 'has no passkey');
  t.strictSame(await changes(POLICY, line('REJECT', { ...rejected, rejectedBy: 'bob' })), []);
  t.match(await changes(policyWith(', expires: 2m'), approved), [{ to: { action: 'REJECT' } }]);
  t.match(await changes(POLICY.replace('quorum: 2', 'quorum: 3'), approved), [{ to: { action: 'RETRY' } }]);
  t.match(await changes(POLICY, line('APPROVE', undefined)), [{ to: { action: 'RETRY', rule: 'large' } }]);
});

t.test('a replay does not guess who initiated a transaction, which is not logged', async (t) => {
  const policy = policyWith(', notInitiator: alice').replace(
    'rules:',
    `initiators: { alice: { key: "${KEY}" } }\nrules:`,
  );
  const replay = async (text: string): Promise<object> => {
    const files = { 'policy.yaml': policy, 'log.ndjson': text };
    return JSON.parse((await run(t, files, 'replay', 'log.ndjson', '--json')).stdout) as object;
  };
  const proven = { extraParameters: { message: '{}', extraSignature: 'AA==' } };
  t.match(await replay(line('APPROVE', REPORT, proven)), { notReplayable: ['q'], changes: [] });
  t.match(await replay(line('RETRY', { ...REPORT, approvals: ['bob'] })), { replayed: 1, changes: [] });
});

t.test('an explanation shows who is asked, who has decided, and until when', async (t) => {
  const fresh = await run(t, {}, 'explain', '{"requestId":"q","txId":"t","amountStr":"11"}');
  t.match(fresh.stdout, /\nMATCH {2}large {2}HOLD\n/);
  t.match(
    fresh.stdout,
    `
WAIT   hold treasury  waiting: 0 of 2 approvals
         alice (Alice Example)
         bob (Bob Example)
         carol (Carol Example)    has no passkey in the policy
         expires 50 min after the first try, then REJECT
RETRY by large
`,
  );
  const report = { ...REPORT, state: 'waiting', approvals: ['bob'] };
  const logged = await run(t, {}, 'explain', line('RETRY', report));
  t.equal(logged.code, 0, logged.stdout);
  t.match(logged.stdout, /\nWAIT {3}hold treasury {2}waiting: 1 of 2 approvals\n/);
  t.match(logged.stdout, /\n {9}bob \(Bob Example\) +approved\n/);
  t.match(
    logged.stdout,
    '\n         since 2026-11-26T12:00:00.000Z; expires 2026-11-26T12:50:00.000Z, then REJECT\n',
  );
  const { stdout } = await run(t, {}, 'explain', line('APPROVE', REPORT), '--json');
  t.match(JSON.parse(stdout), {
    decision: { action: 'APPROVE', hold: { state: 'approved' } },
    hold: {
      ...{ name: 'treasury', state: 'approved', heldBefore: true, onExpiry: 'REJECT' },
      of: [{ key: 'alice', decided: 'approved' }, {}, { key: 'carol', decided: 'no', cannot: /no passkey/ }],
    },
    logged: { same: true },
  });
});
