// What is kept by its hash, in memory.
import type { Blobs } from '../../src/store/blobs.js';

export class MemoryBlobs implements Blobs {
  readonly kept = new Map<string, Buffer>();

  put(sha256: string, bytes: Buffer): Promise<void> {
    if (!this.kept.has(sha256)) this.kept.set(sha256, bytes);
    return Promise.resolve();
  }

  get(sha256: string): Promise<Buffer | undefined> {
    return Promise.resolve(this.kept.get(sha256));
  }
}
