import t from 'tap';
import { CurrentPolicy, MissingPolicyError } from '../../src/sources/policy.js';
import { PolicyError } from '../../src/policy/parse/problem.js';
import { SourceError } from '../../src/sources/source.js';
import { memoryLog } from '../helpers/log.js';
import { until } from '../helpers/process.js';

const rejecting = 'version: 1\nrules: []\n';
const retrying = 'version: 1\nrules: []\notherwise: retry\n';
const broken = 'version: 1\nrules: []\notherwise: approve\n';

function policyFrom(state: { value?: string | undefined; fault?: Error }) {
  const memory = memoryLog();
  let reads = 0;
  let confirmed = 0;
  const source = () => {
    reads++;
    return state.fault === undefined
      ? Promise.resolve({ name: 'policy.yaml', value: state.value })
      : Promise.reject(state.fault);
  };
  const policy = new CurrentPolicy(source, memory.log, { onConfirmed: () => confirmed++ });
  return { ...memory, state, policy, reads: () => reads, confirmed: () => confirmed };
}

t.test('at startup, loads and logs the policy', async (t) => {
  const { policy, of } = policyFrom({ value: rejecting });
  t.throws(() => policy.current);
  await policy.load();
  t.equal(policy.current.otherwise, 'REJECT');
  t.match(of('policy_loaded'), [
    { level: 'info', from: 'policy.yaml', after: policy.current.hash, rules: 0 },
  ]);
});

t.test('logs what looks like a mistake in a policy, once when it is loaded', async (t) => {
  const listed = 'version: 1\nlists: { l: ["0x5DC69B1Fbb13Bafd09af88a782F0F285772Ad5f8"] }\nrules: []\n';
  const { policy, of, reads } = policyFrom({ value: listed });
  await policy.load();
  t.teardown(policy.keepFresh(5));
  const seen = reads();
  await until(() => (reads() > seen + 4 ? true : undefined), 5000);
  t.match(of('policy_warning'), [
    { level: 'warn', from: 'policy.yaml', policy: policy.current.hash, line: 2, reason: /wrong checksum/ },
  ]);
  t.equal(of('policy_warning').length, 1);
});

t.test('at startup, fails at once if the policy is missing, invalid or unreadable', async (t) => {
  await t.rejects(policyFrom({}).policy.load(), MissingPolicyError);
  await t.rejects(policyFrom({ value: broken }).policy.load(), PolicyError);
  const denied = policyFrom({ fault: new SourceError('denied', { transient: false }) });
  await t.rejects(denied.policy.load(), { message: 'denied' });
  t.equal(denied.reads(), 1);
});

t.test('at startup, retries a transient error', async (t) => {
  const { policy, state, of } = policyFrom({
    value: rejecting,
    fault: new SourceError('away', { transient: true }),
  });
  setTimeout(() => delete state.fault, 100);
  await policy.load();
  t.match(of('policy_load_retry'), [{ level: 'warn', reason: 'away' }]);
});

t.test('replaces the policy with a changed one', async (t) => {
  const { policy, state, of } = policyFrom({ value: rejecting });
  await policy.load();
  const before = policy.current;
  t.teardown(policy.keepFresh(10));
  state.value = retrying;
  await until(() => of('policy_loaded')[1], 5000);
  t.equal(policy.current.otherwise, 'RETRY');
  t.match(of('policy_loaded')[1], { before: before.hash, after: policy.current.hash });
});

t.test('logs each later problem once and keeps the policy in force', async (t) => {
  const { policy, state, of, reads } = policyFrom({ value: rejecting });
  await policy.load();
  const { current } = policy;
  t.teardown(policy.keepFresh(5));
  const waitForReads = async () => {
    const seen = reads();
    await until(() => (reads() > seen + 4 ? true : undefined), 5000);
  };

  state.value = broken;
  await until(() => of('policy_refused')[0], 5000);
  t.match(of('policy_refused')[0], {
    level: 'error',
    from: 'policy.yaml',
    policy: current.hash,
    problems: [{ line: 3, column: 12, message: /otherwise must be/ }],
    msg: /refused:\npolicy\.yaml:3:12\n/,
  });
  await waitForReads();
  t.equal(of('policy_refused').length, 1);

  state.value = undefined;
  await until(() => of('policy_missing')[0], 5000);
  await waitForReads();
  t.match(of('policy_missing'), [{ level: 'error', from: 'policy.yaml', policy: current.hash }]);

  state.fault = new SourceError('away', { transient: true });
  await until(() => of('policy_refresh_failed')[0], 5000);
  t.match(of('policy_refresh_failed')[0], { level: 'error', reason: 'away' });
  t.equal(policy.current, current);

  delete state.fault;
  state.value = rejecting;
  await waitForReads();
  state.value = broken;
  await until(() => of('policy_refused')[1], 5000);
  t.equal(of('policy_refused').length, 2, 'the same problem is logged again after it was fixed');
});

t.test('a read confirms the policy in force only if that policy is still the stored one', async (t) => {
  const { policy, state, of, reads, confirmed } = policyFrom({ value: rejecting });
  await policy.load();
  t.equal(confirmed(), 1);
  t.teardown(policy.keepFresh(5));
  const confirmations = async () => {
    // The read under way may still see the previous value.
    const seen = reads();
    await until(() => reads() > seen + 1 || undefined, 5000);
    const before = confirmed();
    await until(() => reads() > seen + 8 || undefined, 5000);
    return confirmed() - before;
  };
  t.ok((await confirmations()) > 0, 'unchanged');
  state.value = retrying;
  await until(() => of('policy_loaded')[1], 5000);
  t.ok((await confirmations()) > 0, 'replaced');
  state.value = broken;
  t.equal(await confirmations(), 0, 'refused');
  state.value = undefined;
  t.equal(await confirmations(), 0, 'missing');
  state.fault = new SourceError('away', { transient: true });
  t.equal(await confirmations(), 0, 'unreadable');
  delete state.fault;
  state.value = retrying;
  t.ok((await confirmations()) > 0, 'stored again');
});
