// Contract calls as treasuries make them, and staking. Encoded with ethers.
import { Interface, ZeroAddress, ZeroHash } from 'ethers';
import { DAI, ETH, USDC } from './assets.js';
import { evmAddress, type EvmCall, randomIntent, tokenTransferData } from './evm.js';
import type { Random } from './random.js';

/** A router that the policy names under `contracts`. */
export const ROUTER = '0xE592427A0AEce92De3Edee1F18E0157C05861564';
export const ROUTER_ABI = [
  'function swap(address tokenIn, uint256 amountIn, address tokenOut, uint256 minimumOut)',
];
const SAFE = '0xd9Db270c1B5E3Bd161E8c8503c55cEABeE709552';
const WETH = '0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2';
const DEPOSIT = '0x00000000219ab540356cBB839Cbe05303d7705Fa';
const PUNKS = '0xBC4CA0EdA7647A8aB7C2061c2E118A18a936f13D';
const UNNAMED = '0x1111111254EEB25477B68fb85Ed929f73A960582';

const abi = new Interface([
  ...ROUTER_ABI,
  'function approve(address spender, uint256 amount)',
  'function setApprovalForAll(address operator, bool approved)',
  'function safeTransferFrom(address from, address to, uint256 id)',
  'function multicall(bytes[] data)',
  'function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures)',
  'function deposit()',
  'function deposit(bytes pubkey, bytes withdrawal_credentials, bytes signature, bytes32 deposit_data_root)',
]);

interface Call {
  readonly contract: string;
  readonly data: string;
  readonly value?: bigint;
}

const swap = (random: Random): string =>
  abi.encodeFunctionData('swap', [USDC.contract, random.bigint(1n, 10n ** 12n), DAI.contract, 1n]);

/** Each gives the contract and the call data. */
export const CALLS: Readonly<Record<string, (random: Random) => Call>> = {
  swap: (random) => ({ contract: ROUTER, data: swap(random) }),
  swapOfCoin: (random) => ({ contract: ROUTER, data: swap(random), value: random.bigint(1n, 10n ** 18n) }),
  approve: (random) => ({
    contract: USDC.contract ?? '',
    data: abi.encodeFunctionData('approve', [ROUTER, random.bigint(1n, 10n ** 12n)]),
  }),
  approvalForAll: () => ({
    contract: PUNKS,
    data: abi.encodeFunctionData('setApprovalForAll', [ROUTER, true]),
  }),
  tokenTransfer: (random) => ({
    contract: DAI.contract ?? '',
    data: tokenTransferData(evmAddress(random), random.bigint(1n, 10n ** 15n)),
  }),
  collectible: (random) => ({
    contract: PUNKS,
    data: abi.encodeFunctionData('safeTransferFrom(address,address,uint256)', [
      evmAddress(random),
      evmAddress(random),
      random.int(1, 9999),
    ]),
  }),
  multicall: (random) => ({
    contract: ROUTER,
    data: abi.encodeFunctionData('multicall', [Array.from({ length: random.int(1, 4) }, () => swap(random))]),
  }),
  safe: (random) => ({
    contract: SAFE,
    data: abi.encodeFunctionData('execTransaction', [
      DAI.contract,
      0,
      tokenTransferData(evmAddress(random), random.bigint(1n, 10n ** 15n)),
      ...[0, 0, 0, 0, ZeroAddress, ZeroAddress, random.bytes(65)],
    ]),
  }),
  wrap: (random) => ({
    contract: WETH,
    data: abi.encodeFunctionData('deposit()', []),
    value: random.bigint(1n, 10n ** 18n),
  }),
  unknownMethod: (random) => ({
    contract: UNNAMED,
    data: `0x${Buffer.concat([random.bytes(4), random.bytes(random.int(0, 300))]).toString('hex')}`,
  }),
  noData: (random) => ({ contract: UNNAMED, data: '0x', value: random.bigint(1n, 10n ** 18n) }),
};

/** @param name one of `CALLS`; by default any */
export function randomCall(random: Random, name?: string): EvmCall {
  const build = CALLS[name ?? random.pick(Object.keys(CALLS))];
  if (build === undefined) throw new Error(`no call ${name}`);
  const { contract, data, value = 0n } = build(random);
  return {
    ...randomIntent(random, random.bigint(45_000n, 400_000n)),
    party: { type: 'UNMANAGED', id: random.uuid(), name: 'Router', subType: 'Contract' },
    asset: ETH,
    contract,
    data,
    value,
    showsDestination: random.chance(0.5),
    ...(random.chance(0.3) && { showsData: random.pick(['bare', 'absent'] as const) }),
  };
}

/** 32 ETH to the deposit contract, under the operation STAKE. */
export function randomStaking(random: Random): EvmCall {
  const data = abi.encodeFunctionData('deposit(bytes,bytes,bytes,bytes32)', [
    ...[random.bytes(48), random.bytes(32), random.bytes(96)],
    ZeroHash,
  ]);
  return {
    ...randomIntent(random, 90_000n),
    party: { type: 'UNMANAGED', id: '', name: 'Kiln' },
    asset: ETH,
    contract: DEPOSIT,
    data,
    value: 32n * 10n ** 18n,
    showsDestination: random.chance(0.5),
    showsData: 'absent',
    operation: 'STAKE',
  };
}
