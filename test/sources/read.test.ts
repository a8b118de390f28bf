import t from 'tap';
import { readSettled, readWithin, within } from '../../src/sources/read.js';

/** A source that returns these values one after another, then repeats the last one. */
function sourceOf(...values: readonly string[]) {
  let reads = 0;
  return {
    source: () => Promise.resolve({ value: values[Math.min(reads++, values.length - 1)] }),
    reads: () => reads,
  };
}

t.test('ends a read that hangs, with a transient error', async (t) => {
  const startedAt = performance.now();
  await t.rejects(
    readWithin(() => new Promise(() => undefined), 50),
    { name: 'SourceError', transient: true, message: 'the read did not end within 0.05 s' },
  );
  t.ok(performance.now() - startedAt >= 45);
});

t.test('aborts what is read, and ignores its late result and its late error', async (t) => {
  for (const settle of ['resolve', 'reject'] as const) {
    let aborted = false;
    const reading = within(20, 'no result', (signal) => {
      return new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => {
          aborted = true;
          (settle === 'resolve' ? resolve : reject)(new Error('late'));
        });
      });
    });
    await t.rejects(reading, { message: 'no result within 0.02 s' }, settle);
    t.ok(aborted);
  }
});

t.test('passes on results and errors', async (t) => {
  t.equal(await readWithin(() => Promise.resolve(1)), 1);
  await t.rejects(
    readWithin(() => Promise.reject(new Error('own'))),
    { message: 'own' },
  );
});

t.test('reads a known value once', async (t) => {
  const { source, reads } = sourceOf('a');
  t.strictSame(await readSettled(source, ({ value }) => value === 'a'), { value: 'a' });
  t.equal(reads(), 1);
});

t.test('reads a new value until it is the same twice', async (t) => {
  const { source, reads } = sourceOf('half', 'whole', 'whole');
  t.strictSame(await readSettled(source, ({ value }) => value === 'old'), { value: 'whole' });
  t.equal(reads(), 3);
});

t.test('returns at once if the old value comes back', async (t) => {
  const { source, reads } = sourceOf('half', 'old');
  t.strictSame(await readSettled(source, ({ value }) => value === 'old'), { value: 'old' });
  t.equal(reads(), 2);
});

t.test('fails if a value never stops changing', async (t) => {
  let reads = 0;
  const source = () => Promise.resolve(reads++);
  await t.rejects(
    readSettled(source, () => false, 150),
    { name: 'SourceError', transient: true, message: 'the stored value keeps changing' },
  );
  t.ok(reads > 2);
});

t.test('ends a second read that hangs', async (t) => {
  let reads = 0;
  const source = () => (reads++ === 0 ? Promise.resolve('a') : new Promise<string>(() => undefined));
  await t.rejects(
    readSettled(source, () => false, 50),
    { name: 'SourceError', message: /did not end/ },
  );
});
