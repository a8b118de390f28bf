import t from 'tap';
import { type ArrivingBody, MEMORY_PER_BODY_BYTE, RequestMemory } from '../../src/plugins/request-memory.js';

/** A memory for bodies with this number of bytes together. */
function memoryFor(bytes: number) {
  const memory = new RequestMemory(bytes * MEMORY_PER_BODY_BYTE);
  const dropped: string[] = [];
  const body = (name: string): ArrivingBody => ({ evict: () => dropped.push(name) });
  return { memory, dropped, body };
}

t.test('incomplete bodies share three quarters of the bound', (t) => {
  const { memory, dropped, body } = memoryFor(100);
  memory.hold(body('first'), 40);
  memory.hold(body('second'), 35);
  t.strictSame(dropped, []);
  memory.hold(body('third'), 1);
  t.strictSame(dropped, ['first']);
  t.end();
});

t.test('the last quarter is for complete bodies', (t) => {
  const { memory, dropped, body } = memoryFor(100);
  memory.hold(body('incomplete'), 75);
  t.ok(memory.complete(body('complete'), 25));
  t.strictSame(dropped, []);
  t.end();
});

t.test('drops as many of the oldest incomplete bodies as necessary, and no more', (t) => {
  const { memory, dropped, body } = memoryFor(100);
  for (const name of ['a', 'b', 'c', 'd', 'e']) memory.hold(body(name), 15);
  memory.hold(body('f'), 20);
  t.strictSame(dropped, ['a', 'b']);
  t.end();
});

t.test('a body keeps its place in the order while it grows', (t) => {
  const { memory, dropped, body } = memoryFor(100);
  const [first, second] = [body('first'), body('second')];
  memory.hold(first, 30);
  memory.hold(second, 30);
  memory.hold(first, 40);
  memory.hold(second, 40);
  t.strictSame(dropped, ['first']);
  t.end();
});

t.test('a growing body can itself be the oldest', (t) => {
  const { memory, dropped, body } = memoryFor(100);
  const oldest = body('oldest');
  memory.hold(oldest, 30);
  memory.hold(body('younger'), 30);
  memory.hold(oldest, 60);
  t.strictSame(dropped, ['oldest']);
  t.end();
});

t.test('complete bodies may use all memory, at the expense of incomplete ones', (t) => {
  const { memory, dropped, body } = memoryFor(100);
  memory.hold(body('incomplete'), 50);
  t.ok(memory.complete(body('large'), 90));
  t.strictSame(dropped, ['incomplete']);
  t.end();
});

t.test('a complete body that does not fit beside other complete ones is refused, and does not count', (t) => {
  const { memory, dropped, body } = memoryFor(100);
  t.ok(memory.complete(body('first'), 90));
  t.notOk(memory.complete(body('second'), 11));
  t.ok(memory.complete(body('third'), 10));
  t.strictSame(dropped, [], 'complete bodies are never dropped');
  t.end();
});

t.test('a body that becomes complete counts once, until it is released', (t) => {
  const { memory, body } = memoryFor(100);
  const arriving = body('arriving');
  memory.hold(arriving, 70);
  t.ok(memory.complete(arriving, 80));
  t.ok(memory.couldFit(20));
  t.notOk(memory.couldFit(21));
  memory.release(80);
  t.ok(memory.couldFit(100));
  t.end();
});

t.test('a forgotten body no longer counts, and is not dropped', (t) => {
  const { memory, dropped, body } = memoryFor(100);
  const gone = body('gone');
  memory.hold(gone, 75);
  memory.forget(gone);
  memory.forget(gone);
  memory.hold(body('next'), 75);
  t.strictSame(dropped, []);
  t.end();
});
