// SHA-256, as addresses and transactions use it.
import { hash } from 'node:crypto';

export function sha256(data: Uint8Array): Buffer {
  return hash('sha256', data, 'buffer');
}

/** Of Bitcoin and its kin: the digest of transactions and preimages, and the checksum of base58 addresses. */
export function doubleSha256(data: Uint8Array): Buffer {
  return sha256(sha256(data));
}
