// Hands events of a load balancer or an API to the application, as the HTTP requests that they stand for.
import http from 'node:http';
import awsLambdaFastify from '@fastify/aws-lambda';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { BaseError } from '../protocol/error.js';
import { REFUSALS } from '../protocol/refusal.js';

/** What an Application Load Balancer, a REST API or an HTTP API (payload version 2.0) passes to a function. */
export interface HttpEvent {
  readonly httpMethod?: string;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly requestContext?: { readonly http?: { readonly method?: string } };
}

export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
  readonly isBase64Encoded?: boolean;
}

/** The event is not an HTTP request. */
export class EventError extends BaseError<'EVENT_UNREADABLE'> {
  constructor() {
    super(
      'EVENT_UNREADABLE',
      'The event is not an HTTP request of a load balancer, a REST API or an HTTP API: invoke the function only through these',
    );
  }
}

type Answer = (event: unknown) => Promise<HttpAnswer>;

/**
 * @returns a function that answers an event. If it can't, it logs why and throws: {@link EventError} if the event is not an
 *   HTTP request
 */
export function answerEvents(app: FastifyInstance, log: Logger): Answer {
  const single = proxyOf(app, false);
  const multi = proxyOf(app, true);
  return async (event) => {
    if (!isHttp(event)) {
      const error = new EventError();
      log.warn({ event: 'event_unreadable' }, error.message);
      throw error;
    }
    if (!http.METHODS.includes(methodOf(event))) return refuseMethod(log);
    // No route reads the query, and its encoding may be malformed.
    const request = {
      ...event,
      queryStringParameters: undefined,
      multiValueQueryStringParameters: undefined,
    };
    // Whoever sends headers with several values expects them in the answer.
    try {
      return await (event.multiValueHeaders === undefined ? single : multi)(request);
    } catch (err) {
      log.error({ event: 'event_failed', err }, 'an event could not be turned into a request');
      throw err;
    }
  };
}

function proxyOf(app: FastifyInstance, albMultiValueHeaders: boolean): Answer {
  const proxy = awsLambdaFastify<unknown>(app, { decorateRequest: false, albMultiValueHeaders });
  return (event) => proxy(event, {});
}

function isHttp(event: unknown): event is HttpEvent {
  return typeof event === 'object' && event !== null && methodOf(event) !== '';
}

/** @returns an empty string if there is none */
function methodOf({ httpMethod, requestContext }: HttpEvent): string {
  const method: unknown = httpMethod ?? requestContext?.http?.method;
  return typeof method === 'string' ? method : '';
}

/** Node's HTTP parser refuses such a request on a socket before it reaches the application. */
function refuseMethod(log: Logger): HttpAnswer {
  const code = 'bad_request';
  const { status, message } = REFUSALS[code];
  log.warn({ event: 'refused', code, cause: 'unknown method', status }, 'refused: unknown method');
  const headers = { 'content-type': 'application/json; charset=utf-8' };
  return { statusCode: status, headers, body: JSON.stringify({ code, message }) };
}
