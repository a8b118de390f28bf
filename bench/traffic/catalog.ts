// The catalog of the made-up workspace: what its policy says under `assets`, `contracts` and `own`.
import { canonicalAddress } from '../../src/chain/address/canonical.js';
import type { Asset, Catalog } from '../../src/chain/catalog.js';
import { DEFAULT_INTEGRITY } from '../../src/chain/default-catalog.js';
import { Decimal } from '../../src/protocol/decimal.js';
import { NAMED_ASSETS, type TrafficAsset } from './assets.js';
import { ROUTER, ROUTER_ABI } from './calls.js';

export const TRAFFIC_CATALOG: Catalog = {
  assets: new Map(NAMED_ASSETS.map((asset) => [asset.id, toAsset(asset)])),
  contracts: [
    { chain: 'evm/1', name: 'router', address: canonicalAddress(ROUTER, 'evm/1'), abi: ROUTER_ABI },
  ],
  own: [],
  integrity: DEFAULT_INTEGRITY,
};

export function toAsset({ id, chain, contract, decimals, usd }: TrafficAsset): Asset {
  return {
    id,
    chain,
    decimals,
    ...(contract !== undefined && { contract: canonicalAddress(contract, chain) }),
    ...(usd > 0 && { price: new Decimal(usd) }),
  };
}
