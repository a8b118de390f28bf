// The pages of the history: hostile values are text, and files are safe for spreadsheets.
import t, { type Test } from 'tap';
import { MemoryBlobs } from '../helpers/memory-blobs.js';
import { MemoryTable } from '../helpers/memory-table.js';
import { heldWorld } from '../helpers/held-world.js';
import { memoryWorld, payment, signing } from '../helpers/memory-world.js';
import { pagesApp, plainTables } from '../helpers/console-pages.js';
import { decisionAt, RecordWriter } from '../helpers/record-writer.js';

const DAY = '2026-11-26';
const HOSTILE = `<script>alert("1")</script>'&`;

function appOf(t: Test, world: ReturnType<typeof memoryWorld> | Awaited<ReturnType<typeof heldWorld>>) {
  const { table, blobs, state } = world;
  const app = pagesApp({ table, blobs, policy: state.policy, now: () => state.now });
  t.teardown(() => app.close());
  return async (url: string, language = 'en') => {
    const { statusCode, body, headers } = await app.inject({ url, headers: { 'accept-language': language } });
    return { statusCode, body, headers };
  };
}

t.test('the history shows decisions with links to their stories', async (t) => {
  const world = memoryWorld(t);
  const { ask } = world.process();
  await ask(payment('one', '4'));
  await ask(payment('two', '9'));
  const get = appOf(t, world);
  const { statusCode, body } = await get('/history');
  t.equal(statusCode, 200);
  t.match(body, /<time data-utc datetime="2026-11-26T10:00:00.000Z">2026-11-26 10:00:00 UTC<\/time>/);
  t.match(body, /<span class="badge approve">APPROVE<\/span>/);
  t.match(body, /<span class="badge reject">REJECT<\/span>/);
  t.ok(body.indexOf('>two</a>') < body.indexOf('>one</a>'), 'the newest first');
  const link = /href="(\/history\/one\?record=[^"]+)"/.exec(body)?.[1] ?? '';
  const story = await get(link);
  t.match(story.body, 'The Co-signer asked (approval).');
  t.match(story.body, 'by rule all');
  t.match(
    plainTables(story.body),
    /<td>daily<\/td><td><\/td><td>0<\/td><td>4<\/td><td>10<\/td>/,
    'the limits then',
  );
  t.match((await get('/history?action=REJECT')).body, />two<\/a>/);
  t.notMatch((await get('/history?action=REJECT')).body, />one<\/a>/);
  t.match((await get('/history', 'ja')).body, /<html lang="ja">[\s\S]*<h1>履歴<\/h1>/);
});

t.test('a story connects approval and signing', async (t) => {
  const world = memoryWorld(t);
  const { ask } = world.process();
  await ask(payment('first'));
  await ask({ ...signing('second'), txId: 'first' });
  const get = appOf(t, world);
  t.match((await get('/history/first')).body, /<a href="\/history\/second">second<\/a>/);
  t.match((await get('/history/second')).body, /<a href="\/history\/first">first<\/a>/);
  t.equal((await get('/history/unknown')).statusCode, 404);
});

t.test('a story says who decided', async (t) => {
  const world = heldWorld(t);
  const { ask } = world.process();
  await ask(payment('held'));
  const get = appOf(t, world);
  const waiting = await get('/history/held');
  t.match(waiting.body, 'Rule large held it for people: treasury.');
  t.match(waiting.body, /asked once so far.*<a href="\/holds\/held">/);
  world.state.now += 60_000;
  await world.vote('alice', 'approve', payment('held'));
  world.state.now += 60_000;
  await world.vote('bob', 'reject', payment('held'), { reason: HOSTILE });
  world.state.now += 60_000;
  await ask(payment('held'));
  const { body } = await get('/history/held');
  t.match(body, /10:02:00 UTC<\/time><\/div>\s*<div>bob Example rejected\./);
  t.match(body, 'The Co-signer asked 2 times in all.');
  t.match(body, '&lt;script&gt;');
  t.notMatch(body, '<script>alert');
});

t.test('an answer without a final decision is found by its record', async (t) => {
  const world = memoryWorld(t);
  world.state.action = 'RETRY';
  await world.process().ask(payment('again'));
  const get = appOf(t, world);
  t.equal((await get('/history/again')).statusCode, 404);
  const link = /href="(\/history\/again\?record=[^"]+)"/.exec((await get('/history')).body)?.[1] ?? '';
  t.match((await get(link)).body, /<span class="badge retry">RETRY<\/span>/);
  const other = link.replace('/again', '/other');
  t.equal((await get(other)).statusCode, 404, 'a record belongs to its request only');
});

t.test('hostile values are text', async (t) => {
  const world = memoryWorld(t);
  const id = `${HOSTILE}/../\u202e${'x'.repeat(300)}`;
  await world.process().ask({ ...payment(id, '4'), asset: HOSTILE, note: HOSTILE });
  await world.process().ask({ ...payment('\ud800', '4') });
  const get = appOf(t, world);
  const story = `/history/${encodeURIComponent(id)}`;
  const query = encodeURIComponent(HOSTILE);
  for (const url of ['/history', story, `/history?asset=${query}&rule=${query}&day=${DAY}&text=${query}`]) {
    const { statusCode, body } = await get(url);
    t.equal(statusCode, 200, url);
    t.notMatch(body, '<script>alert');
    t.notMatch(body, '\u202e');
    t.match(body, '&lt;script&gt;');
  }
  t.equal((await get(story)).statusCode, 200, 'ids may be long');
});

t.test('what can’t be asked is said', async (t) => {
  const get = appOf(t, memoryWorld(t));
  const noDay = await get('/history?text=x');
  t.equal(noDay.statusCode, 400);
  t.match(noDay.body, 'choose a day as well');
  t.equal((await get('/history?day=2026-02-30')).statusCode, 400);
  t.equal((await get('/history.csv')).statusCode, 400);
  t.equal((await get('/history.json?day=x')).statusCode, 400);
  t.equal((await get('/history?before=nonsense')).statusCode, 200);
});

t.test('a day can be downloaded, without formulas', async (t) => {
  const table = new MemoryTable({ now: () => Date.parse(`${DAY}T12:00:00Z`) });
  const world = { ...memoryWorld(t), table, blobs: new MemoryBlobs() };
  const at = Date.parse(`${DAY}T11:00:00Z`);
  const writer = new RecordWriter(table, at);
  const formulas = ['=1+1', '+1', '-1', '@x', '\tx', '\rx'];
  const records = formulas.map((reason, place) => decisionAt(at, `id-${place}`, { reason }));
  await writer.write([...records, decisionAt(at, 'a "b", c\nd')], at);
  const get = appOf(t, world);
  const csv = await get(`/history.csv?day=${DAY}`);
  t.match(csv.headers, { 'content-disposition': `attachment; filename="history-${DAY}.csv"` });
  t.ok(csv.body.startsWith('\ufeffat,action,rule,reason,'));
  for (const formula of formulas) t.match(csv.body, `'${formula}`);
  t.notMatch(csv.body, /(?:^|,)"?[=+\-@\t\r]/m);
  t.match(csv.body, '"a ""b"", c\nd"');
  const json = JSON.parse((await get(`/history.json?day=${DAY}`)).body) as { requestId: string }[];
  t.equal(json.length, 7);
  t.match(json[0], { requestId: 'a "b", c\nd', asset: 'COIN', amount: '4', request: { sourceId: '0' } });
  t.strictSame(JSON.parse((await get('/history.json?day=2026-11-25')).body), []);
});
