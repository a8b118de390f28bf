// What the pages are made of.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Policy } from '../policy/evaluate/policy.js';
import type { Blobs } from '../store/blobs.js';
import type { Table } from '../store/table.js';
import type { Html } from './html.js';
import { type Language, languageOf } from './texts/language.js';

export interface ConsoleContext {
  readonly table: Table;
  readonly blobs: Blobs;
  /** The policy in force: the same as the handler's, or a little older or newer. */
  readonly policy: { readonly current: Policy };
  readonly candidate: { readonly current: Policy | undefined };
  /** Such as `https://callback.internal:8443`. */
  readonly origin: string;
  readonly log: Logger;
  readonly now: () => Date;
}

/** Who is signed in. */
export interface SignedIn {
  /** The key in the policy. */
  readonly key: string;
  readonly name: string;
  /** Viewers don't decide. */
  readonly isApprover: boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the guard: behind it, always there. */
    signedIn?: SignedIn;
  }
}

export function languageFor(request: FastifyRequest): Language {
  return languageOf(request.headers['accept-language']);
}

/** @throws {Error} in front of the guard */
export function signedInTo(request: FastifyRequest): SignedIn {
  if (request.signedIn === undefined) throw new Error('nobody is signed in');
  return request.signedIn;
}

export function sendHtml(reply: FastifyReply, content: Html, status = 200): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').send(content.toString());
}
