// What is kept by its hash, because it is large or shared by many records: public keys, policies, lists, large records.

export interface Blobs {
  /**
   * Keeps bytes under their SHA-256 at least until a time, if they are not kept so long already.
   * @param sha256 64 hex digits
   * @param expires Unix time in seconds; of what is kept already, the later one counts
   * @throws {StoreError}
   */
  put(sha256: string, bytes: Buffer, expires: number): Promise<void>;
  /** @returns `undefined` if there is none. @throws {StoreError} also if the bytes do not have that hash */
  get(sha256: string): Promise<Buffer | undefined>;
}
