import { writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { Candidate } from '../../src/sources/candidate.js';
import { PolicyLoader } from '../../src/sources/policy-loader.js';
import { SourceError } from '../../src/sources/source.js';
import { memoryLog } from '../helpers/log.js';
import { until } from '../helpers/process.js';

const rejecting = 'version: 1\nrules: []\n';
const retrying = 'version: 1\nrules: []\notherwise: retry\n';
const broken = 'version: 1\nrules: []\notherwise: approve\n';

interface State {
  value?: string | undefined;
  fault?: SourceError | undefined;
}

function candidateFrom(t: Test, state: State) {
  const memory = memoryLog();
  let reads = 0;
  const source = () => {
    reads++;
    return state.fault === undefined
      ? Promise.resolve({ name: 'candidate', value: state.value })
      : Promise.reject(state.fault);
  };
  const candidate = new Candidate({ source, loader: new PolicyLoader(), log: memory.log });
  t.teardown(candidate.keepFresh(5));
  /** Waits until the present state has been read. */
  const refreshed = async (): Promise<void> => {
    const before = reads;
    await until(() => (reads > before + 3 ? true : undefined), 5000);
  };
  return { ...memory, candidate, refreshed };
}

t.test('loads, replaces and removes the candidate, and logs each once', async (t) => {
  const state: State = {};
  const { candidate, of, lines, refreshed } = candidateFrom(t, state);
  await refreshed();
  t.equal(candidate.current, undefined);
  t.strictSame(lines, [], 'none is normal');
  state.value = rejecting;
  await refreshed();
  const first = candidate.current?.hash;
  t.equal(candidate.current?.otherwise, 'REJECT');
  state.value = retrying;
  await refreshed();
  t.match(of('candidate_loaded'), [
    { level: 'info', from: 'candidate', after: first, rules: 0, lists: 0 },
    { before: first, after: candidate.current?.hash },
  ]);
  delete state.value;
  await refreshed();
  t.equal(candidate.current, undefined);
  t.match(of('candidate_removed'), [{ level: 'info', from: 'candidate', before: String }]);
  t.equal(lines.length, 3);
});

t.test('refuses an invalid candidate once, and has none then', async (t) => {
  const state: State = { value: rejecting };
  const { candidate, of, refreshed } = candidateFrom(t, state);
  await refreshed();
  state.value = broken;
  await refreshed();
  await refreshed();
  t.equal(candidate.current, undefined);
  t.match(of('candidate_refused'), [
    {
      level: 'warn',
      from: 'candidate',
      before: String,
      problems: [{ line: 3, message: /otherwise must be/ }],
    },
  ]);
  t.equal(of('candidate_refused').length, 1);
  state.value = rejecting;
  await refreshed();
  t.equal(candidate.current?.otherwise, 'REJECT');
});

t.test('keeps the candidate while it can’t be read, and logs the reason once', async (t) => {
  const state: State = { value: rejecting };
  const { candidate, of, refreshed } = candidateFrom(t, state);
  await refreshed();
  state.fault = new SourceError('SSM denies access', { transient: false });
  await refreshed();
  t.equal(candidate.current?.otherwise, 'REJECT');
  t.match(of('candidate_refresh_failed'), [{ level: 'warn', reason: 'SSM denies access' }]);
  t.equal(of('candidate_refresh_failed').length, 1);
});

t.test('reads its lists again', async (t) => {
  const address = `0x${'ab'.repeat(20)}`;
  const directory = t.testdir({ 'blocked.txt': `${address}\n` });
  const text = JSON.stringify({
    version: 1,
    lists: { blocked: { from: `${directory}/blocked.txt` } },
    rules: [
      {
        id: 'blocked',
        for: 'transaction',
        when: 'tx.destinations.exists(d, d.address in lists.blocked)',
        action: 'reject',
      },
    ],
  });
  const { candidate, of, refreshed } = candidateFrom(t, { value: text });
  await until(() => candidate.current, 5000);
  t.equal(candidate.current?.loadedLists.get('blocked')?.entries, 1);
  writeFileSync(`${directory}/blocked.txt`, `${address}\n0x${'cd'.repeat(20)}\n`);
  await until(() => (candidate.current?.loadedLists.get('blocked')?.entries === 2 ? true : undefined), 5000);
  await refreshed();
  t.equal(of('candidate_loaded').length, 1);
});
