// Tests `npm run policy` as a process: exit codes, streams and standard input.
import t from 'tap';
import { ROOT, runPolicy } from '../../helpers/cli.js';

const run = (args: readonly string[], input = '') => runPolicy(args, { cwd: ROOT, input });

t.jobs = 2;

t.test('checks policy.yaml by default', async (t) => {
  t.match(await run(['check']), { code: 0, stdout: /^ok {2}policy\.yaml [0-9a-f]{12}: /, stderr: /^$/ });
});

t.test('reads a payload from standard input, and exits with 1 when a rule can’t be evaluated', async (t) => {
  const { code, stdout, stderr } = await run(
    ['explain', '-', '--policy', 'examples/local-policy.yaml'],
    '{"requestId":"r","operation":"TRANSFER"}',
  );
  t.equal(code, 1);
  t.match(stdout, /ERROR {2}hold-large-transfers\n/);
  t.match(stdout, /RETRY by hold-large-transfers, which could not be evaluated: tx\.amountUsd is absent\n$/);
  t.notMatch(stdout, '\u001b', 'no colours outside a terminal');
  t.equal(stderr, '');
});

t.test('replays a log from standard input, and prints a long result in full', async (t) => {
  const line = JSON.stringify({
    event: 'decision',
    time: '2026-03-03T11:00:00.000Z',
    kind: 'transaction',
    requestId: 'r'.repeat(100),
    action: 'APPROVE',
    rule: 'removed',
    facts: {},
  });
  const { code, stdout } = await run(['replay', '-'], `${line}\n`.repeat(1000));
  t.equal(code, 1);
  t.match(stdout, /^1000 decisions from - replayed with policy\.yaml [0-9a-f]{12}: 1000 would change\n/);
  t.equal(stdout.split('\n').length, 1 + 1 + 1 + 1 + 1 + 1000 + 1, 'lines, of which some are empty');
});

t.test('exits with 2 on a usage error, with the message on stderr', async (t) => {
  t.match(await run(['chek']), {
    code: 2,
    stdout: /^$/,
    stderr: /unknown command 'chek'\n\(Did you mean check\?\)/,
  });
});

t.test('push rejects an unknown environment before it uses AWS', async (t) => {
  t.match(await run(['push', 'examples/local-policy.yaml', '-e', 'prd']), {
    code: 2,
    stdout: /^$/,
    stderr: /prd[^]*\n\nnpm run policy -- push --help shows how to use it\.\n$/,
  });
});
