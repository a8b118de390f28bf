import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { fillBuffer } from '../../src/sources/stream.js';

t.test('reads a stream and its hash', async (t) => {
  const content = Buffer.from('one and two');
  const stream = Readable.from([content.subarray(0, 3), content.subarray(3)]);
  const { bytes, sha256 } = await fillBuffer(stream, content.length, 'x');
  t.equal(bytes.toString(), 'one and two');
  t.equal(sha256, createHash('sha256').update(content).digest('hex'));
});

t.test('fails if the stream is shorter or longer than announced', async (t) => {
  for (const length of [2, 4]) {
    await t.rejects(fillBuffer(Readable.from([Buffer.from('abc')]), length, 'x'), {
      ...{ name: 'SourceError', transient: true },
      message: 'x was incomplete, or changed while it was read',
    });
  }
});

t.test('ends a stream that stalls, or takes too long', async (t) => {
  async function* stalling() {
    yield Buffer.from('a');
    await sleep(60_000, undefined, { ref: false });
  }
  await t.rejects(fillBuffer(Readable.from(stalling()), 10, 'x', { stallMs: 50 }), {
    message: "x can't be read: nothing arrived for 0.05 s",
    transient: true,
  });
  async function* trickling() {
    for (;;) {
      yield Buffer.from('a');
      await sleep(5);
    }
  }
  await t.rejects(fillBuffer(Readable.from(trickling()), 10_000, 'x', { totalMs: 100 }), {
    message: "x can't be read: it takes longer than 0.1 s",
    transient: true,
  });
});

t.test('passes on an error of the stream as a transient one', async (t) => {
  const stream = new Readable({ read: () => stream.destroy(new Error('reset')) });
  await t.rejects(fillBuffer(stream, 10, 'x'), { message: "x can't be read: reset", transient: true });
});
