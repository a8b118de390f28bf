import t, { type Test } from 'tap';
import { atMost, type Check, megabytes, none, withinLimits } from '../../bench/limits.js';

/** @param measured what each measurement finds, in turn */
async function run(test: Test, ...measured: readonly (readonly Check[])[]) {
  const printed = test.capture(console, 'log');
  let times = 0;
  const passed = await withinLimits(() => measured[times++] ?? []);
  return { passed, times, output: printed().map(({ args }) => String(args[0])) };
}

const fits = atMost('memory', 90, 100, megabytes);
const tooMuch = atMost('memory', 110, 100, megabytes);
const lost = none('wrong answers', 1);

t.test('measures once if all limits hold', async (test) => {
  const { passed, times, output } = await run(test, [fits, none('wrong answers', 0)]);
  test.ok(passed);
  test.equal(times, 1);
  test.match(output, [/^Node/, 'ok      memory: 90 MB (limit: at most 100 MB)', /^ok +wrong answers: 0/]);
});

t.test('measures once more if a size misses its limit', async (test) => {
  const { passed, times, output } = await run(test, [tooMuch], [fits]);
  test.ok(passed);
  test.equal(times, 2);
  test.match(output[1], /^not ok {2}memory: 110 MB/);
  test.match(output[2], 'measuring once more');
});

t.test('fails if the second measurement misses a limit too', async (test) => {
  test.notOk((await run(test, [tooMuch], [fits, tooMuch])).passed);
});

t.test('excuses no error', async (test) => {
  const { passed, times } = await run(test, [tooMuch, lost], [fits]);
  test.notOk(passed);
  test.equal(times, 1);
  test.notOk((await run(test, [tooMuch], [fits, lost])).passed);
});
