// Counts the memory that requests hold, and decides which body is refused when it is used up. No I/O.

/**
 * Memory that one byte of a body takes until its reply is sent: the body itself, its JSON string and the parsed object,
 * and what the garbage collector has not freed yet.
 */
export const MEMORY_PER_BODY_BYTE = 3.5;
/** Incomplete bodies may use this part of the bound together. The rest is for complete ones. */
const SHARE_OF_INCOMPLETE = 0.75;

/** A body that is being received. */
export interface ArrivingBody {
  /** Called if the body has to be dropped. It no longer counts then. */
  readonly evict: () => void;
}

/**
 * When the memory is used up, the oldest incomplete body is dropped. So a body is received unless others fill the bound
 * while it arrives: clients that send slowly, or never finish, lose to the Co-signer, whose bodies arrive in
 * milliseconds. Dropping the newest instead would let clients that never finish keep everybody else out.
 */
export class RequestMemory {
  /** Incomplete bodies with their number of bytes, oldest first. */
  readonly #arriving = new Map<ArrivingBody, number>();
  readonly #maxBytes: number;
  readonly #maxArrivingBytes: number;
  #arrivingBytes = 0;
  #completeBytes = 0;

  /** @param bound maximum memory of all requests together, in bytes */
  constructor(bound: number) {
    this.#maxBytes = bound / MEMORY_PER_BODY_BYTE;
    this.#maxArrivingBytes = this.#maxBytes * SHARE_OF_INCOMPLETE;
  }

  /** Whether a body of this size would fit if all incomplete bodies were dropped. */
  couldFit(bytes: number): boolean {
    return this.#completeBytes + bytes <= this.#maxBytes;
  }

  /** Counts an incomplete body, with all its bytes so far. The oldest incomplete bodies are dropped if necessary. */
  hold(body: ArrivingBody, bytes: number): void {
    this.#arrivingBytes += bytes - (this.#arriving.get(body) ?? 0);
    this.#arriving.set(body, bytes);
    this.#dropUntilItFits();
  }

  /**
   * Counts a complete body instead of an incomplete one, until `release`.
   * @returns false if it does not fit although all incomplete bodies were dropped; it then does not count
   */
  complete(body: ArrivingBody, bytes: number): boolean {
    this.forget(body);
    this.#completeBytes += bytes;
    const fits = this.#dropUntilItFits();
    if (!fits) this.release(bytes);
    return fits;
  }

  /** Stops counting an incomplete body, if it still counts. */
  forget(body: ArrivingBody): void {
    this.#arrivingBytes -= this.#arriving.get(body) ?? 0;
    this.#arriving.delete(body);
  }

  /** Stops counting a complete body, because its reply is being sent. */
  release(bytes: number): void {
    this.#completeBytes -= bytes;
  }

  #dropUntilItFits(): boolean {
    while (
      this.#arrivingBytes > this.#maxArrivingBytes ||
      this.#arrivingBytes + this.#completeBytes > this.#maxBytes
    ) {
      const [oldest] = this.#arriving.keys();
      if (oldest === undefined) return false;
      this.forget(oldest);
      oldest.evict();
    }
    return true;
  }
}
