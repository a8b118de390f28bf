// Addresses in one canonical form for each chain, so that all spellings of an address are equal.
import { normalizeByForm } from './by-form.js';

/**
 * Converts an address to the canonical form of its chain. Text that is no address of the chain is returned without
 * surrounding spaces and invisible characters, and otherwise as written.
 * @param chain such as `evm/1`; without it, the form of the text decides
 */
export function canonicalAddress(text: string, chain?: string): string {
  void chain;
  return normalizeByForm(text);
}

/** @returns whether the text is an address of the chain; `undefined` if this chain's addresses can't be validated */
export function isAddressOf(text: string, chain: string): boolean | undefined {
  void text;
  void chain;
  return undefined;
}

/** What a person should look at: a wrong checksum, or invisible characters that were removed. Empty if nothing. */
export function addressWarnings(text: string, chain?: string): readonly string[] {
  void text;
  void chain;
  return [];
}
