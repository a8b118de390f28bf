import { sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { createCosigner, type Outcome } from '../../../cli/cosigner/client.js';
import { rsaPair } from '../../helpers/keys.js';

const callback = rsaPair();
const nextCallback = rsaPair();
const cosigner = rsaPair();

function token(claims: unknown, privateKey = callback.privateKey, alg = 'RS256'): string {
  const input = [{ alg, typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
}

/** What a Co-signer makes of a handler that answers so. */
async function outcomeOf(t: Test, body: string, { status = 200, json = false } = {}): Promise<Outcome> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(status).end(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = createCosigner({
    url: `http://127.0.0.1:${port}/base/`,
    ...(!json && {
      keys: {
        privateKey: cosigner.privateKey,
        callbackPublicKeys: [callback.publicKey, nextCallback.publicKey],
      },
    }),
  });
  t.teardown(() => {
    client.close();
    server.close();
  });
  return client.ask('transaction', { requestId: 'r-1' });
}

t.test('an answer signed with any of the handler’s keys is believed', async (t) => {
  const answer = { action: 'REJECT', requestId: 'r-1', rejectionReason: 'no' };
  t.strictSame((await outcomeOf(t, token(answer))).answer, answer);
  t.strictSame((await outcomeOf(t, token(answer, nextCallback.privateKey))).answer, answer);
});

const disbelieved = [
  ['another key', token({ action: 'APPROVE', requestId: 'r-1' }, cosigner.privateKey), /does not verify/],
  ['another algorithm', token({ action: 'APPROVE', requestId: 'r-1' }, undefined, 'none'), /RS256/],
  ['another requestId', token({ action: 'APPROVE', requestId: 'r-2' }), /requestId/],
  ['no requestId', token({ action: 'APPROVE' }), /requestId/],
  ['an unknown action', token({ action: 'approve', requestId: 'r-1' }), /action/],
  ['no object', token(null), /not a JSON object/],
  ['no token', 'APPROVE', /not a signed token/],
  ['too many parts', `${token({ action: 'APPROVE', requestId: 'r-1' })}.x`, /not a signed token/],
] as const;

for (const [what, body, problem] of disbelieved) {
  t.test(`an answer with ${what} is not believed`, async (t) => {
    const outcome = await outcomeOf(t, body);
    t.equal(outcome.answer, undefined);
    t.match(outcome.problem, problem);
  });
}

t.test('an answer with another status than 200 is not believed', async (t) => {
  const outcome = await outcomeOf(t, token({ action: 'APPROVE', requestId: 'r-1' }), { status: 201 });
  t.match(outcome, { answer: undefined, problem: 'status 201' });
});

t.test('JSON answers are checked too', async (t) => {
  const json = true;
  t.match(await outcomeOf(t, '{"action":"RETRY","requestId":"r-1"}', { json }), {
    answer: { action: 'RETRY' },
  });
  t.match(await outcomeOf(t, '{"action":"RETRY","requestId":"r-2"}', { json }), { problem: /requestId/ });
  t.match(await outcomeOf(t, 'nope', { json }), { problem: /not a JSON object/ });
  t.match(await outcomeOf(t, '{}', { json, status: 404 }), { problem: 'status 404' });
});
