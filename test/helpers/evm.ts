// Requests that sign EVM transactions: the published vectors, and transactions encoded by ethers.
import { readFileSync } from 'node:fs';
import { Interface, keccak256, Transaction, type TransactionLike } from 'ethers';
import type { Asset, Catalog, CheckName } from '../../src/chain/catalog.js';
import { DEFAULT_CATALOG } from '../../src/chain/default-catalog.js';
import { readEvm } from '../../src/chain/evm/read.js';
import type { FamilyResult } from '../../src/chain/facts.js';
import { prepareSigning } from '../../src/chain/prepare.js';

export type Payload = Readonly<Record<string, unknown>>;

export const ALICE = '0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8';
export const MALLORY = '0x000000000000000000000000000000000000dead';
export const DAI = '0x6b175474e89094c44da98b954eedeac495271d0f';
export const USDC_ADDRESS = `0x${'a0'.repeat(20)}`;
export const ETHER = 10n ** 18n;

const ASSETS: readonly Asset[] = [
  { id: 'ETH', chain: 'evm/1', decimals: 18 },
  { id: 'DAI', chain: 'evm/52', contract: DAI, decimals: 18 },
  { id: 'SOL', chain: 'solana', decimals: 9 },
  { id: 'USDC', chain: 'evm/1', contract: USDC_ADDRESS, decimals: 6 },
];
export const catalog: Catalog = {
  ...DEFAULT_CATALOG,
  assets: new Map(ASSETS.map((asset) => [asset.id, asset])),
};

export const erc20 = new Interface([
  'function transfer(address to, uint256 amount)',
  'function transferFrom(address from, address to, uint256 amount)',
]);

/** A published vector: its bytes, and the request that shows them. */
function vector(name: string, displayed: Payload): { readonly rawTx: Buffer; readonly request: Payload } {
  const file = new URL(`../fixtures/rawtx/${name}.json`, import.meta.url);
  const { rawTx, asset, operation } = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly rawTx: readonly [{ readonly rawTx: string }];
    readonly asset: string;
    readonly operation: string;
  };
  return { rawTx: Buffer.from(rawTx[0].rawTx, 'hex'), request: { asset, operation, rawTx, ...displayed } };
}

export const eth = vector('evm-eip1559-transfer', {
  amountStr: '0.010000000000000000',
  requestedAmountStr: '0.01',
  fee: '0.000597803762241000',
  destAddress: ALICE,
  destinations: [{ amountNativeStr: '0.01', displayDstAddress: ALICE }],
});
export const dai = vector('evm-legacy-erc20-transfer', {
  amountStr: '2',
  fee: '0.00328',
  destinations: [{ amountNativeStr: '2', displayDstAddress: '0x5322b34c88ed0691971bf52a7047448f0f4efc84' }],
});

export function read(request: Payload): FamilyResult {
  return readEvm(prepareSigning(request, catalog));
}

/** The entry of `rawTx` that signs these bytes. */
export function entry(rawTx: Uint8Array | string): { readonly rawTx: string; readonly payload: string } {
  const hex = typeof rawTx === 'string' ? rawTx : `0x${Buffer.from(rawTx).toString('hex')}`;
  return { rawTx: hex, payload: keccak256(hex) };
}

export function sign(transaction: TransactionLike): { readonly rawTx: string; readonly payload: string } {
  return entry(Transaction.from(transaction).unsignedSerialized);
}

/** A transaction on evm/1 with enough gas for a fee of 0.001. */
export const TX = {
  type: 2,
  chainId: 1n,
  nonce: 1,
  gasLimit: 50_000n,
  maxFeePerGas: 20n * 10n ** 9n,
  to: ALICE,
};

/** A transfer of 1 ETH to Alice, with the transaction changed. */
export function transferOf(change: TransactionLike, displayed: Payload = {}): FamilyResult {
  return read({
    asset: 'ETH',
    amountStr: '1',
    fee: '0.001',
    destinations: [{ amountNativeStr: '1', displayDstAddress: ALICE }],
    rawTx: [sign({ ...TX, value: ETHER, ...change })],
    ...displayed,
  });
}

/** A transfer of 5 USDC to Alice, with the transaction changed. */
export function tokenTransferOf(change: TransactionLike, displayed: Payload = {}): FamilyResult {
  const data = erc20.encodeFunctionData('transfer', [ALICE, 5_000_000n]);
  return transferOf(
    { to: USDC_ADDRESS, value: 0n, data, ...change },
    {
      ...{ asset: 'USDC', amountStr: '5' },
      destinations: [{ amountNativeStr: '5', displayDstAddress: ALICE }],
      ...displayed,
    },
  );
}

const CALL_DATA = '0xdeadbeef0001';

/** A call of Alice's contract with 1 ETH, with the transaction changed. */
export function callOf(change: TransactionLike, displayed: Payload = {}): FamilyResult {
  return transferOf(
    { data: CALL_DATA, ...change },
    {
      ...{ operation: 'CONTRACT_CALL', destAddress: ALICE, destinations: [] },
      extraParameters: { contractCallData: CALL_DATA.slice(2) },
      ...displayed,
    },
  );
}

export function outcomes({ findings }: FamilyResult): Readonly<Partial<Record<CheckName, string>>> {
  return Object.fromEntries(Object.entries(findings).map(([name, { outcome }]) => [name, outcome]));
}

export function contradictions(result: FamilyResult): readonly string[] {
  return Object.entries(result.findings).flatMap(([name, finding]) =>
    finding.outcome === 'contradicts' ? [`${name}: ${finding.reason}`] : [],
  );
}

export const ALL_HOLD = {
  payload: 'holds',
  chain: 'holds',
  recipient: 'holds',
  amount: 'holds',
  fee: 'holds',
};

export const STRANGER = [{ amountNativeStr: '1', displayDstAddress: MALLORY }];
export const transferTo = (to: string, amount: bigint): string =>
  erc20.encodeFunctionData('transfer', [to, amount]);
