// What a person sees at a terminal, by way of script(1), which gives the process one.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { BUILT } from '../helpers/process.js';

t.test('on a terminal the log is coloured text, not JSON', async (t) => {
  const command = `PORT=0 timeout --signal=INT 3 ${process.execPath} ${BUILT} --local`;
  // tap turns colours off.
  const env = { ...process.env, NO_COLOR: undefined, TERM: 'xterm' };
  const { stdout } = await promisify(execFile)('script', ['-qc', command, '/dev/null'], {
    cwd: t.testdir(),
    env,
  });
  t.match(stdout, '\u001b[32mINFO\u001b[39m');
  t.match(stdout, /listening on http/);
  t.match(stdout, /stopped/);
  t.notMatch(stdout, /"level"/);
});
