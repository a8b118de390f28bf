// Where change may go: to a key or script of an input, or to an address that the policy lists under `own`.
import type { Network } from '../address/network.js';
import type { Signing } from '../signing.js';
import { addressToScript } from './address.js';
import { changeScripts } from './script.js';

export interface Change {
  /** The scripts of outputs that change may go to, the likeliest first. */
  readonly scripts: readonly Buffer[];
  readonly has: (script: Buffer) => boolean;
  /**
   * Whether change may go to the vault's permanent address without that address being known: its address index is 0, and
   * neither does an entry's key have this index, nor does the policy list own addresses of this network.
   */
  readonly mayBeElsewhere: boolean;
}

/** @param codes the script codes of the inputs */
export function changeOf({ entries, catalog }: Signing, codes: readonly Buffer[], network: Network): Change {
  const own = ownScripts(catalog.own, network);
  const scripts = new Map<string, Buffer>();
  for (const code of new Map(codes.map((bytes) => [bytes.toString('latin1'), bytes])).values()) {
    for (const script of changeScripts(code, network)) scripts.set(script.toString('latin1'), script);
  }
  for (const script of own) scripts.set(script.toString('latin1'), script);
  return {
    scripts: [...scripts.values()],
    has: (script) => scripts.has(script.toString('latin1')),
    mayBeElsewhere:
      own.length === 0 && !entries.some(({ keyDerivationPath }) => hasIndexZero(keyDerivationPath)),
  };
}

/** @param path such as `[ 44, 0, 0, 0, 0 ]` */
function hasIndexZero(path = ''): boolean {
  return /(?:^|\D)0+\s*\]?\s*$/.test(path.slice(-100));
}

/** For a list of 1,000 addresses, decoding takes 3 ms, which every request would pay. */
const cache = new WeakMap<readonly string[], Map<string, readonly Buffer[]>>();

/** @returns the scripts of the addresses that are addresses of this network */
export function ownScripts(own: readonly string[], network: Network): readonly Buffer[] {
  if (own.length === 0) return [];
  const cached = cache.get(own)?.get(network.chain);
  if (cached !== undefined) return cached;
  const scripts = own
    .map((address) => addressToScript(address, network))
    .filter((script): script is Buffer => script instanceof Buffer);
  const byChain = cache.get(own) ?? new Map<string, readonly Buffer[]>();
  cache.set(own, byChain.set(network.chain, scripts));
  return scripts;
}
