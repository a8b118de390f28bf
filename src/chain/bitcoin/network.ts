// What differs between Bitcoin and its kin: prefixes of addresses, SegWit, and the type of signature hash.

export interface Network {
  /** Such as `bitcoin/testnet`. */
  readonly chain: string;
  /** First byte of a base58 address for a public key's hash. The first one is used to write addresses. */
  readonly keyHash: readonly number[];
  /** First byte of a base58 address for a script's hash. */
  readonly scriptHash: readonly number[];
  /** Prefix of SegWit addresses (BIP-173); absent for chains without SegWit. */
  readonly segwit?: string;
  /** Prefix of CashAddr addresses, for Bitcoin Cash. */
  readonly cash?: string;
}

/** Base58 and bech32 prefixes from each coin's `chainparams.cpp`. */
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

export const SIGHASH_ALL = 0x01;
/** Bitcoin Cash signs BIP-143 preimages for all inputs, marked by this bit. */
export const SIGHASH_FORKID = 0x40;
const ANYONECANPAY = 0x80;
const BASE_TYPES: Readonly<Record<number, string>> = { 1: 'ALL', 2: 'NONE', 3: 'SINGLE' };

/** The only type that binds all inputs and all outputs. */
export function requiredSighash({ cash }: Network): number {
  return cash === undefined ? SIGHASH_ALL : SIGHASH_ALL | SIGHASH_FORKID;
}

/** @returns such as `SIGHASH_SINGLE|ANYONECANPAY (0x83)` */
export function sighashName(type: number): string {
  const code = `0x${type.toString(16).padStart(2, '0')}`;
  const base = BASE_TYPES[type & ~(ANYONECANPAY | SIGHASH_FORKID)];
  if (base === undefined) return `the signature hash type ${code}`;
  const forkId = (type & SIGHASH_FORKID) === 0 ? '' : '|FORKID';
  return `SIGHASH_${base}${forkId}${(type & ANYONECANPAY) === 0 ? '' : '|ANYONECANPAY'} (${code})`;
}
