// Reads the data of a contract call: its method, arguments, and what it does to tokens.
import type { Catalog } from '../catalog.js';
import type { CallFacts } from '../facts.js';

export interface Call {
  /** Such as `evm/1`. */
  readonly chain: string;
  /** The contract, in canonical form. */
  readonly to: string;
  readonly data: Buffer;
  /** Wei. */
  readonly value: bigint;
}

/**
 * @returns `undefined` if there is no data to read: fewer than four bytes
 * @throws {MalformedError} if the data of a known method is not encoded as the ABI demands
 */
export function readCall(call: Call, catalog: Catalog): CallFacts | undefined {
  void call;
  void catalog;
  return undefined;
}
