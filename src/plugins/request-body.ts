// Receives bodies of any content type, because Fireblocks does not document which one the Co-signer sends, if any. All
// bodies together stay within the memory for requests, and each must keep arriving.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { codeOf } from '../protocol/error.js';
import { Refusal } from '../protocol/refusal.js';
import { type ArrivingBody, RequestMemory } from './request-memory.js';

/** Maximum size of a request body, in bytes. The largest known request, with 250 legacy inputs, has about 7 MB. */
export const BODY_LIMIT = 8 * 1024 * 1024;
/**
 * A large body is refused if fewer bytes arrive within this time, in ms. The largest body that arrives within the 30 s
 * for a request is twenty times as fast.
 */
const PROGRESS_CHECK_MS = 5000;
const LEAST_PROGRESS = 64 * 1024;
/** Memory that a chunk takes in addition to its bytes. A hostile client can send chunks of one byte. */
const CHUNK_OVERHEAD = 128;

export interface RequestBodyOptions {
  /** Maximum memory that all requests together may hold, in bytes. */
  readonly maxMemoryBytes: number;
  /** How often to check whether a large body still arrives, in ms. @default 5000 */
  readonly progressCheckMs?: number;
}

function registerRequestBody(
  app: FastifyInstance,
  { maxMemoryBytes, progressCheckMs = PROGRESS_CHECK_MS }: RequestBodyOptions,
  done: () => void,
): void {
  const memory = new RequestMemory(maxMemoryBytes);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (request, payload, parsed) => {
    // Without a Content-Length, which is NaN then, the length is unknown.
    const announced = Number(request.headers['content-length']);
    if (announced > BODY_LIMIT) throw tooLarge();
    if (!memory.couldFit(Number.isNaN(announced) ? 0 : announced)) throw overloaded();
    new BodyReader({ payload, announced, memory, parsed, progressCheckMs });
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

interface Reading {
  readonly payload: FastifyRequest['raw'];
  /** The announced length; NaN if it is unknown. */
  readonly announced: number;
  readonly memory: RequestMemory;
  /** Called once, with the body or the refusal. */
  readonly parsed: (error: Error | null, body?: Buffer) => void;
  readonly progressCheckMs: number;
}

/** Reads one body. */
class BodyReader implements ArrivingBody {
  readonly #reading: Reading;
  readonly #progressCheck: NodeJS.Timeout | undefined;
  #chunks: Buffer[] = [];
  #received = 0;
  #receivedAtCheck = 0;
  #isComplete = false;

  constructor(reading: Reading) {
    this.#reading = reading;
    const { payload, announced, progressCheckMs } = reading;
    // A small body holds hardly more memory than its connection; the time limit for the whole request is enough.
    if (!(announced <= LEAST_PROGRESS)) {
      this.#progressCheck = setInterval(this.#checkProgress, progressCheckMs);
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
    if (this.#received === this.#reading.announced) this.#complete();
    else this.#reading.memory.hold(this, this.#received + this.#chunks.length * CHUNK_OVERHEAD);
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
    this.#isComplete = this.#reading.memory.complete(this, this.#received);
    if (!this.#isComplete) this.#finish(overloaded());
  }

  #finish(refusal: Refusal | undefined): void {
    const { payload, memory, parsed } = this.#reading;
    clearInterval(this.#progressCheck);
    payload.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onError);
    const chunks = this.#chunks;
    this.#chunks = [];
    if (refusal === undefined) {
      parsed(null, chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, this.#received));
      return;
    }
    if (this.#isComplete) memory.release(this.#received);
    else memory.forget(this);
    parsed(refusal);
  }
}

function tooLarge(): Refusal {
  return new Refusal('body_too_large', 'body over the limit');
}

function overloaded(): Refusal {
  return new Refusal('overloaded', 'the memory for requests is used up');
}
