// Tests `npm run holds` as a process, as docs/console.md shows it.
import { join } from 'node:path';
import t from 'tap';
import { openStore } from '../../../src/store/open.js';
import { runHolds } from '../../helpers/cli.js';
import { heldWorldOn } from '../../helpers/held-world.js';
import { payment, worldState } from '../../helpers/memory-world.js';

t.test('lists what waits in the store of npm start', async (t) => {
  const cwd = t.testdir({ '.local': {} });
  const none = await runHolds([], { cwd });
  t.match(none, { code: 2, stderr: /there is no store in \.local\/store/ });

  const store = await openStore({ path: join(cwd, '.local/store') });
  t.teardown(() => store.table.close());
  const { process, vote } = heldWorldOn(store, worldState('version: 1\nrules: []\n', Date.now()));
  const { ask } = process();
  const request = payment('9c794cee-7e27-46c9-9e9a-ed68295ff06b', '250', { asset: 'ETH' });
  await ask(request);
  await vote('alice', 'approve', request);
  await ask(request);

  const listed = await runHolds([], { cwd });
  t.match(listed, {
    code: 0,
    stderr: 'local store .local/store\n',
    stdout: / 9c794cee-\S+ +large +treasury +TRANSFER 250 ETH +2 +1 of 2: alice\n/,
  });
  const json = await runHolds(['--json'], { cwd });
  t.match(JSON.parse(json.stdout), [{ asset: 'ETH', decisions: [{ approver: 'alice', verified: true }] }]);
});
