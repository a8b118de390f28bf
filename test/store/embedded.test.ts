import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openEmbedded } from '../../src/store/embedded.js';
import { tableSuite } from './table-suite.js';

tableSuite(t, async (t: Test, now) => {
  const table = await openEmbedded(join(t.testdir(), 'a.b', 'store'), now === undefined ? {} : { now });
  t.teardown(() => table.close());
  return table;
});
