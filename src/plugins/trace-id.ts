// Reads a request's trace id, which the load balancer assigns. It links the load balancer's access log to the handler's
// log.
import type { FastifyRequest } from 'fastify';

const TRACE_ID = /^[\w=;:|-]{1,256}$/;

/**
 * @returns the `X-Amzn-Trace-Id` header, such as `Root=1-67891233-abcdef012345678912345678`; `undefined` if it is
 *   missing or malformed, because any client can send this header
 */
export function traceId({ headers }: FastifyRequest): string | undefined {
  const id = headers['x-amzn-trace-id'];
  return typeof id === 'string' && TRACE_ID.test(id) ? id : undefined;
}
