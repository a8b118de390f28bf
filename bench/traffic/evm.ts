// Requests on EVM chains: transfers of the coin and of tokens, contract calls and staking. Encoded with ethers, which the
// handler does not use.
import { getAddress, Interface, keccak256, Transaction, Wallet } from 'ethers';
import type { Payload } from '../../cli/cosigner/request.js';
import type { TrafficAsset } from './assets.js';
import type { Random } from './random.js';
import {
  type AmountForm,
  displayedUnits,
  type Entry,
  type Frame,
  type Party,
  randomFrame,
  randomParty,
  transactionRequest,
} from './request.js';

export interface EvmGas {
  /** 0: legacy with EIP-155; 1: EIP-2930; 2: EIP-1559; 4: EIP-7702. */
  readonly type: 0 | 1 | 2 | 4;
  readonly nonce: number;
  readonly limit: bigint;
  /** Wei per unit of gas, at most. */
  readonly price: bigint;
  readonly tip: bigint;
}

/** What all EVM requests have. Builders display one intent and may sign another. */
export interface EvmIntent {
  readonly frame: Frame;
  readonly party: Party;
  readonly gas: EvmGas;
  /** The fee that the request shows, in wei. */
  readonly fee: bigint;
  readonly path: readonly number[];
}

export interface EvmTransfer extends EvmIntent {
  /** The chain's coin, or a token. */
  readonly asset: TrafficAsset;
  readonly to: string;
  /** What the destination receives, in the smallest units. */
  readonly units: bigint;
  readonly form: AmountForm;
  /** `destAddress` names the token's contract instead of the recipient. */
  readonly showsContract?: boolean;
  /** How `dstAddress` spells the recipient. */
  readonly dstAddress?: string;
  /** Call data instead of none, or instead of the token's `transfer`. */
  readonly data?: string;
  /** Wei, beside a token transfer. */
  readonly value?: bigint;
}

export interface EvmCall extends EvmIntent {
  /** The chain's coin. */
  readonly asset: TrafficAsset;
  readonly contract: string;
  readonly data: string;
  readonly value: bigint;
  readonly showsDestination?: boolean;
  /** How `contractCallData` is shown: with `0x` by default. */
  readonly showsData?: 'bare' | 'absent';
  readonly operation?: string;
}

const TOKEN = new Interface(['function transfer(address to, uint256 amount)']);

/** @returns `transfer(to, units)` of ERC-20 */
export function tokenTransferData(to: string, units: bigint): string {
  return TOKEN.encodeFunctionData('transfer', [to, units]);
}

/** @param signed what `rawTx` signs, if not what the request displays */
export function evmTransfer(shown: EvmTransfer, signed: EvmTransfer = shown): Payload {
  const { asset, form, units, fee, to, party, dstAddress, showsContract } = shown;
  const amounts = displayedUnits(asset.contract === undefined ? form : 'net', [units], fee);
  return transactionRequest({
    frame: shown.frame,
    operation: 'TRANSFER',
    asset,
    destinations: [
      {
        party,
        address: to,
        units: amounts.each[0] ?? units,
        ...(dstAddress !== undefined && { dstAddress }),
      },
    ],
    units: amounts.units,
    requestedUnits: amounts.requestedUnits,
    fee,
    ...(showsContract && asset.contract !== undefined && { destAddress: asset.contract }),
    entries: [evmEntry(transferBytes(signed), shown.path)],
  });
}

/** @param signed what `rawTx` signs, if not what the request displays */
export function contractCall(shown: EvmCall, signed: EvmCall = shown): Payload {
  const { asset, contract, data, value, party, operation = 'CONTRACT_CALL', showsData } = shown;
  return transactionRequest({
    frame: shown.frame,
    operation,
    asset,
    ...(shown.showsDestination && { destinations: [{ party, address: contract, units: value }] }),
    destAddress: contract,
    units: value,
    fee: shown.fee,
    ...(showsData !== 'absent' && {
      extraParameters: { contractCallData: showsData === 'bare' ? data.slice(2) : data },
    }),
    entries: [evmEntry(callBytes(signed), shown.path)],
  });
}

/** The unsigned transaction of a transfer. */
export function transferBytes({ asset, to, units, gas, data, value = 0n }: EvmTransfer): Buffer {
  return asset.contract === undefined
    ? encodeEvm(asset.chain, gas, to, units, data ?? '0x')
    : encodeEvm(asset.chain, gas, asset.contract, value, data ?? tokenTransferData(to, units));
}

export function callBytes({ asset, contract, data, value, gas }: EvmCall): Buffer {
  return encodeEvm(asset.chain, gas, contract, value, data);
}

/** The signer of EIP-7702 authorizations; its signature is no part of what is checked. */
const DELEGATOR = new Wallet(`0x${'11'.repeat(32)}`);
/** The contract that accounts delegate to: MetaMask's EIP-7702 delegator. */
const DELEGATE = '0x63c0c19a282a1B52b07dD5a65b58948A07DAE32B';

/** @param chain such as `evm/1` */
export function encodeEvm(chain: string, gas: EvmGas, to: string, value: bigint, data: string): Buffer {
  const { type, nonce, limit, price, tip } = gas;
  const chainId = BigInt(chain.slice('evm/'.length));
  const transaction = Transaction.from({
    type,
    chainId,
    nonce,
    gasLimit: limit,
    to: to.toLowerCase(),
    value,
    data,
    ...(type < 2 ? { gasPrice: price } : { maxFeePerGas: price, maxPriorityFeePerGas: tip }),
    ...(type === 4 && {
      authorizationList: [DELEGATOR.authorizeSync({ address: DELEGATE, nonce, chainId })],
    }),
  });
  return Buffer.from(transaction.unsignedSerialized.slice(2), 'hex');
}

export function evmEntry(rawTx: Buffer, path: readonly number[]): Entry {
  return { path, rawTx, payload: keccak(rawTx) };
}

export function keccak(bytes: Uint8Array): Buffer {
  return Buffer.from(keccak256(bytes).slice(2), 'hex');
}

export function evmAddress(random: Random): string {
  return getAddress(`0x${random.bytes(20).toString('hex')}`);
}

/** @param type by default any but EIP-7702 */
export function randomGas(random: Random, limit: bigint, type?: EvmGas['type']): EvmGas {
  const price = random.bigint(1_000_000_000n, 90_000_000_000n);
  const anyType = random.pick<EvmGas['type']>([0, 1, 2, 2, 2, 2]);
  return {
    type: type ?? anyType,
    nonce: random.int(0, 70_000),
    limit,
    price,
    tip: price / 20n,
  };
}

/** The shown fee is an estimate: from a little more than half of the most that the transaction can spend, to all of it. */
export function estimatedFee(random: Random, { limit, price }: EvmGas): bigint {
  return (limit * price * random.bigint(52n, 105n)) / 100n;
}

export function randomIntent(random: Random, limit: bigint): EvmIntent {
  const frame = randomFrame(random);
  const gas = randomGas(random, limit);
  const path = [44, 60, Number(frame.source.id), 0, 0];
  return { frame, party: randomParty(random), gas, fee: estimatedFee(random, gas), path };
}

/** A transfer with random amount, fee, recipient and form. */
export function randomEvmTransfer(random: Random, asset: TrafficAsset): EvmTransfer {
  const isToken = asset.contract !== undefined;
  const to = evmAddress(random);
  const scale = 10n ** BigInt(asset.decimals);
  const units =
    (random.bigint(1n, 4_000_000n) * scale) / 10_000n + (random.chance(0.3) ? random.bigint(1n, 99n) : 0n);
  return {
    ...randomIntent(random, isToken ? 65_000n : 21_000n),
    asset,
    to,
    units,
    form: isToken
      ? 'net'
      : random.pick<AmountForm>(['net', 'net', 'gross', 'gross-requested', 'gross-amount']),
    ...(isToken && random.chance(0.2) && { showsContract: true }),
    ...(random.chance(0.3) && { dstAddress: random.pick([to, to.toLowerCase()]) }),
  };
}
