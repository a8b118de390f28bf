// Receives bodies of any content type, because Fireblocks does not document which one the Co-signer sends, if any. All
// bodies together stay within the memory for requests, and each must keep arriving.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { codeOf } from '../protocol/error.js';
import { Refusal } from '../protocol/refusal.js';
import { type ArrivingBody, RequestMemory } from './request-memory.js';

/** Maximum size of a request body, in bytes. The largest known request, with 250 legacy inputs, has about 7 MB. */
export const BODY_LIMIT = 8 * 1024 * 1024;
/** A large body of which fewer bytes than `LEAST_PROGRESS` arrive within this time is refused, in ms. */
export const PROGRESS_CHECK_MS = 5000;
const LEAST_PROGRESS = 64 * 1024;
/** Memory that a chunk takes in addition to its bytes. A hostile client can send chunks of one byte. */
const CHUNK_OVERHEAD = 128;

export interface RequestBodyOptions {
  /** Maximum memory that all requests together may hold, in bytes. */
  readonly maxMemoryBytes: number;
}

function registerRequestBody(
  app: FastifyInstance,
  { maxMemoryBytes }: RequestBodyOptions,
  done: () => void,
): void {
  const memory = new RequestMemory(maxMemoryBytes);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (request, payload, parsed) => {
    // Without a Content-Length, which is NaN then, the length is unknown.
    const announced = Number(request.headers['content-length']);
    if (announced > BODY_LIMIT) throw tooLarge();
    if (!memory.couldFit(Number.isNaN(announced) ? 0 : announced)) throw overloaded();
    new BodyReader(payload, announced, memory, parsed);
  });
  app.addHook('onRequest', (request, _reply, next) => {
    // Fastify replies 415 to a malformed header before it calls any parser.
    request.headers['content-type'] = undefined;
    next();
  });
  // Every body that was received completely gets here, even if the client has disconnected.
  app.addHook('onSend', (request, _reply, _payload, next) => {
    if (Buffer.isBuffer(request.body)) {
      memory.release(request.body.length);
      request.body = undefined;
    }
    next();
  });
  done();
}

/** Gives handlers the request body as a `Buffer`, which they may overwrite. */
export const requestBody = fastifyPlugin(registerRequestBody, { name: 'request-body' });

type Parsed = (error: Error | null, body?: Buffer) => void;

/** Reads one body, and reports it or the refusal, once. */
class BodyReader implements ArrivingBody {
  readonly #payload: FastifyRequest['raw'];
  readonly #announced: number;
  readonly #memory: RequestMemory;
  readonly #parsed: Parsed;
  readonly #progressCheck: NodeJS.Timeout | undefined;
  #chunks: Buffer[] = [];
  #received = 0;
  #receivedAtCheck = 0;
  #isComplete = false;

  /** @param announced the length; NaN if it is unknown */
  constructor(payload: FastifyRequest['raw'], announced: number, memory: RequestMemory, parsed: Parsed) {
    this.#payload = payload;
    this.#announced = announced;
    this.#memory = memory;
    this.#parsed = parsed;
    // A small body holds hardly more memory than its connection; the time limit for the whole request is enough.
    if (!(announced <= LEAST_PROGRESS)) {
      this.#progressCheck = setInterval(this.#checkProgress, PROGRESS_CHECK_MS);
    }
    payload.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError);
  }

  readonly evict = (): void => this.#finish(overloaded());

  readonly #onData = (chunk: Buffer): void => {
    this.#received += chunk.length;
    if (this.#received > BODY_LIMIT) {
      this.#finish(tooLarge());
      return;
    }
    this.#chunks.push(chunk);
    if (this.#received === this.#announced) this.#complete();
    else this.#memory.hold(this, this.#received + this.#chunks.length * CHUNK_OVERHEAD);
  };

  readonly #onEnd = (): void => {
    if (!this.#isComplete) this.#complete();
    if (this.#isComplete) this.#finish(undefined);
  };

  readonly #onError = (error: unknown): void =>
    this.#finish(new Refusal('bad_request', codeOf(error) ?? 'unreadable request'));

  readonly #checkProgress = (): void => {
    if (this.#received - this.#receivedAtCheck < LEAST_PROGRESS) {
      this.#finish(new Refusal('request_timeout', 'the body arrives too slowly'));
    }
    this.#receivedAtCheck = this.#received;
  };

  #complete(): void {
    this.#isComplete = this.#memory.complete(this, this.#received);
    if (!this.#isComplete) this.#finish(overloaded());
  }

  #finish(refusal: Refusal | undefined): void {
    clearInterval(this.#progressCheck);
    this.#payload.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onError);
    const chunks = this.#chunks;
    this.#chunks = [];
    if (refusal === undefined) {
      this.#parsed(null, chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, this.#received));
      return;
    }
    if (this.#isComplete) this.#memory.release(this.#received);
    else this.#memory.forget(this);
    this.#parsed(refusal);
  }
}

function tooLarge(): Refusal {
  return new Refusal('body_too_large', 'body over the limit');
}

function overloaded(): Refusal {
  return new Refusal('overloaded', 'the memory for requests is used up');
}
