// Requests whose raw transactions are mutated: the published vectors, and generated ones, each with its confirmation by
// other encoders.
import type { Payload } from '../../../cli/cosigner/request.js';
import type { Catalog } from '../../../src/chain/catalog.js';
import { VECTORS } from '../../../test/helpers/traffic-vectors.js';
import {
  BCH,
  BTC,
  DAI,
  DOGE,
  ETH,
  LTC,
  SOL,
  SOL_PYUSD,
  SOL_USDC,
  USDC,
  USDC_POLYGON,
} from '../../traffic/assets.js';
import { bitcoinTransfer, randomBitcoinTransfer } from '../../traffic/bitcoin.js';
import { TRAFFIC_CATALOG } from '../../traffic/catalog.js';
import { randomCall } from '../../traffic/calls.js';
import { contractCall, evmTransfer, randomEvmTransfer, tokenTransferData } from '../../traffic/evm.js';
import { createRandom, type Random } from '../../traffic/random.js';
import { randomSolanaTransfer, solanaTransfer } from '../../traffic/solana.js';
import { type Confirm, confirmBitcoin, confirmEvm, confirmSolana } from './confirm.js';

export interface Sample {
  readonly payload: Payload;
  readonly catalog: Catalog;
  readonly confirm: Confirm;
}

export type Chain = 'evm' | 'call' | 'bitcoin' | 'solana';

const GENERATED: Readonly<Record<Chain, (random: Random) => Omit<Sample, 'catalog'>>> = {
  evm: (random) => {
    const transfer = randomEvmTransfer(random, random.pick([ETH, USDC, DAI, USDC_POLYGON]));
    const { asset, to, units, fee } = transfer;
    const call = { to: asset.contract ?? '', value: 0n, data: tokenTransferData(to, units) };
    const target = asset.contract === undefined ? { to, value: units, data: '0x' } : call;
    return { payload: evmTransfer(transfer), confirm: confirmEvm({ chain: asset.chain, fee, ...target }) };
  },
  call: (random) => {
    const call = {
      ...randomCall(random),
      gas: { ...randomCall(random).gas, type: random.pick([2, 4] as const) },
    };
    const { contract, value, data, asset, fee } = call;
    return {
      payload: contractCall({ ...call, showsData: undefined }),
      confirm: confirmEvm({ chain: asset.chain, to: contract, value, data, fee }),
    };
  },
  bitcoin: (random) => {
    const transfer = randomBitcoinTransfer(random, { asset: random.pick([BTC, BTC, BTC, LTC, DOGE, BCH]) });
    return { payload: bitcoinTransfer(transfer), confirm: confirmBitcoin(transfer) };
  },
  solana: (random) => {
    const transfer = randomSolanaTransfer(random, random.pick([SOL, SOL_USDC, SOL_PYUSD]));
    return { payload: solanaTransfer(transfer), confirm: confirmSolana(transfer) };
  },
};

const POOL = 150;

/** Samples of one chain, the published vectors among them. */
export function samplesOf(chain: Chain, seed: number): readonly Sample[] {
  const random = createRandom(seed);
  const generated = Array.from({ length: POOL }, () => ({
    ...GENERATED[chain](random),
    catalog: TRAFFIC_CATALOG,
  }));
  const published = VECTORS.filter(({ name }) => name.startsWith(VECTOR_NAMES[chain]));
  return [...generated, ...published.filter(({ payload }) => payload['operation'] === 'TRANSFER')];
}

const VECTOR_NAMES: Readonly<Record<Chain, string>> = {
  evm: 'evm-',
  call: 'evm-',
  bitcoin: 'btc-',
  solana: 'solana-',
};
