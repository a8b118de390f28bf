// The assets of the made-up workspace, as its policy would name them.

export interface TrafficAsset {
  /** Fireblocks asset id. */
  readonly id: string;
  /** Such as `evm/1`. */
  readonly chain: string;
  /** Contract or mint; absent for the chain's own coin. */
  readonly contract?: string;
  readonly decimals: number;
  /** US dollars for one unit. */
  readonly usd: number;
  /** Solana: the mint belongs to Token-2022 instead of the token program. */
  readonly isToken2022?: boolean;
}

export const ETH: TrafficAsset = { id: 'ETH', chain: 'evm/1', decimals: 18, usd: 1874.29 };
export const MATIC: TrafficAsset = { id: 'MATIC_POLYGON', chain: 'evm/137', decimals: 18, usd: 0.41 };
export const BTC: TrafficAsset = { id: 'BTC', chain: 'bitcoin', decimals: 8, usd: 64_250 };
export const BTC_TEST: TrafficAsset = { id: 'BTC_TEST', chain: 'bitcoin/testnet', decimals: 8, usd: 0 };
export const LTC: TrafficAsset = { id: 'LTC', chain: 'litecoin', decimals: 8, usd: 71.2 };
export const DOGE: TrafficAsset = { id: 'DOGE', chain: 'dogecoin', decimals: 8, usd: 0.11 };
export const BCH: TrafficAsset = { id: 'BCH', chain: 'bitcoincash', decimals: 8, usd: 331.5 };
export const SOL: TrafficAsset = { id: 'SOL', chain: 'solana', decimals: 9, usd: 142.6 };
export const XRP: TrafficAsset = { id: 'XRP', chain: 'xrp', decimals: 6, usd: 0.52 };
export const TRX: TrafficAsset = { id: 'TRX', chain: 'tron', decimals: 6, usd: 0.12 };
export const TON: TrafficAsset = { id: 'TON', chain: 'ton', decimals: 9, usd: 5.2 };

export const USDC: TrafficAsset = {
  id: 'USDC',
  chain: 'evm/1',
  contract: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48',
  decimals: 6,
  usd: 1,
};
export const DAI: TrafficAsset = {
  id: 'DAI',
  chain: 'evm/1',
  contract: '0x6B175474E89094C44Da98b954EedeAC495271d0F',
  decimals: 18,
  usd: 1,
};
export const USDC_POLYGON: TrafficAsset = {
  id: 'USDC_POLYGON',
  chain: 'evm/137',
  contract: '0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359',
  decimals: 6,
  usd: 1,
};
export const SOL_USDC: TrafficAsset = {
  id: 'SOL_USDC',
  chain: 'solana',
  contract: 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v',
  decimals: 6,
  usd: 1,
};
export const SOL_PYUSD: TrafficAsset = {
  id: 'SOL_PYUSD',
  chain: 'solana',
  contract: '2b1kV6DkPAnxd5ixfnxCpjxmKwqjjaYmCZfHsFu24GXo',
  decimals: 6,
  usd: 1,
  isToken2022: true,
};
/** A token that the policy does not name. */
export const SHIB_UNNAMED: TrafficAsset = {
  id: 'SHIB',
  chain: 'evm/1',
  contract: '0x95aD61b0a150d79219dCF64E1E6Cc01f0B64C4cE',
  decimals: 18,
  usd: 0.00001,
};

/** What the policy of the made-up workspace names under `assets`. */
export const NAMED_ASSETS: readonly TrafficAsset[] = [
  ...[ETH, MATIC, BTC, BTC_TEST, LTC, DOGE, BCH, SOL, XRP, TRX, TON],
  ...[USDC, DAI, USDC_POLYGON, SOL_USDC, SOL_PYUSD],
];

/** The chain's own coin, in which fees are paid. */
export function coinOf({ chain }: TrafficAsset): TrafficAsset {
  const coin = NAMED_ASSETS.find((asset) => asset.chain === chain && asset.contract === undefined);
  if (coin === undefined) throw new Error(`no coin for ${chain}`);
  return coin;
}
