// Tests the log on a terminal, which script(1) provides.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { BUILT, until } from '../helpers/process.js';

const CTRL_C = '\u0003';

t.test('on a terminal, the log is coloured and readable instead of JSON', async (t) => {
  const command = `PORT=0 ${process.execPath} ${BUILT} --local`;
  const child = spawn('script', ['-qc', command, '/dev/null'], {
    cwd: t.testdir(),
    // tap sets NO_COLOR.
    env: { ...process.env, NO_COLOR: undefined, TERM: 'xterm' },
  });
  t.teardown(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  const closed = once(child, 'close');
  await until(() => output.includes('listening on http') || undefined, 15_000);
  child.stdin.write(CTRL_C);
  await closed;
  t.match(output, '\u001b[32mINFO\u001b[39m');
  t.match(output, /listening on http/);
  t.match(output, /stopped/);
  t.notMatch(output, /"level"/);
});
