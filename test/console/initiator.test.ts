// Tests that the console names an initiator only where the handler would: a proof that another transaction used is none.
import { createHash } from 'node:crypto';
import t from 'tap';
import { useKey } from '../../src/store/keys.js';
import { ANNOUNCED_REQUEST, initiator, MESSAGE, proof } from '../helpers/announced.js';
import { consoleApp } from '../helpers/console-app.js';

t.test('names the initiator of a proof, unless another transaction used it', async (t) => {
  const dave = initiator();
  const pem = JSON.stringify(dave.pem);
  const app = await consoleApp(t, { before: `initiators: { payouts: { key: ${pem} } }` });
  const extraParameters = proof(dave, MESSAGE);
  const payload = { ...ANNOUNCED_REQUEST, requestId: 'held-1', extraParameters };
  t.equal((await app.ask(payload)).action, 'RETRY');
  const cookie = await app.signIn('alice');
  const named = /Initiated by<\/dt>\s*<dd><strong>payouts<\/strong>/;
  const paths = ['/', '/holds/held-1'];
  for (const path of paths) t.match((await app.get(path, { cookie })).body, named, path);
  const id = createHash('sha256').update(String(extraParameters['message'])).digest('hex');
  await app.table.write([{ type: 'put', ...useKey('proof', id), data: 'transaction:another' }]);
  for (const path of paths) {
    const { body } = await app.get(path, { cookie });
    t.notMatch(body, named, `${path} after the proof was used`);
    t.match(body, /Initiated by<\/dt>\s*<dd><span class="muted">not proven/);
  }
});
