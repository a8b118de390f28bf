// What the policy says that a request does not: assets and contracts on their chains, and the workspace's own addresses.
import type { Decimal } from '../protocol/decimal.js';

/** An asset of the workspace, under its Fireblocks asset id. */
export interface Asset {
  readonly id: string;
  /** Such as `evm/1` or `bitcoin/testnet`. */
  readonly chain: string;
  /** The token's contract or mint, in canonical form; absent for the chain's own coin. */
  readonly contract?: string;
  /** Number of decimal places of one unit: 18 for ETH, 8 for BTC. */
  readonly decimals: number;
  /** US dollars for one unit; used only where the request has no price, or 0. */
  readonly price?: Decimal;
}

/** A contract whose calls are read by its own interface, beside the standards that are built in. */
export interface ContractDefinition {
  /** Such as `evm/1`. */
  readonly chain: string;
  /** In canonical form. */
  readonly address: string;
  readonly name?: string;
  /** Human-readable signatures: `function swap(address tokenIn, uint256 amountIn)`. */
  readonly abi: readonly string[];
}

export type CheckName = 'payload' | 'recipient' | 'amount' | 'chain' | 'fee' | 'display';

/**
 * - `off`: not checked.
 * - `reject`: a contradiction is rejected.
 * - `require`: at the signing stage, what can't be known is rejected as well.
 */
export type CheckMode = 'off' | 'reject' | 'require';

export interface IntegritySettings extends Readonly<Record<CheckName, CheckMode>> {
  /** `required`: signing requests without `rawTx` are rejected. */
  readonly rawTransaction: 'optional' | 'required';
  /** The most that may be spent on fees, as a multiple of the fee that the request shows. */
  readonly maxFeeFactor: Decimal;
}

export interface Catalog {
  /** By Fireblocks asset id: the policy's assets and, unless it overrides them, the defaults. */
  readonly assets: ReadonlyMap<string, Asset>;
  readonly contracts: readonly ContractDefinition[];
  /** Addresses of this workspace that change may go to, as written. */
  readonly own: readonly string[];
  readonly integrity: IntegritySettings;
}

/** The chain's own coin, or the token at a contract, if the catalog has it. @param contract in canonical form */
export function assetOn({ assets }: Catalog, chain: string, contract?: string): Asset | undefined {
  for (const asset of assets.values()) {
    if (asset.chain === chain && asset.contract === contract) return asset;
  }
  return undefined;
}
