// The pages of limits and of the policy.
import t, { type Test } from 'tap';
import { parsePolicy } from '../../src/policy/parse/file.js';
import { counterKey } from '../../src/store/keys.js';
import { pagesApp, plainTables } from '../helpers/console-pages.js';
import { createPeople, heldPolicy } from '../helpers/held-people.js';
import { memoryWorld, payment } from '../helpers/memory-world.js';

const LIMITS = `version: 1
limits:
  daily: { amount: tx.amount, window: 24h, max: "10" }
  each: { when: 'tx.amount > decimal("0")', amount: tx.amount, per: [tx.sourceId, tx.asset], window: 36h, max: "20", over: retry }
  known: { per: [tx.sourceId], calendar: month, zone: Europe/Berlin, max: { "7": "5", default: "3" } }
rules:
  - { id: all, for: transaction, when: 'true', action: approve }
`;

function pageOf(t: Test, world: ReturnType<typeof memoryWorld>, candidate = world.state.policy) {
  const { table, blobs, state } = world;
  const app = pagesApp({ table, blobs, policy: state.policy, candidate, now: () => state.now });
  t.teardown(() => app.close());
  return async (url: string) => plainTables((await app.inject({ url })).body);
}

t.test('each limit shows what is spent, of known keys only', async (t) => {
  const world = memoryWorld(t, LIMITS);
  await world.process().ask(payment('one', '4'));
  const { table } = world;
  const seldom = { buckets: [[world.state.now, world.state.now + 1, '19']] };
  await table.write([
    { type: 'put', ...counterKey('each', '9 / RARE'), data: JSON.stringify(seldom) },
    { type: 'put', ...counterKey('known', '7'), data: '{"buckets":1}' },
  ]);
  const get = pageOf(t, world);
  const body = await get('/limits');
  t.match(
    body,
    /<td>All together<\/td><td>4<\/td><td>6<\/td><td>10<\/td><td><meter\s[^>]*value="0.4"[^>]*>\s*40 %/,
  );
  t.match(body, /<td>0 \/ COIN<\/td><td>4<\/td><td>16<\/td><td>20<\/td>/, 'a key of the newest decisions');
  t.match(body, /<td>7<\/td><td>what is stored can’t be read<\/td>/, 'a key of the policy');
  t.notMatch(body, 'RARE');
  t.match(body, /the last 1 day,? (?:and )?12 hours/);
  t.match(body, 'this month in Europe/Berlin');
  const asked = await get(`/limits?limit=each&key=${encodeURIComponent('9 / RARE')}`);
  t.match(asked, /<td>9 \/ RARE<\/td><td>19<\/td><td>1<\/td><td>20<\/td>/);
  const hostile = await get(`/limits?limit=each&key=${encodeURIComponent('<b>"x')}`);
  t.match(hostile, 'value="&lt;b&gt;&quot;x"');
  t.notMatch(hostile, '<b>');
});

t.test('the policy is shown with its people, and beside its candidate', async (t) => {
  const people = createPeople();
  const world = memoryWorld(
    t,
    heldPolicy(people, { removed: 'carol', quorum: 3, before: '# <script>1</script>' }),
  );
  const candidate = parsePolicy('version: 1\nrules: []\n', 'candidate');
  const body = await pageOf(t, world, candidate)('/policy');
  t.match(body, world.state.policy.hash);
  t.match(body, candidate.hash);
  t.match(body, /<td>alice<\/td><td>alice Example<\/td><td>2<\/td>/);
  t.match(body, /<td>treasury<\/td><td>[^<]*<\/td><td>3<\/td><td>50 min<\/td>/);
  t.match(body, ' 1  version: 1\n 2  # &lt;script&gt;');
  t.notMatch(body, '<script>1');
  t.match(body, '1  version: 1\n2  rules: []');
  t.match(body, /<h3>Warnings<\/h3>/);
  t.match(await pageOf(t, world)('/policy'), 'It is the same as the policy in force.');
});

t.test('a policy without people and limits', async (t) => {
  const world = memoryWorld(t, 'version: 1\nrules: []\n');
  const get = pageOf(t, world);
  t.match(await get('/policy'), 'The policy names nobody.');
  t.match(await get('/limits'), 'The policy has no limits.');
});
