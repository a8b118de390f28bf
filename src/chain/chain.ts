// Names of blockchains, as the policy writes them: `evm/1`, `bitcoin`, `bitcoin/testnet`, `solana/devnet`.

/** Chains with the same kind of transactions and addresses. */
export type Family =
  | 'evm'
  | 'bitcoin'
  | 'litecoin'
  | 'bitcoincash'
  | 'dogecoin'
  | 'dash'
  | 'solana'
  | 'tron'
  | 'ton'
  | 'aptos'
  | 'sui'
  | 'xrp'
  | 'stellar'
  | 'cardano'
  | 'cosmos'
  | 'polkadot'
  | 'algorand'
  | 'near'
  | 'tezos';

/** The network names that may follow a family; `undefined` stands for the main network, without a suffix. */
const NETWORKS: Readonly<Record<Exclude<Family, 'evm'>, readonly (string | undefined)[]>> = {
  bitcoin: [undefined, 'testnet'],
  litecoin: [undefined, 'testnet'],
  bitcoincash: [undefined, 'testnet'],
  dogecoin: [undefined, 'testnet'],
  dash: [undefined, 'testnet'],
  solana: [undefined, 'devnet', 'testnet'],
  tron: [undefined, 'testnet'],
  ton: [undefined, 'testnet'],
  aptos: [undefined, 'testnet'],
  sui: [undefined, 'testnet'],
  xrp: [undefined, 'testnet'],
  stellar: [undefined, 'testnet'],
  cardano: [undefined, 'testnet'],
  cosmos: [undefined],
  polkadot: [undefined, 'testnet'],
  algorand: [undefined, 'testnet'],
  near: [undefined, 'testnet'],
  tezos: [undefined, 'testnet'],
};

/** All names but those of EVM chains, which are `evm/` and a chain id. */
export const CHAIN_NAMES: readonly string[] = Object.entries(NETWORKS).flatMap(([family, networks]) =>
  networks.map((network) => (network === undefined ? family : `${family}/${network}`)),
);

const EVM = /^evm\/[1-9]\d{0,77}$/;

export function isChain(name: string): boolean {
  return EVM.test(name) || CHAIN_NAMES.includes(name);
}

/** @param chain a valid name @returns such as `evm` for `evm/1` */
export function familyOf(chain: string): Family {
  return chain.split('/')[0] as Family;
}
