// How the addresses of Bitcoin and its kin begin, from each coin's `chainparams.cpp`.

export interface Network {
  /** Such as `bitcoin/testnet`. */
  readonly chain: string;
  /** First bytes of base58 addresses for a public key's hash. The first one is used to write addresses. */
  readonly keyHash: readonly number[];
  /** First bytes of base58 addresses for a script's hash. The first one is used to write addresses. */
  readonly scriptHash: readonly number[];
  /** Prefix of SegWit addresses (BIP-173); absent for chains without SegWit. */
  readonly segwit?: string;
  /** Prefix of CashAddr addresses, for Bitcoin Cash. */
  readonly cash?: string;
}

const NETWORKS: readonly Network[] = [
  { chain: 'bitcoin', keyHash: [0x00], scriptHash: [0x05], segwit: 'bc' },
  { chain: 'bitcoin/testnet', keyHash: [0x6f], scriptHash: [0xc4], segwit: 'tb' },
  // Addresses of scripts began with 3 before they began with M; both are in use.
  { chain: 'litecoin', keyHash: [0x30], scriptHash: [0x32, 0x05], segwit: 'ltc' },
  { chain: 'litecoin/testnet', keyHash: [0x6f], scriptHash: [0x3a, 0xc4], segwit: 'tltc' },
  // 0x1c and 0x28 are BitPay's form of legacy addresses (C… and H…).
  { chain: 'bitcoincash', keyHash: [0x00, 0x1c], scriptHash: [0x05, 0x28], cash: 'bitcoincash' },
  { chain: 'bitcoincash/testnet', keyHash: [0x6f], scriptHash: [0xc4], cash: 'bchtest' },
  { chain: 'dogecoin', keyHash: [0x1e], scriptHash: [0x16] },
  { chain: 'dogecoin/testnet', keyHash: [0x71], scriptHash: [0xc4] },
  { chain: 'dash', keyHash: [0x4c], scriptHash: [0x10] },
  { chain: 'dash/testnet', keyHash: [0x8c], scriptHash: [0x13] },
];

const BY_CHAIN: ReadonlyMap<string, Network> = new Map(NETWORKS.map((network) => [network.chain, network]));

/** @returns `undefined` for a chain of another family */
export function networkOf(chain: string): Network | undefined {
  return BY_CHAIN.get(chain);
}
