// Addresses in requests, compared as their chains compare them.
import { canonicalAddress } from '../../chain/address/canonical.js';

/** An address in a request. Rules compare it with strings, other addresses and lists. */
export class Address {
  readonly normalized: string;
  /** Such as `evm/1`; absent if the asset's chain is not known. */
  readonly chain: string | undefined;
  /** Fireblocks id of the asset that is sent there, which an entry of a list may demand; absent if it is not known. */
  readonly asset: string | undefined;

  constructor(text: string, chain?: string, asset?: string) {
    this.normalized = canonicalAddress(text, chain);
    this.chain = chain;
    this.asset = asset;
  }

  equals(other: string): boolean {
    return this.normalized === canonicalAddress(other, this.chain);
  }

  toString(): string {
    return this.normalized;
  }

  toJSON(): string {
    return this.normalized;
  }
}
