// What is shown if a page can't be: unknown addresses, a store that can't be read, and errors.
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { codeOf } from '../protocol/error.js';
import { html } from './html.js';
import { page } from './layout.js';
import { languageFor, sendHtml } from './page-context.js';
import { layoutTexts } from './texts/layout.js';

type Problem = 'notFound' | 'unavailable' | 'failed' | 'unreadable';

export function addErrorPages(app: FastifyInstance, log: Logger): void {
  app.setNotFoundHandler((request, reply) => send(request, reply, 'notFound', 404));
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const { statusCode = 500 } = error;
    if (statusCode < 500) return send(request, reply, 'unreadable', statusCode);
    const isStore = codeOf(error) === 'STORE_FAILED';
    const line = { event: 'console_failed', path: request.routeOptions.url, err: error };
    log.error(line, isStore ? error.message : 'unexpected error in the console');
    return send(request, reply, isStore ? 'unavailable' : 'failed', isStore ? 503 : 500);
  });
}

function send(request: FastifyRequest, reply: FastifyReply, problem: Problem, status: number): FastifyReply {
  const language = languageFor(request);
  const texts = layoutTexts[language];
  if (request.method !== 'GET') return reply.code(status).send({ message: texts[problem] });
  const person = request.signedIn?.name;
  const body = html`<div class="card narrow">
    <h1>${texts.error}</h1>
    <p>${texts[problem]}</p>
    <p><a href="/">${texts.back}</a></p>
  </div>`;
  return sendHtml(reply, page({ language, title: texts.error, person, body }), status);
}
