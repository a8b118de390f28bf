import { sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { createCosigner, type Outcome } from '../../../cli/cosigner/client.js';
import { p256Pair, rsaPair } from '../../helpers/keys.js';

const callback = rsaPair();
const nextCallback = rsaPair();
const p256Callback = p256Pair();
const cosigner = rsaPair();

function token(
  claims: unknown,
  privateKey = callback.privateKey,
  alg = privateKey.asymmetricKeyType === 'ec' ? 'ES256' : 'RS256',
): string {
  const input = [{ alg, typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

/** Sends a request to a server that responds with this body. */
async function outcomeOf(
  t: Test,
  body: string,
  { status = 200, json = false, callbackPublicKeys = [callback.publicKey, nextCallback.publicKey] } = {},
): Promise<Outcome> {
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
        callbackPublicKeys,
      },
    }),
  });
  t.teardown(() => {
    client.close();
    server.close();
  });
  return client.send('transaction', { requestId: 'r-1' });
}

t.test('accepts a response signed with any of the handler’s keys', async (t) => {
  const answer = { action: 'REJECT', requestId: 'r-1', rejectionReason: 'no' };
  t.strictSame((await outcomeOf(t, token(answer))).answer, answer);
  t.strictSame((await outcomeOf(t, token(answer, nextCallback.privateKey))).answer, answer);
});

t.test('accepts the algorithm that belongs to the handler’s key, and no other', async (t) => {
  const answer = { action: 'REJECT', requestId: 'r-1' };
  const both = { callbackPublicKeys: [callback.publicKey, p256Callback.publicKey] };
  const p256 = { callbackPublicKeys: [p256Callback.publicKey] };
  t.match(await outcomeOf(t, token(answer), both), { answer, algorithm: 'RS256' });
  t.match(await outcomeOf(t, token(answer, p256Callback.privateKey), both), { answer, algorithm: 'ES256' });
  t.match(await outcomeOf(t, token(answer), p256), {
    answer: undefined,
    problem: "the response is signed with RS256, but the handler's public key is for ES256",
  });
  t.match(await outcomeOf(t, token(answer, p256Callback.privateKey)), {
    answer: undefined,
    problem: "the response is signed with ES256, but the handler's public key is for RS256",
  });
  t.match(await outcomeOf(t, token(answer, callback.privateKey, 'ES256'), both), {
    problem: /does not match/,
  });
  const der = sign('sha256', Buffer.from('x'), p256Callback.privateKey).toString('base64url');
  const [header, claims] = token(answer, p256Callback.privateKey).split('.');
  t.match(await outcomeOf(t, `${header}.${claims}.${der}`, p256), { problem: /does not match/ });
});

const rejected = [
  [
    'a signature by another key',
    token({ action: 'APPROVE', requestId: 'r-1' }, cosigner.privateKey),
    /does not match/,
  ],
  [
    'a signature with another algorithm',
    token({ action: 'APPROVE', requestId: 'r-1' }, undefined, 'none'),
    /RS256/,
  ],
  ['another requestId', token({ action: 'APPROVE', requestId: 'r-2' }), /requestId/],
  ['no requestId', token({ action: 'APPROVE' }), /requestId/],
  ['an unknown action', token({ action: 'approve', requestId: 'r-1' }), /action/],
  ['claims that are not an object', token(null), /not a JSON object/],
  ['a body that is not a token', 'APPROVE', /not a signed token/],
  ['a token with four parts', `${token({ action: 'APPROVE', requestId: 'r-1' })}.x`, /not a signed token/],
] as const;

for (const [defect, body, problem] of rejected) {
  t.test(`rejects a response with ${defect}`, async (t) => {
    const outcome = await outcomeOf(t, body);
    t.equal(outcome.answer, undefined);
    t.match(outcome.problem, problem);
  });
}

t.test('rejects a signed response with a status other than 200', async (t) => {
  const outcome = await outcomeOf(t, token({ action: 'APPROVE', requestId: 'r-1' }), { status: 201 });
  t.match(outcome, { answer: undefined, problem: 'status 201' });
});

t.test('checks responses in JSON mode', async (t) => {
  const json = true;
  t.match(await outcomeOf(t, '{"action":"RETRY","requestId":"r-1"}', { json }), {
    answer: { action: 'RETRY' },
  });
  t.match(await outcomeOf(t, '{"action":"RETRY","requestId":"r-2"}', { json }), { problem: /requestId/ });
  t.match(await outcomeOf(t, 'nope', { json }), { problem: /not a JSON object/ });
  t.match(await outcomeOf(t, '{}', { json, status: 404 }), { problem: 'status 404' });
});
