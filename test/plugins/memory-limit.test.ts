import { totalmem } from 'node:os';
import t, { type Test } from 'tap';
import { defaultRequestMemory, memoryLimit } from '../../src/plugins/memory-limit.js';

const MIB = 1024 * 1024;

/** @param bytes the limit that Node.js reads from the container */
function limitOf(t: Test, bytes: number): number {
  t.intercept(process, 'constrainedMemory', { value: () => bytes });
  return memoryLimit();
}

t.test('the limit is the container’s', (t) => {
  t.equal(limitOf(t, 512 * MIB), 512 * MIB);
  t.end();
});

for (const [what, bytes] of [
  ['no limit', 0],
  ['no limit, with control groups version 1', 2 ** 63],
  ['no limit, with control groups version 2', 2 ** 64],
  ['a limit above the machine’s memory', totalmem() + 1],
] as const) {
  t.test(`with ${what}, the limit is the machine’s memory`, (t) => {
    t.equal(limitOf(t, bytes), totalmem());
    t.end();
  });
}

t.test('requests may hold a quarter of the limit', (t) => {
  t.equal(defaultRequestMemory(512 * MIB), 128 * MIB);
  t.equal(defaultRequestMemory(2048 * MIB), 512 * MIB);
  t.end();
});

t.test('requests may always hold 64 MiB, which carry one body of maximum size', (t) => {
  t.equal(defaultRequestMemory(128 * MIB), 64 * MIB);
  t.end();
});
