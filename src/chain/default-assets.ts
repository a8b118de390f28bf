// Assets that are certain without a policy: the native coins of the main chains.
import type { Asset } from './catalog.js';

export const DEFAULT_ASSETS: readonly Asset[] = [
  { id: 'ETH', chain: 'evm/1', decimals: 18 },
  { id: 'BTC', chain: 'bitcoin', decimals: 8 },
  { id: 'BTC_TEST', chain: 'bitcoin/testnet', decimals: 8 },
  { id: 'SOL', chain: 'solana', decimals: 9 },
];
