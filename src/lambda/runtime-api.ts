// Lambda's runtime API: fetches events, and returns answers or errors.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { BaseError } from '../protocol/error.js';
import { clock } from './refresh.js';

/** After this time without an event, the environment may have been frozen, in ms. */
const LONG_WAIT_MS = 1_000;
const VERSION = '/2018-06-01/runtime';

export interface RuntimeApi {
  /**
   * Waits for the next event, and returns the handler's answer, or its error.
   * @throws {Error} if the API can't be reached or refuses a call: the environment must end then
   */
  answerNext(handler: (event: unknown) => Promise<unknown>): Promise<void>;
  /** Reports that the environment can't start. */
  failInit(error: unknown): Promise<void>;
}

/** @param address host and port, as in `AWS_LAMBDA_RUNTIME_API` */
export function createRuntimeApi(address: string): RuntimeApi {
  const [host, port] = address.split(':');
  // The connection is never idle during a freeze: then, the process waits on it for its next event.
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const call = (method: 'GET' | 'POST', path: string, body?: string): Promise<Response> =>
    send({ host, port, agent, method, path: `${VERSION}${path}` }, body);
  return {
    async answerNext(handler) {
      const askedAt = clock();
      const { headers, body } = await call('GET', '/invocation/next');
      // After a freeze, timers that are due get their turn: they close connections that nobody knows any more.
      if (clock() - askedAt > LONG_WAIT_MS) await sleep(1);
      const invocation = `/invocation/${String(headers['lambda-runtime-aws-request-id'])}`;
      let answer: string;
      try {
        answer = JSON.stringify(await handler(JSON.parse(body)));
      } catch (error) {
        await call('POST', `${invocation}/error`, describe(error));
        return;
      }
      await call('POST', `${invocation}/response`, answer);
    },
    async failInit(error) {
      await call('POST', '/init/error', describe(error)).catch(() => undefined);
    },
  };
}

/** @returns the error in the runtime API's format. Other errors than our own may quote what is secret */
function describe(error: unknown): string {
  const [errorType, errorMessage] =
    error instanceof BaseError
      ? [String(error.code), error.message]
      : ['INTERNAL_ERROR', 'unexpected error: see the log'];
  return JSON.stringify({ errorType, errorMessage, stackTrace: [] });
}

/** The runtime API has refused a call. */
class RuntimeApiError extends BaseError<'RUNTIME_API_REFUSED'> {
  constructor({ method, path }: http.RequestOptions, status: number) {
    super('RUNTIME_API_REFUSED', `Lambda's runtime API responded ${status} to ${method} ${path}`);
  }
}

interface Response {
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

function send(options: http.RequestOptions, body?: string): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = http.request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { headers, statusCode = 0 } = response;
        if (statusCode >= 200 && statusCode < 300)
          resolve({ headers, body: Buffer.concat(chunks).toString() });
        else reject(new RuntimeApiError(options, statusCode));
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}
