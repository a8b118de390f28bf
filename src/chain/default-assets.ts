// Assets that are certain without a policy: the native coins of the main chains, and two stable coins on Ethereum.
import type { Asset } from './catalog.js';

const native =
  (decimals: number) =>
  (id: string, chain: string): Asset => ({ id, chain, decimals });

const evm = native(18);
const bitcoin = native(8);

/**
 * Asset ids as in Fireblocks' `GET /v1/supported_assets`
 * (https://developers.fireblocks.com/docs/list-supported-assets-1). Those of EVM chains, with their chain ids, are in
 * Fireblocks' web3 provider (https://github.com/fireblocks/fireblocks-web3-provider, `src/constants.ts`); most others
 * are in its recovery tool (https://github.com/fireblocks/recovery, `packages/asset-config/config/patches.ts`). Ids and
 * networks that are not certain are left out.
 */
const NATIVE: readonly Asset[] = [
  evm('ETH', 'evm/1'),
  evm('ETH_TEST5', 'evm/11155111'),
  evm('ETH_TEST6', 'evm/17000'),
  evm('ETH-AETH', 'evm/42161'),
  evm('ETH-AETH_SEPOLIA', 'evm/421614'),
  evm('ETH-OPT', 'evm/10'),
  evm('ETH-OPT_SEPOLIA', 'evm/11155420'),
  evm('BASECHAIN_ETH', 'evm/8453'),
  evm('BASECHAIN_ETH_TEST5', 'evm/84532'),
  evm('LINEA', 'evm/59144'),
  evm('MATIC_POLYGON', 'evm/137'),
  evm('AMOY_POLYGON_TEST', 'evm/80002'),
  evm('BNB_BSC', 'evm/56'),
  evm('BNB_TEST', 'evm/97'),
  evm('AVAX', 'evm/43114'),
  evm('AVAXTEST', 'evm/43113'),
  evm('ETC', 'evm/61'),
  evm('FTM_FANTOM', 'evm/250'),
  evm('CELO', 'evm/42220'),
  evm('GLMR_GLMR', 'evm/1284'),
  evm('MOVR_MOVR', 'evm/1285'),
  evm('RBTC', 'evm/30'),
  bitcoin('BTC', 'bitcoin'),
  bitcoin('BTC_TEST', 'bitcoin/testnet'),
  bitcoin('LTC', 'litecoin'),
  bitcoin('LTC_TEST', 'litecoin/testnet'),
  bitcoin('BCH', 'bitcoincash'),
  bitcoin('BCH_TEST', 'bitcoincash/testnet'),
  bitcoin('DOGE', 'dogecoin'),
  bitcoin('DOGE_TEST', 'dogecoin/testnet'),
  bitcoin('DASH', 'dash'),
  bitcoin('DASH_TEST', 'dash/testnet'),
  native(9)('SOL', 'solana'),
  native(9)('SOL_TEST', 'solana/devnet'),
  native(6)('XRP', 'xrp'),
  native(6)('XRP_TEST', 'xrp/testnet'),
  native(7)('XLM', 'stellar'),
  native(7)('XLM_TEST', 'stellar/testnet'),
  native(6)('TRX', 'tron'),
  native(6)('TRX_TEST', 'tron/testnet'),
  native(9)('TON', 'ton'),
  native(9)('TON_TEST', 'ton/testnet'),
  native(6)('ADA', 'cardano'),
  native(6)('ADA_TEST', 'cardano/testnet'),
  native(6)('ATOM_COS', 'cosmos'),
  native(10)('DOT', 'polkadot'),
  native(6)('ALGO', 'algorand'),
  native(6)('ALGO_TEST', 'algorand/testnet'),
  native(24)('NEAR', 'near'),
  native(24)('NEAR_TEST', 'near/testnet'),
  native(6)('XTZ', 'tezos'),
  native(6)('XTZ_TEST', 'tezos/testnet'),
];

const STABLE_COINS: readonly Asset[] = [
  // Circle: https://developers.circle.com/stablecoins/usdc-contract-addresses
  {
    id: 'USDC',
    chain: 'evm/1',
    contract: '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48',
    decimals: 6,
  },
  // Tether: https://tether.to/en/supported-protocols/
  {
    id: 'USDT_ERC20',
    chain: 'evm/1',
    contract: '0xdac17f958d2ee523a2206206994597c13d831ec7',
    decimals: 6,
  },
];

export const DEFAULT_ASSETS: readonly Asset[] = [...NATIVE, ...STABLE_COINS];
