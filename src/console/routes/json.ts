// What the console's script posts: JSON, and nothing else.
import type { FastifyReply } from 'fastify';

/** Maximum size of what is posted, in bytes: an assertion with a reason is about 2 KB. */
export const MAX_BODY_BYTES = 128 * 1024;

/** @param error for the page to show */
export function refuse(reply: FastifyReply, status: number, error: string): FastifyReply {
  return reply.code(status).send({ error });
}

/** The fields of a posted object. */
export function fieldsOf(body: unknown): Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
}

export function textIn(body: unknown, name: string, maxLength: number): string | undefined {
  const value = fieldsOf(body)[name];
  return typeof value === 'string' && value.length <= maxLength ? value : undefined;
}
