// What the runtime API responds: events are answered, and a call that it refuses ends the environment.
import { createServer, type ServerResponse } from 'node:http';
import t, { type Test } from 'tap';
import { createRuntimeApi } from '../../src/lambda/runtime-api.js';
import { listen } from '../helpers/port.js';

/** A runtime API that hands over one event. @param statuses what it responds to each call */
async function serve(t: Test, statuses: { readonly next?: number; readonly answer?: number } = {}) {
  const calls: string[] = [];
  const respond = (response: ServerResponse, url: string): void => {
    const isNext = url.endsWith('/next');
    const status = isNext ? (statuses.next ?? 200) : (statuses.answer ?? 202);
    response.writeHead(status, isNext ? { 'lambda-runtime-aws-request-id': '7' } : {}).end('{"a":1}');
  };
  const server = createServer((request, response) => {
    const { url = '' } = request;
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      calls.push(`${url.replace('/2018-06-01/runtime', '')} ${body}`.trim());
      respond(response, url);
    });
  });
  return { api: createRuntimeApi(await listen(t, server)), calls };
}

t.test('answers an event', async (t) => {
  const { api, calls } = await serve(t);
  await api.answerNext((event) => Promise.resolve({ event }));
  t.strictSame(calls, ['/invocation/next', '/invocation/7/response {"event":{"a":1}}']);
});

t.test('reports an error without what it may quote', async (t) => {
  const { api, calls } = await serve(t);
  await api.answerNext(() => Promise.reject(new Error('secret')));
  t.match(calls, [/next$/, /^\/invocation\/7\/error .*INTERNAL_ERROR/]);
  t.notMatch(calls.join(), 'secret');
});

for (const status of [403, 500]) {
  t.test(`fails if the next event is refused with ${status}, and answers nothing`, async (t) => {
    const { api, calls } = await serve(t, { next: status });
    await t.rejects(
      api.answerNext(() => Promise.resolve({})),
      { code: 'RUNTIME_API_REFUSED', message: new RegExp(`${status} to GET .*/invocation/next`) },
    );
    t.equal(calls.length, 1);
  });
}

for (const status of [413, 500]) {
  t.test(`fails if the answer is refused with ${status}`, async (t) => {
    const { api } = await serve(t, { answer: status });
    await t.rejects(
      api.answerNext(() => Promise.resolve({})),
      { code: 'RUNTIME_API_REFUSED' },
    );
  });
}

t.test('a start that can’t be reported ends nevertheless', async (t) => {
  const { api } = await serve(t, { answer: 500 });
  await t.resolves(api.failInit(new Error('x')));
});
